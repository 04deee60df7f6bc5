import FleetModel
import PromQL

/// What has to be seen of an object for a rule's silence about it to mean that it is well.
enum SilenceMeaning: Hashable {
    /// Nothing more: the rule looks for what is missing, or at what the server itself writes in every round.
    case enough
    /// One of these queries gives an element for the object: the rule could be worked out for it.
    case workedOut([String])
    /// The object's own counters arrive: the rule finds by presence alone, so that there is nothing of its own to see
    /// where all is well.
    case alive

    /// What the server writes of alerts that others push and end.
    static let pushed = "evenkeel_event"
    /// What is there of others' alerts only while they are.
    private static let byPresence: Set<String> = ["ALERTS", "ALERTS_FOR_STATE"]

    init(_ rule: Rule, of pack: RulePack, _ subject: SubjectRule?) {
        guard let expression = try? parse(rule.expression) else {
            self = .alive
            return
        }
        let others = pack.groups.flatMap(\.rules).filter { !$0.isAlert }
        let recorded = others.compactMap { other in (try? parse(other.expression)).map { (other.name, $0) } }
        var options = Expression.MarkingOptions()
        options.recorded = Dictionary(recorded, uniquingKeysWith: { first, _ in first })
        options.longestRange = options.longestRange.divided(by: pack.speed)
        let marked = expression.marking(options)
        if marked.looksForAbsence || marked.metricNames.contains(Self.pushed) {
            self = .enough
        } else if marked.metricNames.isDisjoint(with: Self.byPresence),
            expression.isFinding || expression.metricNames.contains(where: { options.recorded[$0]?.isFinding == true })
        {
            // A series may be there only while its object is in that state: what the metric says of it otherwise will do.
            options.keptLabels = ["cluster", "host", "vm"]
            options.keptLabels?.formUnion([subject?.label, subject?.clusterLabel].compactMap(\.self))
            options.keptMetrics = [ParameterValues.metric]
            let texts = [marked, expression.marking(options)].map(\.description)
            self = .workedOut(texts[0] == texts[1] ? [texts[0]] : texts)
        } else {
            self = .alive
        }
    }
}

extension TipSubject {
    /// What gives an element for every object of this kind whose own counters arrive, by the labels of the fleet.
    fileprivate func signOfLife(speed: Double) -> String {
        let query =
            switch self {
            case .virtualMachine: "group by (cluster, vm) (rate(evenkeel_vm_run_seconds_total[1m]))"
            case .host, .cluster, .datastore:
                #"group by (cluster, host) (rate(evenkeel_lp_run_seconds_total{mode="idle"}[1m]))"#
            }
        return ExpressionCheck.scaled(query, by: speed)
    }

    /// Whether the object, or something that it is made of, is what `labels` name.
    fileprivate func isSeen(in labels: Labels) -> Bool {
        switch self {
        case .host: SubjectRule(.host).subject(of: labels) == self
        case .virtualMachine: SubjectRule(.virtualMachine).subject(of: labels) == self
        case .cluster(let cluster), .datastore(_, let cluster): labels["cluster"] == cluster.text
        }
    }
}

extension RoundComposer {
    /// A rule as it was looked at last.
    struct Look {
        let pack: RulePack
        let rule: Rule
        let silence: SilenceMeaning
        /// What its queries saw last.
        let time: Timestamp
    }

    /// Of `tips` those whose alert's silence says nothing, since no rule of that name could be worked out for their object
    /// when it was looked at last.
    func unmeasured(_ tips: Set<AlertKey>, _ looks: [Look], _ asker: inout RuleAsker) async -> Set<AlertKey> {
        var unmeasured: Set<AlertKey> = []
        let byName = Dictionary(grouping: looks) { [$0.pack.name, $0.rule.name] }
        for (name, keys) in Dictionary(grouping: tips, by: { [$0.pack, $0.alert] }) {
            guard let looks = byName[name], let pack = looks.first?.pack else { continue }
            let meter = budget.meter(of: pack.name)
            asker.meter = meter
            var left = Set(keys)
            for look in looks where !left.isEmpty { left.subtract(await measured(left, by: look, asker)) }
            unmeasured.formUnion(left)
            meter.stop()
        }
        return unmeasured
    }

    private func measured(_ keys: Set<AlertKey>, by look: Look, _ asker: RuleAsker) async -> Set<AlertKey> {
        let subject = look.pack.tips[look.rule.name]?.subject
        switch look.silence {
        case .enough: return keys
        case .workedOut(let queries):
            var seen: Set<TipSubject> = []
            for query in queries where !keys.allSatisfy({ seen.contains($0.subject) }) {
                for element in await elements(of: query, look, asker) {
                    let labels = await self.labels(of: element, look, asker)
                    let found = subject.map { $0.subject(of: labels) } ?? SubjectRule.guessed(from: labels)
                    if let found { seen.insert(found) }
                }
            }
            return keys.filter { seen.contains($0.subject) }
        case .alive:
            var seen: Set<AlertKey> = []
            for (query, keys) in Dictionary(grouping: keys, by: { $0.subject.signOfLife(speed: look.pack.speed) }) {
                let elements = await elements(of: query, look, asker)
                seen.formUnion(keys.filter { key in elements.contains { key.subject.isSeen(in: $0.labels) } })
            }
            return seen
        }
    }

    /// A query that fails shows nothing: it is the rule's only in another form, so it is no failure of the rule.
    private func elements(of query: String, _ look: Look, _ asker: RuleAsker) async -> [InstantSample] {
        (try? await asker.elements(of: query, at: look.time)) ?? []
    }

    /// The labels that an alert of that element would have.
    private func labels(of element: InstantSample, _ look: Look, _ asker: RuleAsker) async -> Labels {
        var labels = element.labels
        let scene = TemplateScene(labels: element.labels, value: element.value, parameters: [:])
        for (name, template) in look.rule.labels where name != "severity" {
            labels[name] = await asker.render(template, scene)
        }
        return labels
    }
}
