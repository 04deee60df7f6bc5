import FleetModel

/// Whether a cluster can lose hosts, for a person.
public struct ReserveReport: Sendable, Hashable {
    /// How many hosts at a time.
    public var failures: Int
    /// Whether it was proved that the cluster can lose any so many.
    public var holds: Bool
    /// The proof, or what stands against it.
    public var reason: String
    /// Whether SCVMM's formula, which counts slots, would call the cluster over-committed; for one failure only.
    public var isOverCommittedBySlots: Bool?
    /// VMs that rules bind to one host: no reserve covers them.
    public var uncovered: [String]
}

extension Planner {
    /// Checks the reserve of a cluster. `shouldStop` ends a check of many sets of hosts early, undecided.
    public func reserve(
        of cluster: ClusterName, failures: Int, on snapshot: FleetSnapshot, shouldStop: () -> Bool = { false }
    ) -> ReserveReport {
        // A host that rests after a move takes in what a failure brings all the same.
        let compiled = CompiledCluster(
            cluster, of: snapshot, check: MoveCheck(cluster, of: snapshot, limits: limits), isAutomatic: false)
        let check = ReserveCheck(compiled.fleet)
        let verdict = check.verdict(failures: failures, shouldStop: shouldStop)
        let uncovered = compiled.machines.indices.filter(compiled.fleet.isPinned).map { compiled.machines[$0].name }
        return ReserveReport(
            failures: failures, holds: verdict.isYes, reason: reason(verdict, compiled, failures),
            isOverCommittedBySlots: failures == 1 ? check.isOverCommittedBySlots() : nil, uncovered: uncovered)
    }

    private func reason(_ verdict: ReserveVerdict, _ compiled: CompiledCluster, _ failures: Int) -> String {
        let names = { (hosts: [Int]) in hosts.map { compiled.hosts[$0].name.description }.joined(separator: " and ") }
        switch verdict {
        case .holds: return "for every \(failures == 1 ? "host" : "\(failures) hosts") a place was found for each VM"
        case .fails(let hosts, let machine?):
            return "if \(names(hosts)) failed, \(compiled.machines[machine].name) would fit nowhere"
        case .fails(let hosts, nil):
            return hosts.count >= compiled.hosts.count
                ? "the cluster has no more than \(Wording.count(compiled.hosts.count, "host"))"
                : "if \(names(hosts)) failed, the others would have too little memory for all of the VMs"
        case .undecided(let hosts):
            return hosts.isEmpty
                ? "there are too many sets of hosts to try"
                : "no place was found for all VMs of \(names(hosts)), nor a proof that there is none"
        }
    }
}
