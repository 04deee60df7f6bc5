/// Where an automation level or a hold lies, as text: `fleet`, `cluster:lab`, `pack:host-pressure`,
/// `rule:host-pressure/HostProcessorHot`, `vm:UUID`.
public enum AutomationScope: Hashable, Sendable {
    /// Everywhere.
    case fleet
    /// One cluster.
    case cluster(ClusterName)
    /// What a pack finds.
    case pack(String)
    /// What one rule of a pack finds.
    case rule(pack: String, alert: String)
    /// One VM: tips about it, and actions that touch it.
    case machine(VirtualMachineID)

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
        case "pack":
            guard Self.isPack(rest) else { return nil }
            self = .pack(rest)
        case "rule":
            let parts = rest.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2, Self.isPack(parts[0]), (1...200).contains(parts[1].utf8.count) else { return nil }
            self = .rule(pack: parts[0], alert: parts[1])
        case "vm":
            guard let id = VirtualMachineID(rest) else { return nil }
            self = .machine(id)
        default: return nil
        }
    }

    private static func isPack(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count) && !text.contains("/") && !text.contains(":")
    }
}

extension AutomationScope: CustomStringConvertible, Codable, Comparable {
    /// The text.
    public var description: String {
        switch self {
        case .fleet: "fleet"
        case .cluster(let cluster): "cluster:\(cluster)"
        case .pack(let pack): "pack:\(pack)"
        case .rule(let pack, let alert): "rule:\(pack)/\(alert)"
        case .machine(let id): "vm:\(id)"
        }
    }

    /// From the widest to the narrowest.
    public static func < (left: AutomationScope, right: AutomationScope) -> Bool {
        (left.rank, left.description) < (right.rank, right.description)
    }

    private var rank: Int {
        switch self {
        case .fleet: 0
        case .cluster: 1
        case .pack: 2
        case .rule: 3
        case .machine: 4
        }
    }

    /// Reads and checks the text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let scope = AutomationScope(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "'\(text)' is none of fleet, cluster:NAME, pack:NAME, rule:PACK/ALERT, vm:UUID")
        }
        self = scope
    }

    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// How far Evenkeel goes by itself.
public enum AutomationLevel: String, Codable, Sendable, CaseIterable, Comparable {
    /// No tips; a VM: nothing that Evenkeel plans touches it.
    case off
    /// Tips with plans; nobody can approve them.
    case advise
    /// An operator approves.
    case `operator`
    /// Policy approves.
    case automatic

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// What leaves less to Evenkeel comes first.
    public static func < (left: AutomationLevel, right: AutomationLevel) -> Bool { left.rank < right.rank }
}

/// How far Evenkeel goes by itself in one scope. The narrower scope of a kind wins (a cluster over the fleet, a rule over
/// its pack); of what place, pack and VM allow, the least counts.
public struct AutomationRule: Hashable, Codable, Sendable {
    /// Where it holds.
    public var scope: AutomationScope
    /// How far.
    public var level: AutomationLevel
    /// From which level of tip on `automatic` holds; what is less bad waits for an operator.
    public var threshold: TipLevel

    /// A level for a scope.
    public init(scope: AutomationScope, level: AutomationLevel, threshold: TipLevel = .warning) {
        self.scope = scope
        self.level = level
        self.threshold = threshold
    }

    /// What it comes to for a tip of that level.
    public func level(for tip: TipLevel) -> AutomationLevel {
        level == .automatic && tip < threshold ? .operator : level
    }
}
