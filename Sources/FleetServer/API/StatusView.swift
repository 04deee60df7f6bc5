import FleetModel

/// The fleet in a few numbers.
public struct StatusView: Codable, Sendable {
    /// The server's version.
    public var version: String
    /// Whether the server can write; `nil` when it can, else why not.
    public var problem: String?
    /// What of the series is damaged, and files that were set aside for it and are still there.
    public var storeProblems: [String]
    /// Hosts that report.
    public var hosts: Int
    /// Hosts that were silent for too long.
    public var silentHosts: [String]
    /// VMs that run somewhere.
    public var virtualMachines: Int
    /// VMs whose process ended by itself, by name.
    public var crashedVirtualMachines: [String]
    /// Open tips by level.
    public var openTips: [String: Int]
    /// Tips that wait for an operator.
    public var awaitingApproval: [Int64]
    /// Those of them that policy takes up by itself once what it waits for is over; `nil` from an older server.
    public var awaitingPolicy: [Int64]?
    /// Operations under way.
    public var runningOperations: [Int64]
    /// How far the fleet goes by itself.
    public var automation: AutomationLevel
    /// What is held.
    public var holds: [Hold]?
    /// Rules that could not be evaluated in the last round, and why.
    public var ruleFailures: [String]
    /// When rules were evaluated last.
    public var lastRound: Timestamp?
    /// Hosts in maintenance, and how far each is emptied.
    public var drains: [DrainView]?
    /// Hosts that report and of whose processors the last round had no fresh samples; `nil` before the first round.
    public var unmeasuredHosts: [String]?
    /// That the server's clock was set back, and until when that matters; or that it went ahead, while hosts are unmeasured.
    public var clockProblem: String?
    /// VMs that more than one host says it runs, each with which hosts and what that means; `nil` from an older server.
    public var doubledVirtualMachines: [String]?
}

/// A host in maintenance.
public struct DrainView: Codable, Sendable, Hashable {
    /// The host.
    public var host: String
    /// How many VMs still live there.
    public var machines: Int
    /// The open tip that empties it; `nil` where it is done, or was put away.
    public var tip: Int64?
    /// How far that has come.
    public var state: TipState?
    /// What happened to it last: also why it cannot go on, and what to do next.
    public var note: String?
}
