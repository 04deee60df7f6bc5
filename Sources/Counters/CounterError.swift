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
        }
    }
}
