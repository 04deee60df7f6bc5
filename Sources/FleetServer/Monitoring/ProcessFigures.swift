import Foundation
import MetricsWire

/// What this process takes, under the names that Prometheus' own client libraries use
/// (prometheus.io/docs/instrumenting/writing_clientlibs, "Process metrics").
struct ProcessFigures {
    let cpuSeconds: Double
    let residentBytes: Double
    let openFiles: Int

    /// This process as `/proc/self` shows it; `nil` where there is none.
    static func own() -> ProcessFigures? {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0,
            let memory = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        else { return nil }
        let pages = memory.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        let times = [usage.ru_utime, usage.ru_stime].map { Double($0.tv_sec) + Double($0.tv_usec) / 1e6 }
        return ProcessFigures(
            cpuSeconds: times.reduce(0, +), residentBytes: pages * Double(sysconf(Int32(_SC_PAGESIZE))),
            openFiles: files.count)
    }

    func write(to page: inout TextExposition) {
        page.single(
            "process_cpu_seconds_total", .counter, help: "User and system time of the process.", cpuSeconds)
        page.single("process_resident_memory_bytes", .gauge, help: "Memory that the process holds.", residentBytes)
        page.single("process_open_fds", .gauge, help: "File descriptors that are open.", Double(openFiles))
    }
}
