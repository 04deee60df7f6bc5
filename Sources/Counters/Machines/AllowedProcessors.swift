/// The line `Cpus_allowed_list` of `/proc/PID/task/TID/status` (Linux `fs/proc/array.c`).
///
/// ```
/// Cpus_allowed_list:\t0-3,6
/// ```
enum AllowedProcessors {
    /// Whether the thread may run on one logical processor only; not where the file does not say.
    static func isOne(_ bytes: Span<UInt8>) -> Bool {
        var place = 0
        while place < bytes.count {
            if bytes.hasPrefix("Cpus_allowed_list:", at: place) {
                place += 18
                return bytes.index(&place) != nil && bytes.line(from: place).isEmpty
            }
            place = bytes.lineEnd(from: place)
        }
        return false
    }
}
