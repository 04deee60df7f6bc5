import FleetModel

/// Keeps in mind in which clusters packs find what they cannot do without, and what that means for a round: where a
/// metric is missing the pack rests, where a provider or an action is missing its tips are advice.
public struct NeedsWatch: Sendable {
    /// Whether metrics are still there is looked at so often: series go seldom, and a look reads all of them.
    private static let interval: Duration = .seconds(60)

    /// The clusters in which a metric has series; of a metric that could not be asked for nothing is kept.
    private var found: [String: Set<ClusterName>] = [:]
    private var lastLook: Timestamp?
    private var lookedFor: Set<String> = []

    /// Nothing is known yet, and no pack rests.
    public init() {}

    /// Looks for the packs' metrics: in all clusters when it is time again, and meanwhile in those that lacked one, so that
    /// no pack rests for a round longer than it has to once hosts of a new cluster send their first samples.
    public mutating func look(
        _ packs: [RulePack], in clusters: [ClusterName], engine: any QueryEngine, at moment: Timestamp
    ) async {
        let metrics = Set(packs.flatMap(\.needs.metrics))
        let isFresh = lastLook.map { moment >= $0 && moment - $0 < Self.interval } ?? false
        if isFresh, metrics == lookedFor {
            for metric in metrics.sorted() { await lookAgain(for: metric, in: clusters, engine, at: moment) }
            return
        }
        (lastLook, lookedFor) = (moment, metrics)
        for metric in metrics.sorted() { found[metric] = await Self.clusters(with: metric, engine, at: moment) }
    }

    private mutating func lookAgain(
        for metric: String, in clusters: [ClusterName], _ engine: any QueryEngine, at moment: Timestamp
    ) async {
        let known = found[metric] ?? []
        let lacking = clusters.filter { !known.contains($0) }
        if lacking.isEmpty { return }
        // A dot in a name matches more than itself; whose series there are is told by their labels.
        let names = lacking.map(\.text).joined(separator: "|")
        let selector = "\(metric){cluster=~\"\(names)\"}"
        if let late = await Self.clusters(with: selector, engine, at: moment) { found[metric] = known.union(late) }
    }

    /// The clusters that the selected series are of; `nil` where the engine does not answer.
    private static func clusters(
        with selector: String, _ engine: any QueryEngine, at moment: Timestamp
    ) async -> Set<ClusterName>? {
        guard let answer = try? await engine.instant("group by (cluster) (\(selector))", at: moment),
            case .vector(let samples) = answer.value
        else { return nil }
        return Set(samples.compactMap { $0.labels["cluster"].flatMap { ClusterName($0) } })
    }

    /// The metrics that the pack needs and that have no series in the cluster.
    public func missing(_ pack: RulePack, in cluster: ClusterName) -> [String] {
        pack.needs.metrics.filter { found[$0].map { !$0.contains(cluster) } ?? false }
    }

    /// The round as it is once packs rest and tips are advice where they have to be.
    public func applied(to round: AlertRound, of packs: [RulePack], _ abilities: FleetAbilities) -> AlertRound {
        var round = round
        let byName = Dictionary(packs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for pack in packs where !pack.needs.metrics.isEmpty {
            let known = Set(abilities.clusters).union(round.alerts.compactMap { $0.tip?.subject.cluster })
            let resting = known.filter { !missing(pack, in: $0).isEmpty }
            if !resting.isEmpty { round.resting[pack.name] = resting }
        }
        for place in round.alerts.indices {
            let alert = round.alerts[place]
            guard var tip = alert.tip, let pack = byName[alert.pack] else { continue }
            if round.resting[pack.name]?.contains(tip.subject.cluster) == true {
                round.alerts[place].tip = nil
                continue
            }
            guard tip.terms.obstacle == nil, let name = RemediationName(rawValue: tip.remediation), name != .notify,
                let obstacle = abilities.obstacle(to: pack.needs, name, for: tip.subject)
            else { continue }
            tip.terms.obstacle = obstacle
            tip.terms.approval = .advise
            round.alerts[place].tip = tip
        }
        return round
    }

    /// What to say of the pack's needs, a line for each cluster that lacks something.
    public func remarks(on pack: RulePack, _ abilities: FleetAbilities) -> [String] {
        abilities.clusters.compactMap { cluster in
            let metrics = missing(pack, in: cluster)
            if !metrics.isEmpty {
                return "rests in cluster \(cluster): no series of \(metrics.joined(separator: ", "))"
            }
            return abilities.obstacle(to: pack.needs, in: cluster).map { "only advice in cluster \(cluster): \($0)" }
        }
    }
}
