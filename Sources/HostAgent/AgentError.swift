import ConfigurationFile

/// Why an agent cannot start or go on; every case names the place.
public enum AgentError: Error, Hashable, Sendable {
    /// The configuration is wrong: where (`file:line:column` or `file`), and what to do.
    case configuration(place: String, reason: String)
    /// A file or folder cannot be used: which, by which call, and the system's words.
    case file(path: String, call: String, reason: String, errno: Int32)
    /// Another process uses the folder.
    case folderInUse(path: String)
    /// The server cannot be reached, or answered with something unexpected.
    case server(String)
}

extension AgentError: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .configuration(let place, let reason): "\(place): \(reason)"
        case .file(let path, let call, let reason, _): "\(path): \(call) failed: \(reason)"
        case .folderInUse(let path):
            "\(path): another agent uses this folder; stop it, or give this one a folder of its own with 'data:'"
        case .server(let reason): reason
        }
    }

    /// The same as an agent's error.
    init(_ error: ConfigurationError) {
        self = .configuration(place: error.place, reason: error.reason)
    }

    /// Whether the disk has no room left.
    var isDiskFull: Bool {
        guard case .file(_, _, _, let number) = self else { return false }
        return number == AgentError.noSpace || number == AgentError.overQuota
    }

    /// `ENOSPC` and `EDQUOT` of Linux.
    static let noSpace: Int32 = 28
    static let overQuota: Int32 = 122
}
