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

    /// Moves that one plan tries.
    private static let tries = 100_000

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
        reliever.tries = Self.tries
        let relief = reliever.relieveAll(fleet, reserve: prepared.ledger)
        var assembly = Assembly(prepared.capped(at: target))
        for move in relief.moves where assembly.actions.count < limits.maximumMoves {
            assembly.add(move, isInOrder: true)
        }
        return outcome(assembly, relief, reliever)
    }

    private func outcome(_ assembly: Assembly, _ relief: FleetRelief, _ reliever: Reliever) -> PlanOutcome {
        let hot = hotHosts(after: [], reliever)
        let still = hotHosts(after: assembly.actions, reliever)
        let relieved = hot.count { !still.contains($0) }
        let names = Wording.names(still.map { prepared.compiled.hosts[$0].name })
        let unknown = UnknownLoads(prepared.compiled).words
        var assembly = assembly
        ClusterReliefReasons(prepared: prepared, target: target).add(still, to: &assembly)
        guard !assembly.actions.isEmpty else {
            let rejected = assembly.rejections.list
            let reasons = ReliefWriter.summary(rejected)
            let what =
                hot.isEmpty
                ? "no host of cluster \(cluster) is \(unknown == nil ? "" : "known to be ")over \(Wording.percent(target))"
                : "nothing relieves \(names)" + (reasons.isEmpty ? "" : ": \(reasons)")
            return .impossible(
                reason: what + (unknown.map { "; \($0)" } ?? "")
                    + (relief.isCut && !hot.isEmpty ? "." + ReliefWriter.cutShort : ""),
                rejected: rejected)
        }
        let moves = Wording.count(assembly.actions.count, "move")
        let isOne = assembly.actions.count == 1
        let percent = Wording.percent(target)
        let text: String
        if still.isEmpty {
            text =
                "\(moves) \(isOne ? "brings" : "bring") the hosts of cluster \(cluster) that are over \(percent) below it; "
                + "fewer than \(relief.bound) cannot."
        } else {
            // Why some stay: there is nothing for them, or no more moves.
            let isCut = relief.moves.count > assembly.actions.count && assembly.actions.count >= limits.maximumMoves
            text =
                "\(moves) \(isOne ? "relieves" : "relieve") \(relieved) of the "
                + "\(Wording.count(hot.count, "host")) of cluster \(cluster) that are over \(percent). \(names) would still be over it: "
                + (isCut
                    ? "a plan makes at most \(Wording.count(limits.maximumMoves, "move"))."
                    : "no move was found that helps.")
        }
        return .plan(
            Plan(
                actions: PlanSchedule(prepared.capped(at: target)).arrange(assembly.actions),
                explanation: text + (unknown.map { " Not counted: \($0)." } ?? "")
                    + (relief.isCut && !still.isEmpty ? ReliefWriter.cutShort : ""),
                rejected: assembly.rejections.list, snapshotVersion: snapshot.version))
    }

    /// The hosts that are over the target once the moves are made, as the search counts.
    private func hotHosts(after actions: [PlannedAction], _ reliever: Reliever) -> [Int] {
        let fleet = prepared.present
        let compiled = prepared.compiled
        var loads = prepared.books.loads
        for action in actions {
            guard case .migrate(let id, let from, let to) = action.kind, let machine = compiled.numbers[id],
                let source = compiled.places[from], let destination = compiled.places[to]
            else { continue }
            loads[source] -= fleet.loads[machine]
            loads[destination] += fleet.loads[machine]
        }
        return (0..<fleet.hosts).filter { Double(loads[$0]) - Double(fleet.processors[$0]) * reliever.target > 1e-9 }
    }
}
