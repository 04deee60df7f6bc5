import Foundation

/// What this process holds of the machine's memory.
enum ResidentMemory {
    /// Bytes, from `/proc/self/statm` (its second field, in pages); `nil` where that cannot be read.
    static func bytes() -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }
}
