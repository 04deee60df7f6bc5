import FleetModel

/// What a remediation or an operator asks of the planner: never a destination that nobody checked.
public enum PlanRequest: Sendable, Hashable {
    /// Moves VMs off a host until its use of a resource is at or below `target` (a share, 0...1).
    case relieveHost(HostName, resource: HostResource, target: Double)
    /// Evens out the hosts of a cluster, as far as each move is worth its cost. `aggressiveness` is 1 (only what is
    /// badly needed) to 5 (whatever helps at all).
    case balanceCluster(ClusterName, aggressiveness: Int)
    /// Moves VMs off every host of a cluster that is over `target` of its processors, with VMs of others making room
    /// where that takes fewer moves.
    case relieveCluster(ClusterName, target: Double)
    /// Empties as many hosts of a cluster as the others can carry, so that they can be powered down.
    case consolidateCluster(ClusterName)
    /// Moves all VMs off a host, for maintenance.
    case evacuateHost(HostName)
    /// Moves off a host, for maintenance, what can leave it: all VMs, or as many as can, with what stays and why.
    case drainHost(HostName)
    /// Moves one VM to one host, because an operator said so by name: limits hold, cool-downs do not.
    case migrate(VirtualMachineID, to: HostName)
}

/// What a host can be short of.
public enum HostResource: String, Sendable, Hashable, Codable, CaseIterable {
    /// Time of its logical processors.
    case processor
    /// Memory.
    case memory
}

/// What the planner found.
public enum PlanOutcome: Sendable, Hashable {
    /// Actions that reach what was asked.
    case plan(Plan)
    /// Nothing reaches it: why, for a person, and what was considered.
    case impossible(reason: String, rejected: [RejectedCandidate])
}
