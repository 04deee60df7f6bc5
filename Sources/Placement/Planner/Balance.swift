import FleetModel

/// balance-cluster: the moves that even a cluster's hosts out and are worth their cost.
struct Balance {
    let cluster: ClusterName
    let aggressiveness: Int
    let snapshot: FleetSnapshot
    let limits: PlannerLimits
    /// The cluster in dense form, where it is known already.
    var prepared: CompiledCluster?

    func plan() -> PlanOutcome {
        guard (1...5).contains(aggressiveness) else {
            return .impossible(reason: "an aggressiveness is 1 to 5, not \(aggressiveness)", rejected: [])
        }
        let check = MoveCheck(cluster, of: snapshot, limits: limits)
        let compiled = prepared ?? CompiledCluster(cluster, of: snapshot, rules: check.rules, limits: limits)
        guard !compiled.hosts.isEmpty else {
            return .impossible(reason: "the fleet has no cluster \(cluster)", rejected: [])
        }
        var weights = BalanceWeights(aggressiveness: aggressiveness, window: limits.stabilityWindow)
        weights.limit = limits.processorCeiling
        weights.ceiling = limits.processorCeiling
        let balancer = Balancer(weights: weights, maximumMoves: limits.maximumMoves)
        // One failure is watched by the ledger as the search goes; more are checked move by move afterwards.
        var ledger = snapshot.reserve(of: cluster) > 0 ? ReserveLedger(compiled.fleet) : nil
        guard let moves = try? balancer.plan(compiled.fleet, reserve: &ledger) else {
            return .impossible(reason: "the figures of cluster \(cluster) cannot be added up", rejected: [])
        }
        return outcome(moves, compiled, check)
    }

    /// What the search found, held against every limit once more, each move with its VM on both sides.
    private func outcome(_ moves: [DenseMove], _ compiled: CompiledCluster, _ check: MoveCheck) -> PlanOutcome {
        var reserve =
            snapshot.reserve(of: cluster) > 1 ? ReserveGuard(compiled, failures: snapshot.reserve(of: cluster)) : nil
        var assembly = Assembly(compiled, check, of: snapshot)
        for move in moves {
            let machine = compiled.machines[move.machine]
            let host = compiled.hosts[move.to].name
            if let reason = reserve?.objection(toMoving: machine.id, to: host) {
                assembly.reject(machine.name, host, reason)
            } else if assembly.add(move) {
                _ = reserve?.take(machine.id, to: host)
            }
        }
        let actions = PlanSchedule(snapshot, limits: limits).arrange(assembly.actions)
        let forecast = assembly.forecast
        let spread = { (forecast: Forecast) in
            Self.deviation(compiled.hosts.compactMap { forecast.share(.processor, of: $0.name) })
        }
        let before = Wording.percent(spread(Forecast(snapshot: snapshot, limits: limits)))
        guard !actions.isEmpty else {
            return .impossible(
                reason: "no move in cluster \(cluster) is worth its cost: "
                    + "its hosts' processor use deviates by \(before)",
                rejected: assembly.rejections.list)
        }
        let after = Wording.percent(spread(forecast))
        return .plan(
            Plan(
                actions: actions,
                explanation: "Cluster \(cluster): hosts' processor use deviates by \(before) and is expected to "
                    + "deviate by \(after) after \(Wording.count(actions.count, "move")). Each is worth its cost over "
                    + "\(Wording.span(limits.stabilityWindow)) at "
                    + "aggressiveness \(aggressiveness); none needs another one first, so they can be made in any "
                    + "order and any can fail.",
                rejected: assembly.rejections.list, snapshotVersion: snapshot.version))
    }

    private static func deviation(_ shares: [Double]) -> Double {
        guard !shares.isEmpty else { return 0 }
        let mean = shares.reduce(0, +) / Double(shares.count)
        return (shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(shares.count)).squareRoot()
    }
}
