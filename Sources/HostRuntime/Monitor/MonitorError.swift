/// What can go wrong on a QMP connection.
public enum MonitorError: Error, Hashable, Sendable {
    /// The other side closed the connection, which QEMU does when it ends.
    case closed
    /// No answer came in time.
    case noAnswer(to: String)
    /// The other side does not speak QMP as it should.
    case notUnderstood(String)
    /// QEMU refused a command: its class of error and its words.
    case refused(command: String, kind: String, reason: String)
    /// An answer lacks what it must have.
    case incomplete(command: String, missing: String)
    /// The socket itself failed.
    case transport(String)
}

extension MonitorError: CustomStringConvertible {
    /// The problem for a person.
    public var description: String {
        switch self {
        case .closed: "QEMU closed its monitor"
        case .noAnswer(let command): "QEMU did not answer '\(command)' in time"
        case .notUnderstood(let why): "QEMU's monitor said something that is not QMP: \(why)"
        case .refused(let command, _, let reason): "QEMU refused '\(command)': \(reason)"
        case .incomplete(let command, let missing): "QEMU's answer to '\(command)' lacks '\(missing)'"
        case .transport(let reason): "QEMU's monitor: \(reason)"
        }
    }
}
