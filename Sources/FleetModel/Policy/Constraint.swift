/// Which VMs belong where, whatever the loads.
public struct Constraint: Hashable, Codable, Sendable {
    /// The kinds of constraint.
    public enum Kind: String, Hashable, Codable, Sendable, CaseIterable {
        /// The VMs share a host.
        case affinity
        /// No two of the VMs share a host.
        case antiAffinity = "anti-affinity"
        /// Each of the VMs runs on one of the hosts.
        case pin
        /// None of the VMs runs on one of the hosts.
        case avoid
        /// The VMs are spread evenly over the cluster's failure domains, or over its hosts where it has none.
        case spread
    }
    /// Counts up from 1; 0 before it was given.
    public var number: Int64
    /// What kind.
    public var kind: Kind
    /// The VMs.
    public var machines: [VirtualMachineID]
    /// The hosts; empty but for `pin` and `avoid`.
    public var hosts: [HostName]
    /// Why, for a person.
    public var reason: String

    /// A constraint.
    public init(
        number: Int64 = 0, kind: Kind, machines: [VirtualMachineID], hosts: [HostName] = [], reason: String = ""
    ) {
        self.number = number
        self.kind = kind
        self.machines = machines
        self.hosts = hosts
        self.reason = reason
    }

    /// The most VMs and hosts of one constraint.
    public static let longest = 1000

    /// Why it makes no sense by itself; `nil` where it does.
    public var objection: String? {
        if machines.isEmpty { return "\(kind.rawValue) needs VMs" }
        if Set(machines).count != machines.count { return "a VM is named twice" }
        if max(machines.count, hosts.count) > Self.longest { return "more than \(Self.longest) VMs or hosts" }
        switch kind {
        case .affinity, .antiAffinity, .spread:
            if machines.count < 2 { return "\(kind.rawValue) needs two VMs or more" }
            if !hosts.isEmpty { return "\(kind.rawValue) names no hosts" }
        case .pin, .avoid:
            if hosts.isEmpty { return "\(kind.rawValue) needs hosts" }
        }
        return nil
    }
}
