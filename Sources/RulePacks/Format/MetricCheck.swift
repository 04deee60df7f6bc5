import FleetModel
import PromQL

/// Whether the metrics that a pack reads are there to be read.
public struct MetricCheck: Sendable {
    /// What stands in front of the metrics that Evenkeel itself makes.
    private static let ownPrefix = "evenkeel_"
    /// Metrics that every rule engine writes.
    private static let everywhere: Set<String> = ["ALERTS", "ALERTS_FOR_STATE", "up"]

    /// Metrics that nobody makes, with what was meant perhaps: a rule over such a one never fires.
    public private(set) var findings: [PackFinding] = []
    /// Metrics that come from elsewhere, such as a Prometheus exporter: whether they are there shows only in the store.
    public private(set) var foreign: Set<String> = []

    private let known: Set<String>

    /// Looks through all of the pack's expressions; `known` are the metrics that Evenkeel makes.
    public init(_ pack: RulePack, known: Set<String>) {
        let recorded = pack.groups.flatMap(\.rules).filter { !$0.isAlert }.map(\.name)
        self.known = known.union(recorded).union(Self.everywhere).union([ParameterValues.metric, "evenkeel_event"])
        for rule in pack.groups.flatMap(\.rules) { look(at: rule.expression, rule.place) }
        for (_, tip) in pack.tips.sorted(by: { $0.key < $1.key }) {
            if let verification = tip.verification { look(at: verification.expression, tip.place) }
            for evidence in tip.evidence { look(at: sample(of: evidence.query, pack), tip.place) }
        }
        for (metric, place) in zip(pack.needs.metrics, pack.needs.metricPlaces) { note(metric, place) }
    }

    private func sample(of query: Template, _ pack: RulePack) -> String {
        let parameters = Dictionary(pack.parameters.map { ($0.name, $0.standard) }, uniquingKeysWith: { $1 })
        let scene = TemplateScene(labels: ["host": "sample"], value: 1, parameters: parameters, escaping: .query)
        return query.renderOrExplain(scene)
    }

    private mutating func look(at expression: String, _ place: SourcePlace) {
        guard let parsed = try? parse(expression) else { return }
        for metric in parsed.metricNames.sorted() { note(metric, place) }
    }

    private mutating func note(_ metric: String, _ place: SourcePlace) {
        if known.contains(metric) { return }
        let near = Spelling.nearest(to: metric, among: known, within: 3)
        guard metric.hasPrefix(Self.ownPrefix) || near != nil && !metric.contains(":") else {
            foreign.insert(metric)
            return
        }
        let hint = near.map { "; did you mean '\($0)'?" } ?? "; see 'evenkeel counter ls'"
        findings.append(PackFinding(place, "nobody makes the metric '\(metric)'\(hint)"))
    }
}
