import FleetModel

/// Whether a cluster can lose hosts, for a person.
public struct ReserveReport: Sendable, Hashable {
    /// How many hosts at a time.
    public var failures: Int
    /// Whether it was proved that the cluster can lose any so many, or those that were asked about.
    public var holds: Bool
    /// Whether neither that nor the contrary was proved, which counts as no.
    public var isUndecided = false
    /// `holds`, `does not hold`, or that it is undecided.
    public var verdict: String { holds ? "holds" : isUndecided ? "is undecided, which counts as no" : "does not hold" }
    /// The proof, or what stands against it.
    public var reason: String
    /// Whether SCVMM's formula, which counts slots, would call the cluster over-committed; for one failure only.
    public var isOverCommittedBySlots: Bool?
    /// Whether it holds at least for the VMs that operators want up first; `nil` where it holds for all, and where there
    /// are none.
    public var holdsForProtected: Bool?
    /// VMs that rules bind to one host, or whose disks are lost with it: no reserve covers them.
    public var uncovered: [String]
    /// How many sets of hosts were proved to be survivable.
    public var proved = 0
    /// For each set of hosts that was proved, where VMs would start; empty where it was not asked for or does not hold. For
    /// a set that was asked about, whether it holds or not.
    public var witnesses: [ReserveWitness] = []
    /// Whether there are more witnesses than are listed.
    public var isCut = false

    /// The names of VMs that no reserve covers, for a person; empty where there are none.
    public static func text(uncovered names: [String]) -> String {
        if names.isEmpty { return "" }
        let most = 5
        let others = names.count > most ? " and \(Wording.count(names.count - most, "other"))" : ""
        return "; no reserve covers \(names.prefix(most).joined(separator: ", "))\(others), which "
            + "rules or disks of \(names.count == 1 ? "its host" : "their hosts") alone bind there"
    }
}

/// Where the VMs of hosts would start if these failed together.
public struct ReserveWitness: Sendable, Hashable, Codable {
    /// A VM.
    public struct Start: Sendable, Hashable, Codable {
        /// Its name.
        public var virtualMachine: String
        /// Its host, which fails.
        public var from: HostName
        /// The host that would take it; `nil` where none was found.
        public var refuge: HostName?
    }

    /// The hosts that fail.
    public var failed: [HostName]
    /// Their VMs, host by host.
    public var starts: [Start]
}
