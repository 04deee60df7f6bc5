import FleetModel

/// Who sent a request, and so what it may touch.
public enum Principal: Hashable, Sendable {
    /// A process of this machine, on a server without tokens that listens on loopback only.
    case local
    /// The agent of one host.
    case agent(HostName)
    /// A person or a script with an operator's token.
    case `operator`(String)

    /// The name for tips, operations and the audit log.
    public var name: String {
        switch self {
        case .local: "local"
        case .agent(let host): "agent:\(host)"
        case .operator(let name): name
        }
    }

    /// Whether it may read the fleet and decide.
    public var mayOperate: Bool {
        switch self {
        case .local, .operator: true
        case .agent: false
        }
    }

    /// Whether it may speak for `host`.
    public func maySpeak(for host: HostName) -> Bool {
        switch self {
        case .local: true
        case .agent(let own): own == host
        case .operator: false
        }
    }
}
