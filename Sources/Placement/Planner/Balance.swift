import FleetModel

/// balance-cluster: the moves that even a cluster's hosts out and are worth their cost.
struct Balance {
    let cluster: ClusterName
    let aggressiveness: Int
    let snapshot: FleetSnapshot
    let limits: PlannerLimits

    func plan() -> PlanOutcome {
        guard (1...5).contains(aggressiveness) else {
            return .impossible(reason: "an aggressiveness is 1 to 5, not \(aggressiveness)", rejected: [])
        }
        let rules = RuleBook(snapshot)
        let compiled = CompiledCluster(cluster, of: snapshot, rules: rules, limits: limits)
        guard !compiled.hosts.isEmpty else {
            return .impossible(reason: "the fleet has no cluster \(cluster)", rejected: [])
        }
        var weights = BalanceWeights(aggressiveness: aggressiveness)
        weights.limit = limits.processorCeiling
        weights.ceiling = limits.processorCeiling
        let balancer = Balancer(weights: weights, maximumMoves: limits.maximumMoves)
        // One failure is watched by the ledger as the search goes; more are checked move by move afterwards.
        var ledger = snapshot.reserve(of: cluster) > 0 ? ReserveLedger(compiled.fleet) : nil
        guard let moves = try? balancer.plan(compiled.fleet, reserve: &ledger) else {
            return .impossible(reason: "the figures of cluster \(cluster) cannot be added up", rejected: [])
        }
        return outcome(moves, compiled, rules)
    }

    /// What the search found, held against every limit once more, each move with its VM on both sides.
    private func outcome(_ moves: [DenseMove], _ compiled: CompiledCluster, _ rules: RuleBook) -> PlanOutcome {
        var check = MoveCheck(limits: limits, time: snapshot.time, rules: rules)
        var forecast = Forecast(snapshot: snapshot, limits: limits)
        var loads = compiled.hosts.map { HostLoad($0, limits: limits) }
        let failures = snapshot.reserve(of: cluster)
        var reserve = failures > 1 ? ReserveGuard(compiled, failures: failures) : nil
        var rejections = Rejections()
        var actions: [PlannedAction] = []
        for move in moves {
            let machine = compiled.machines[move.machine]
            let source = compiled.hosts[move.from]
            let destination = compiled.hosts[move.to]
            let load = MachineLoad(machine, on: source, limits: limits)
            let objection =
                check.objection(to: destination, for: machine, from: source)
                ?? check.limitBroken(by: load, on: loads[move.to])
                ?? reserve?.take(machine.id, to: destination.name)
            if let objection {
                rejections.add(machine.name, destination.name, objection)
                continue
            }
            loads[move.to].add(load)
            check.rules.arrived(machine, on: destination.name)
            actions.append(forecast.move(machine, from: source, to: destination))
        }
        let spread = { (forecast: Forecast) in
            Self.deviation(compiled.hosts.compactMap { forecast.share(.processor, of: $0.name) })
        }
        let before = Wording.percent(spread(Forecast(snapshot: snapshot, limits: limits)))
        guard !actions.isEmpty else {
            return .impossible(
                reason: "no move in cluster \(cluster) is worth its cost: "
                    + "its hosts' processor use deviates by \(before)",
                rejected: rejections.list)
        }
        let after = Wording.percent(spread(forecast))
        return .plan(
            Plan(
                actions: actions,
                explanation: "Cluster \(cluster): hosts' processor use deviates by \(before) and is expected to "
                    + "deviate by \(after) after \(Wording.count(actions.count, "move")). Each is worth its cost at "
                    + "aggressiveness \(aggressiveness); none needs another one first, so they can be made in any "
                    + "order and any can fail.",
                rejected: rejections.list, snapshotVersion: snapshot.version))
    }

    private static func deviation(_ shares: [Double]) -> Double {
        guard !shares.isEmpty else { return 0 }
        let mean = shares.reduce(0, +) / Double(shares.count)
        return (shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(shares.count)).squareRoot()
    }
}
