import FleetModel

/// relieve-cluster: every host of a cluster that is over a target, with the fewest moves in all.
struct ClusterRelief {
    let cluster: ClusterName
    let target: Double
    let snapshot: FleetSnapshot
    let limits: PlannerLimits
    let prepared: PreparedCluster

    init(cluster: ClusterName, target: Double, _ fleet: inout PreparedFleet) {
        self.cluster = cluster
        self.target = target
        snapshot = fleet.snapshot
        limits = fleet.limits
        prepared = fleet.cluster(cluster)
    }

    func plan() -> PlanOutcome {
        guard target.isFinite, target > 0, target <= 1 else {
            return .impossible(reason: "the target \(target) is not a share between 0 and 1", rejected: [])
        }
        let compiled = prepared.compiled
        guard !compiled.hosts.isEmpty else {
            return .impossible(reason: "the fleet has no cluster \(cluster)", rejected: [])
        }
        let fleet = prepared.present
        var reliever = Reliever(target: target, ceiling: limits.processorCeiling, maximumMoves: limits.maximumMoves)
        reliever.patience = 5000
        let relief = reliever.relieveAll(fleet, reserve: prepared.ledger)
        var reserve = prepared.failures > 1 ? prepared.reserveGuard : nil
        var assembly = Assembly(prepared)
        for move in relief.moves {
            let machine = compiled.machines[move.machine]
            let host = compiled.hosts[move.to].name
            if let reason = reserve?.objection(toMoving: machine.id, to: host) {
                assembly.reject(machine.name, host, reason)
            } else if assembly.actions.count < limits.maximumMoves, assembly.add(move, isInOrder: true) {
                _ = reserve?.take(machine.id, to: host)
            }
        }
        let stuck = relief.unrelieved.map { compiled.hosts[$0].name.description }.joined(separator: ", ")
        guard !assembly.actions.isEmpty else {
            let reason =
                stuck.isEmpty
                ? "no host of cluster \(cluster) is over \(Wording.percent(target))"
                : "nothing relieves \(stuck)"
            return .impossible(reason: reason, rejected: assembly.rejections.list)
        }
        return .plan(
            Plan(
                actions: PlanSchedule(prepared).arrange(assembly.actions),
                explanation: "\(Wording.count(assembly.actions.count, "move")) bring the hosts of cluster \(cluster) "
                    + "that are over \(Wording.percent(target)) below it; fewer than \(relief.bound) cannot."
                    + (stuck.isEmpty ? "" : " Nothing relieves \(stuck)."),
                rejected: assembly.rejections.list, snapshotVersion: snapshot.version))
    }
}
