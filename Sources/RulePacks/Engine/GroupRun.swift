import FleetModel

/// One evaluation of a group: its rules one after the other, each seeing what those before it wrote.
struct GroupRun: Sendable {
    /// Most alerts of a rule, and most series, where its group has no `limit`: more than any fleet has objects.
    private static let mostAlerts = 10_000
    private static let mostSeries = 200_000

    let placed: PlacedGroup
    let parameters: ParameterValues
    let options: RuleEngineOptions
    let budget: RoundBudget
    var memory: GroupMemory
    var asker: RuleAsker

    private var pack: RulePack { placed.pack }
    private var group: RuleGroup { placed.group }
    private var moment: Timestamp { asker.moment }
    /// What the queries see, and when samples are written.
    private var lookedAt: Timestamp { asker.moment - group.queryOffset }

    mutating func evaluate() async {
        let began = options.stopwatch()
        await endOrphans()
        for (key, rule) in placed.rules { await evaluate(rule, key) }
        memory.evaluationTime = options.stopwatch() - began
    }

    private mutating func evaluate(_ rule: Rule, _ key: String) async {
        var known = memory.rules[key] ?? RuleMemory()
        if known.rests(at: moment) {
            asker.fail(pack: pack.name, rule: rule.name, rule.place, RuleProblem(known.lastError ?? "it took too long"))
            return
        }
        let meter = budget.meter(of: pack.name)
        asker.meter = meter
        do {
            try meter.check()
            let series: [Labels: Double]
            switch rule.kind {
            case .record: series = try await recorded(by: rule)
            case .alert(_, let holdFor, let keepFiringFor):
                try await receive(rule, &known, holdFor: holdFor, keepFiringFor: keepFiringFor)
                series = known.alerts.series
            }
            if asker.sink != nil {
                try await asker.write(series, endingOthersOf: known.written, at: lookedAt)
                known.written = Set(series.keys)
            }
            known.health = .good
            known.lastError = nil
            known.stopResting()
        } catch {
            known.health = .bad
            known.lastError = isolated(&known, "\(error)", after: meter.elapsed)
            asker.fail(pack: pack.name, rule: rule.name, rule.place, RuleProblem(known.lastError ?? ""))
            memory.failures += 1
        }
        meter.stop()
        known.lastEvaluation = moment
        known.evaluationTime = meter.elapsed
        memory.rules[key] = known
    }

    /// A rule that has failed only after most of its pack's time is left out for a while, so that the pack's others have
    /// their turn. Returns what to say of it.
    private func isolated(_ known: inout RuleMemory, _ reason: String, after elapsed: Duration) -> String {
        guard let limit = budget.limit, elapsed >= limit / 2 else { return reason }
        known.rest(after: moment)
        return "\(reason); it took \(elapsed.prometheusText) and is left out for \(known.rest.prometheusText)"
    }

    /// Ends the series of rules that are no more.
    private mutating func endOrphans() async {
        guard asker.sink != nil, !memory.orphans.isEmpty else { return }
        do {
            try await asker.write([:], endingOthersOf: memory.orphans, at: lookedAt)
            memory.orphans = []
        } catch {
            asker.fail(pack: pack.name, rule: group.name, SourcePlace(file: group.file), error)
        }
    }

    // MARK: Recording

    private func recorded(by rule: Rule) async throws -> [Labels: Double] {
        let elements = try await asker.elements(of: rule.expression, at: lookedAt)
        let series = try rule.series(of: elements)
        let limit = group.limit ?? Self.mostSeries
        if series.count > limit {
            throw RuleProblem("exceeded limit of \(limit) with \(series.count) series")
        }
        return series
    }

    // MARK: Alerting

    private func receive(
        _ rule: Rule, _ known: inout RuleMemory, holdFor: Duration, keepFiringFor: Duration
    ) async throws {
        let elements = try await asker.elements(of: rule.expression, at: lookedAt)
        guard elements.count <= Self.mostSeries else {
            throw RuleProblem("it gives \(elements.count) elements, and \(Self.mostSeries) may be looked at")
        }
        var found = try await alerts(of: rule, elements)
        if !known.isRestored {
            known.isRestored = true
            if !found.isEmpty { try await restore(&found, of: rule, holdFor: holdFor) }
        }
        known.alerts.receive(found, holdFor: holdFor, keepFiringFor: keepFiringFor, at: moment)
        let count = known.alerts.entries.count
        let limit = group.limit ?? Self.mostAlerts
        if count > limit {
            known.alerts.removeAll()
            throw RuleProblem("exceeded limit of \(limit) with \(count) alerts")
        }
    }

    private func restore(_ found: inout [AlertBook.Entry], of rule: Rule, holdFor: Duration) async throws {
        let restoring = options.restoring.scaled(by: pack.speed)
        let since = try await restoring.restored(rule, holdFor: holdFor, at: moment, asker)
        for place in found.indices {
            if let earlier = since[found[place].labels] { found[place].activeSince = earlier }
        }
    }

    /// An alert for each element that is one of the pack's targets: the element's labels without its metric, the rule's filled in, `alertname`.
    private func alerts(of rule: Rule, _ elements: [InstantSample]) async throws -> [AlertBook.Entry] {
        var alerts: [AlertBook.Entry] = []
        var seen: Set<Labels> = []
        for element in elements where pack.targets.includes(element.labels) {
            try asker.meter?.check()
            let scene = scene(of: element, rule)
            var labels = element.labels.setting(Labels.metricName, to: "")
            for (name, template) in rule.labels { labels[name] = await asker.render(template, scene) }
            labels["alertname"] = rule.name
            guard seen.insert(labels).inserted else {
                throw RuleProblem("two of its elements have the same labels \(labels) once the rule's are applied")
            }
            var annotations: [String: String] = [:]
            for (name, template) in rule.annotations { annotations[name] = await asker.render(template, scene) }
            alerts.append(
                AlertBook.Entry(
                    labels: labels, element: element.labels, value: element.value, annotations: annotations,
                    activeSince: moment))
        }
        return alerts
    }

    private func scene(of element: InstantSample, _ rule: Rule) -> TemplateScene {
        let subject =
            pack.tips[rule.name]?.subject.subject(of: element.labels) ?? SubjectRule.guessed(from: element.labels)
        return TemplateScene(
            labels: element.labels, value: element.value,
            parameters: parameters.values(of: pack, cluster: subject?.cluster), moment: moment,
            external: options.external)
    }
}
