import FleetModel

/// What an operator wants kept, whatever the loads.
public enum PlacementRule: Sendable, Hashable, Codable {
    /// No two of these VMs share a host (anti-affinity).
    case apart([VirtualMachineID])
    /// These VMs share a host (affinity).
    case together([VirtualMachineID])
    /// The VM runs on these hosts only.
    case only(VirtualMachineID, on: [HostName])
    /// The VM never runs on these hosts.
    case never(VirtualMachineID, on: [HostName])
    /// These VMs run in at least so many failure domains, and at most so many of them in one.
    case spread([VirtualMachineID], domains: Int, most: Int = .max)
}

/// What an operator would rather have: a rule that may be broken at a price.
public struct PlacementPreference: Sendable, Hashable, Codable {
    /// What should be so.
    public var rule: PlacementRule
    /// What breaking it weighs, in moves: with 1 it is worth one move to mend it.
    public var weight: Double

    /// A rule that should be kept.
    public init(_ rule: PlacementRule, weight: Double = 1) {
        self.rule = rule
        self.weight = weight
    }
}

extension PlacementRule {
    /// The VMs that it is about.
    public var machines: [VirtualMachineID] {
        switch self {
        case .apart(let group), .together(let group), .spread(let group, _, _): group
        case .only(let machine, _), .never(let machine, _): [machine]
        }
    }
}
