/// What is held, as text: `fleet`, `cluster:lab`, `host:kvm3`, `pack:host-pressure`.
public enum HoldScope: Hashable, Sendable {
    /// Nothing new starts anywhere (`evenkeel stop`).
    case fleet
    /// Policy does nothing in the cluster: another mover is at work there.
    case cluster(ClusterName)
    /// The host is in maintenance: it takes no VM, and its VMs leave.
    case host(HostName)
    /// The pack's tips wait for an operator: its actions did not help.
    case pack(String)

    /// Reads the text; `nil` where it is none.
    public init?(_ text: String) {
        if text == "fleet" {
            self = .fleet
            return
        }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let rest = String(text[text.index(after: colon)...])
        switch text[..<colon] {
        case "cluster":
            guard let cluster = ClusterName(rest) else { return nil }
            self = .cluster(cluster)
        case "host":
            guard let host = HostName(rest) else { return nil }
            self = .host(host)
        case "pack":
            guard (1...200).contains(rest.utf8.count) else { return nil }
            self = .pack(rest)
        default: return nil
        }
    }
}

extension HoldScope: CustomStringConvertible, Codable, Comparable {
    /// The text.
    public var description: String {
        switch self {
        case .fleet: "fleet"
        case .cluster(let cluster): "cluster:\(cluster)"
        case .host(let host): "host:\(host)"
        case .pack(let pack): "pack:\(pack)"
        }
    }

    /// By the text.
    public static func < (left: HoldScope, right: HoldScope) -> Bool { left.description < right.description }

    /// Reads and checks the text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let scope = HoldScope(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "'\(text)' is none of fleet, cluster:NAME, host:NAME, pack:NAME")
        }
        self = scope
    }

    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Something that is held until somebody lets go of it: it survives restarts.
public struct Hold: Hashable, Codable, Sendable {
    /// What is held.
    public var scope: HoldScope
    /// Who holds it: an operator's name, or `evenkeel`.
    public var actor: String
    /// Since when.
    public var since: Timestamp
    /// Why, for a person, and how to let go.
    public var reason: String

    /// A hold.
    public init(scope: HoldScope, actor: String, since: Timestamp, reason: String) {
        self.scope = scope
        self.actor = actor
        self.since = since
        self.reason = reason
    }
}
