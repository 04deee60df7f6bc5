import FleetModel

/// Whether a cluster can lose hosts, for a person.
public struct ReserveReport: Sendable, Hashable {
    /// Where a VM would start if its host failed.
    public struct Refuge: Sendable, Hashable, Codable {
        /// The VM's name.
        public var virtualMachine: String
        /// Its host.
        public var failed: HostName
        /// The host that would take it.
        public var refuge: HostName
    }

    /// How many hosts at a time.
    public var failures: Int
    /// Whether it was proved that the cluster can lose any so many.
    public var holds: Bool
    /// The proof, or what stands against it.
    public var reason: String
    /// Whether SCVMM's formula, which counts slots, would call the cluster over-committed; for one failure only.
    public var isOverCommittedBySlots: Bool?
    /// Whether it holds at least for the VMs that operators want up first; `nil` where it holds for all, and where there
    /// are none.
    public var holdsForProtected: Bool?
    /// VMs that rules bind to one host: no reserve covers them.
    public var uncovered: [String]
    /// The witness of one failure: by host and VM where each would start. Empty where it was not asked for, does not hold,
    /// or is about more failures than one.
    public var refuges: [Refuge] = []
}

extension Planner {
    /// Checks the reserve of a cluster. `shouldStop` ends a check of many sets of hosts early, undecided.
    /// With `isWitnessed` the report lists where each VM would start.
    public func reserve(
        of cluster: ClusterName, failures: Int, on snapshot: FleetSnapshot, isWitnessed: Bool = false,
        shouldStop: () -> Bool = { false }
    ) -> ReserveReport {
        // A host that rests after a move takes in what a failure brings all the same.
        let compiled = CompiledCluster(
            cluster, of: snapshot, check: MoveCheck(cluster, of: snapshot, limits: limits), isAutomatic: false)
        let check = ReserveCheck(compiled.fleet)
        let verdict = check.verdict(failures: failures, shouldStop: shouldStop)
        let uncovered = compiled.machines.indices.filter(compiled.fleet.isPinned).map { compiled.machines[$0].name }
        let protected = verdict.isYes ? nil : holdsForProtected(compiled, failures, shouldStop)
        let spared = protected.map {
            ", \($0 ? "but" : "and") for its highly available VMs \($0 ? "it holds" : "neither")"
        }
        return ReserveReport(
            failures: failures, holds: verdict.isYes, reason: reason(verdict, compiled, failures) + (spared ?? ""),
            isOverCommittedBySlots: failures == 1 ? check.isOverCommittedBySlots() : nil,
            holdsForProtected: protected, uncovered: uncovered,
            refuges: isWitnessed && failures == 1 && verdict.isYes ? refuges(compiled) : [])
    }

    private func refuges(_ compiled: CompiledCluster) -> [ReserveReport.Refuge] {
        let ledger = ReserveLedger(compiled.fleet)
        return compiled.machines.indices.compactMap { number in
            ledger.refuge(of: number).map { refuge in
                ReserveReport.Refuge(
                    virtualMachine: compiled.machines[number].name,
                    failed: compiled.hosts[Int(compiled.fleet.places[number])].name, refuge: compiled.hosts[refuge].name
                )
            }
        }
    }

    private func holdsForProtected(
        _ compiled: CompiledCluster, _ failures: Int, _ shouldStop: () -> Bool
    ) -> Bool? {
        let protected = Set(compiled.machines.indices.filter { compiled.machines[$0].traits.isProtected })
        if protected.isEmpty { return nil }
        var fleet = compiled.fleet
        fleet.restartOnly(protected)
        return ReserveCheck(fleet).verdict(failures: failures, shouldStop: shouldStop).isYes
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
                ? "there are too many sets of hosts to try in the time"
                : "no place was found for all VMs of \(names(hosts)), nor a proof that there is none"
        }
    }
}
