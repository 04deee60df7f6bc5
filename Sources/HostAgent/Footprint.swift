import FoundationEssentials
import Glibc

/// Gives back what only the start needed: pages of program code that were read once and stay resident for nothing. The
/// kernel keeps them in its cache and maps again what is run again, so the agent shows what it really uses.
enum Footprint {
    /// Lets go of this process's pages of code. Where it cannot, nothing is lost.
    static func dropStartup() {
        guard let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8) else { return }
        for line in maps.split(separator: "\n") {
            guard let range = codeRange(line), let start = unsafe UnsafeMutableRawPointer(bitPattern: range.lowerBound)
            else { continue }
            unsafe madvise(start, range.count, MADV_DONTNEED)
        }
    }

    /// The addresses of a line of `/proc/PID/maps` that is code of a file: executable, private and never written to
    /// (`7f00-7f10 r-xp 00000000 08:01 4711 /usr/bin/evenkeel`).
    static func codeRange(_ line: Substring) -> Range<UInt>? {
        let fields = line.split(separator: " ", maxSplits: 5)
        guard fields.count == 6, fields[1] == "r-xp", fields[5].drop(while: { $0 == " " }).hasPrefix("/") else {
            return nil
        }
        let ends = fields[0].split(separator: "-").map { UInt($0, radix: 16) }
        guard ends.count == 2, let start = ends[0], let end = ends[1], start < end else { return nil }
        return start..<end
    }
}
