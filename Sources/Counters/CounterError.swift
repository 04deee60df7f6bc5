/// Why something of the host could not be read. Every case names the file or the value.
public enum CounterError: Error, Hashable, Sendable {
    /// A system call failed: which, on what, and the system's error number.
    case system(call: String, path: String, errno: Int32)
    /// A file does not say what its format promises: which, on what line (from 1), and what was expected.
    case malformed(path: String, line: Int, expected: String)
    /// A list of logical processors that cannot be understood.
    case logicalProcessorList(text: String, reason: String)
    /// A logical processor that was configured is not online.
    case logicalProcessorsOffline([Int])
    /// A counter path, or a native counter's name with labels, that cannot be read: the column (from 1) and why.
    case counterPath(text: String, column: Int, reason: String)
    /// A counter that nobody knows, and what was meant perhaps.
    case unknownCounter(text: String, reason: String)
    /// A counter that has no such instance now, and those that it has.
    case noInstance(text: String, existing: [String])
}

extension CounterError: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .system(let call, let path, let number):
            "\(path): \(call) failed: \(SystemError.text(of: number))"
        case .malformed(let path, let line, let expected):
            "\(path):\(line): expected \(expected)"
        case .logicalProcessorList(let text, let reason):
            "'\(text)' is not a list of logical processors: \(reason); write numbers and ranges such as 0-3,6"
        case .logicalProcessorsOffline(let numbers):
            "logical processor \(numbers.map(String.init).joined(separator: ", ")) is configured and not online: "
                + "bring it online, or take it out of logical_processors"
        case .counterPath(let text, let column, let reason):
            "'\(text)', column \(column): \(reason)"
        case .unknownCounter(let text, let reason):
            "'\(text)': \(reason)"
        case .noInstance(let text, let existing):
            existing.isEmpty
                ? "'\(text)': there is no instance at present"
                : "'\(text)': no such instance; there are: \(existing.joined(separator: ", "))"
        }
    }
}
