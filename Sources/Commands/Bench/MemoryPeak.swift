import Foundation

/// What this process takes while something is measured.
enum MemoryPeak {
    /// CPU seconds of the process so far.
    static var cpuSeconds: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Starts a new peak (proc(5), `clear_refs`); the KiB that are resident now, `nil` where that cannot be done.
    static func begin() -> Int? {
        guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs"),
            (try? file.write(contentsOf: Data("5".utf8))) != nil
        else { return nil }
        return line("VmRSS:")
    }

    /// By how many MiB the peak since `begin` lies above what was resident then.
    static func grownMiB(_ before: Int) -> Double? {
        line("VmHWM:").map { Double(max(0, $0 - before)) / 1024 }
    }

    private static func line(_ name: String) -> Int? {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { $0.split(separator: " ").dropFirst().first ?? $0.split(separator: "\t").last }
            .flatMap { Int($0.filter(\.isNumber)) }
    }
}
