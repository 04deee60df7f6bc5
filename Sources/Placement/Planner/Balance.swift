import FleetModel

/// balance-cluster: the moves that even a cluster's hosts out and are worth their cost.
struct Balance {
    let cluster: ClusterName
    let aggressiveness: Int
    let snapshot: FleetSnapshot
    let limits: PlannerLimits
    let prepared: PreparedCluster

    init(cluster: ClusterName, aggressiveness: Int, _ fleet: inout PreparedFleet) {
        self.cluster = cluster
        self.aggressiveness = aggressiveness
        snapshot = fleet.snapshot
        limits = fleet.limits
        prepared = fleet.cluster(cluster)
    }

    func plan() -> PlanOutcome {
        guard (1...5).contains(aggressiveness) else {
            return .impossible(reason: "an aggressiveness is 1 to 5, not \(aggressiveness)", rejected: [])
        }
        let compiled = prepared.compiled
        guard !compiled.hosts.isEmpty else {
            return .impossible(reason: "the fleet has no cluster \(cluster)", rejected: [])
        }
        var weights = BalanceWeights(aggressiveness: aggressiveness, window: limits.stabilityWindow)
        weights.limit = limits.processorCeiling
        weights.ceiling = limits.processorCeiling
        let balancer = Balancer(weights: weights, maximumMoves: limits.maximumMoves)
        var ledger = prepared.ledger
        do {
            return outcome(try balancer.search(compiled.fleet, reserve: &ledger), compiled)
        } catch {
            return .impossible(
                reason: "the figures of cluster \(cluster) cannot be added up: \(error.description)", rejected: [])
        }
    }

    /// What the search found, held against every limit once more, each move with its VM on both sides.
    private func outcome(_ search: borrowing BalanceSearch, _ compiled: CompiledCluster) -> PlanOutcome {
        var assembly = Assembly(prepared)
        for move in search.moves { assembly.add(move) }
        BalanceReasons(prepared: prepared).add(search, to: &assembly)
        let actions = PlanSchedule(prepared).arrange(assembly.actions)
        let forecast = assembly.forecast
        let unknown = UnknownLoads(compiled).words
        guard let before = Self.deviation(compiled.loads.map(\.processorShare)) else {
            return .impossible(
                reason: "no move in cluster \(cluster) can be weighed: \(unknown ?? "nothing is known of it")",
                rejected: assembly.rejections.list)
        }
        guard !actions.isEmpty else {
            return .impossible(
                reason: "no move in cluster \(cluster) is worth its cost: "
                    + "its hosts' processor use deviates by \(Wording.percent(before))"
                    + (unknown.map { "; \($0)" } ?? ""),
                rejected: assembly.rejections.list)
        }
        let shares = zip(compiled.hosts, compiled.loads).map { host, load in
            forecast.share(.processor, of: host.name) ?? load.processorShare
        }
        let after = Self.deviation(shares) ?? before
        return .plan(
            Plan(
                actions: actions,
                explanation:
                    "Cluster \(cluster): hosts' processor use deviates by \(Wording.percent(before)) and is expected to "
                    + "deviate by \(Wording.percent(after)) after \(Wording.count(actions.count, "move")). Each is "
                    + "worth its cost over \(Wording.span(limits.stabilityWindow)) at "
                    + "aggressiveness \(aggressiveness); none needs another one first, so they can be made in any "
                    + "order and any can fail." + (unknown.map { " Not counted: \($0)." } ?? ""),
                rejected: assembly.rejections.list, snapshotVersion: snapshot.version))
    }

    /// The standard deviation of those shares that are known; `nil` where none is.
    private static func deviation(_ all: [Double?]) -> Double? {
        let shares = all.compactMap { $0 }.filter(\.isFinite)
        guard !shares.isEmpty else { return nil }
        let mean = shares.reduce(0, +) / Double(shares.count)
        return (shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(shares.count)).squareRoot()
    }
}
