import Counters
import Foundation

/// The logical processors that this process may run on.
enum MachineProcessors {
    /// Their numbers, ascending (`Cpus_allowed_list` of `/proc/self/status`).
    static func allowed() throws -> [Int] {
        let path = "/proc/self/status"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let label = "Cpus_allowed_list:"
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(label) }) else {
            throw CommandFailure(.environment, "\(path) does not say which logical processors may be used")
        }
        return try LogicalProcessorSet(parsing: line.dropFirst(label.count).trimmingCharacters(in: .whitespaces))
            .numbers
    }
}
