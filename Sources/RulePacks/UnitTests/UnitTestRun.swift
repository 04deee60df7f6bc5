import FleetModel
import PromQL

/// Runs one test: the real rules over the test's series, from time 0 to the last thing that is expected.
struct UnitTestRun {
    let test: UnitTest
    let file: UnitTestFile
    let pack: RulePack
    private let planner: (any TipPlanner)?
    private var findings: [PackFinding] = []

    init(_ test: UnitTest, of file: UnitTestFile, _ pack: RulePack, _ planner: (any TipPlanner)?) {
        self.planner = planner
        self.test = test
        self.file = file
        self.pack = pack.everyRound(inOrder: file.groupOrder)
    }

    /// What is not as expected.
    static func findings(
        _ test: UnitTest, of file: UnitTestFile, _ pack: RulePack, _ planner: (any TipPlanner)? = nil
    ) async -> [PackFinding] {
        var run = UnitTestRun(test, of: file, pack, planner)
        await run.run()
        return run.findings
    }

    private mutating func run() async {
        let series = MemorySeries(loaded())
        var options = RuleEngineOptions()
        options.external = test.external
        let engine = EmbeddedEngine(source: series)
        var rules = RuleEngine(packs: [pack], options: options)
        let settings = test.parameters.map { setting in
            ParameterSetting(pack: pack.name, name: setting.name, cluster: setting.cluster, value: setting.value)
        }
        var reported: Set<String> = []
        var time = Duration.zero
        while time <= test.end {
            let moment = Timestamp(milliseconds: time.milliseconds)
            do {
                if !test.tips.isEmpty {
                    try await series.append(rules.parameterSeries(clusters: clusters, settings: settings, at: moment))
                }
            } catch {
                note(test.place, "\(error)")
                return
            }
            let round = await rules.evaluate(at: moment, engine: engine, sink: series, settings: settings)
            for failure in round.failures where reported.insert(failure.rule).inserted {
                note(failure.place, "rule '\(failure.rule)' failed at \(time.prometheusText): \(failure.reason)")
            }
            let next = time + file.evaluationInterval
            for expected in test.alerts where expected.time >= time && expected.time < next {
                judge(expected, rules.groupStates)
            }
            for expected in test.tips where expected.time >= time && expected.time < next {
                await judge(expected, round, engine)
            }
            time = next
        }
        for expected in test.queries { await judge(expected, engine) }
    }

    private mutating func note(_ place: SourcePlace, _ text: String) {
        findings.append(PackFinding(place, "\(test.name): \(text)"))
    }

    private func loaded() -> MemorySource {
        var source = MemorySource()
        for series in test.series {
            var columns = SampleColumns()
            for (place, point) in series.points.enumerated() {
                guard case .value(let value) = point else { continue }
                columns.append(Int64(place) * test.interval.milliseconds, value)
            }
            source.append([SeriesSamples(labels: series.labels, samples: columns)])
        }
        return source
    }

    /// The clusters that the test's series and settings name.
    private var clusters: [ClusterName] {
        let named = test.series.compactMap { $0.labels["cluster"].flatMap { ClusterName($0) } }
        return Set(named + test.parameters.compactMap(\.cluster)).sorted()
    }

    // MARK: Alerts and queries

    private mutating func judge(_ expected: UnitTest.AlertExpectation, _ groups: [RuleGroupState]) {
        let rules = groups.filter { expected.group == nil || $0.name == expected.group }.flatMap(\.rules)
        let found = rules.filter { $0.rule.isAlert && $0.rule.name == expected.alert }.flatMap(\.alerts)
            .filter(\.isFiring).map { Self.text($0.labels, $0.annotations) }
        let wanted = expected.alerts.map { Self.text($0.labels, $0.annotations) }
        guard let difference = Self.difference(wanted, found) else { return }
        note(expected.place, "alert '\(expected.alert)' at \(expected.time.prometheusText): \(difference)")
    }

    private static func text(_ labels: Labels, _ annotations: [String: String]) -> String {
        let notes = annotations.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }
        return "\(labels) {\(notes.joined(separator: ", "))}"
    }

    private mutating func judge(_ expected: UnitTest.QueryExpectation, _ engine: EmbeddedEngine) async {
        let found: [InstantSample]
        do {
            let moment = Timestamp(milliseconds: expected.time.milliseconds)
            switch try await engine.instant(expected.expression, at: moment).value {
            case .vector(let samples): found = samples
            case .scalar(let time, let value): found = [InstantSample(labels: Labels(), time: time, value: value)]
            default:
                note(expected.place, "'\(expected.expression)' gives neither a vector nor a number")
                return
            }
        } catch {
            note(expected.place, "'\(expected.expression)': \(error)")
            return
        }
        let matches =
            found.count == expected.samples.count
            && expected.samples.allSatisfy { wanted in
                found.contains { $0.labels == wanted.labels && isSame($0.value, wanted.value) }
            }
        guard !matches else { return }
        let wanted = expected.samples.map { "\($0.labels) \(NumberText.shortest($0.value))" }
        let got = found.map { "\($0.labels) \(NumberText.shortest($0.value))" }
        note(
            expected.place,
            "'\(expected.expression)' at \(expected.time.prometheusText): \(Self.difference(wanted, got) ?? "the values differ")"
        )
    }

    /// promtool compares floats bit for bit, and with `fuzzy_compare` up to one unit in the fifteenth digit.
    private func isSame(_ left: Double, _ right: Double) -> Bool {
        if left == right || left.isNaN && right.isNaN { return true }
        return file.fuzzy && abs(left - right) <= 1e-15 * max(abs(left), abs(right))
    }

    // MARK: Tips

    private mutating func judge(
        _ expected: UnitTest.TipExpectation, _ round: AlertRound, _ engine: any QueryEngine
    ) async {
        var found = round.alerts.filter(\.isFiring).compactMap { alert in alert.tip.map { (alert.alert, $0) } }
        let when = expected.time.prometheusText
        for wanted in expected.tips {
            let place = found.firstIndex { alert, tip in wanted.isAbout(alert, tip) }
            guard let place else {
                let others = found.map { "\($0.0) on \($0.1.subject.kindText)" }.joined(separator: ", ")
                note(
                    wanted.place,
                    "at \(when) there is no tip of \(wanted.text); there is \(others.isEmpty ? "none" : others)")
                continue
            }
            let (_, tip) = found.remove(at: place)
            for difference in wanted.differences(from: tip) { note(wanted.place, "at \(when): \(difference)") }
            if let problem = await planProblem(wanted, tip, engine, at: round.time) {
                note(wanted.place, "at \(when): \(problem)")
            }
        }
        for (alert, tip) in found {
            note(expected.place, "at \(when) there is a tip that is not expected: \(alert) on \(tip.subject.kindText)")
        }
    }

    /// What of the plan is not as expected.
    private func planProblem(
        _ wanted: UnitTest.ExpectedTip, _ tip: RenderedTip, _ engine: any QueryEngine, at time: Timestamp
    ) async -> String? {
        guard let plan = wanted.plan else { return nil }
        guard let planner else { return "a plan is expected, and nobody here makes plans" }
        do {
            let found = try await planner.moves(
                for: tip, pack: pack.name, alert: wanted.alert, from: engine, at: time)
            var missing = plan
            var extra: [PlannedMove] = []
            for move in found.moves {
                let place = missing.firstIndex {
                    $0.machine == move.machine && ($0.destination == nil || $0.destination == move.destination)
                }
                if let place { missing.remove(at: place) } else { extra.append(move) }
            }
            if missing.isEmpty && extra.isEmpty { return nil }
            let got = found.moves.isEmpty ? "none" : found.moves.map(\.text).joined(separator: ", ")
            let why = found.problem.map { " (\($0))" } ?? ""
            return
                "expected the moves \(plan.isEmpty ? "none" : plan.map(\.text).joined(separator: ", ")), got \(got)\(why)"
        } catch {
            return "the plan cannot be made: \(error)"
        }
    }

    // MARK: Differences

    /// What is missing and what is too much, in any order; `nil` where nothing is.
    private static func difference(_ wanted: [String], _ found: [String]) -> String? {
        var missing = wanted
        var extra: [String] = []
        for text in found {
            if let place = missing.firstIndex(of: text) { missing.remove(at: place) } else { extra.append(text) }
        }
        if missing.isEmpty && extra.isEmpty { return nil }
        func list(_ texts: [String]) -> String { texts.isEmpty ? "nothing" : texts.sorted().joined(separator: "; ") }
        return "expected \(list(missing)), got \(list(extra))"
    }
}

extension UnitTest.ExpectedTip {
    func isAbout(_ alert: String, _ tip: RenderedTip) -> Bool {
        alert == self.alert && (object == nil || object == tip.subject.name)
            && (cluster == nil || cluster == tip.subject.cluster.text)
            && (subject == nil || subject == tip.subject.kind)
    }

    var text: String {
        let what = [subject?.rawValue, object, cluster.map { "in \($0)" }].compactMap(\.self)
        return what.isEmpty ? alert : "\(alert) on \(what.joined(separator: " "))"
    }

    func differences(from tip: RenderedTip) -> [String] {
        var differences: [String] = []
        if let level, level != tip.level { differences.append("level is \(tip.level.rawValue), not \(level.rawValue)") }
        if let title, title != tip.title { differences.append("title is '\(tip.title)', not '\(title)'") }
        if let remediation, remediation != tip.remediation {
            differences.append("remediation is \(tip.remediation), not \(remediation)")
        }
        for text in evidence where !tip.evidence.contains(where: { $0.text == text }) {
            let others = tip.evidence.map { "'\($0.text)'" }.joined(separator: ", ")
            differences.append("evidence '\(text)' is not there; there is \(others.isEmpty ? "none" : others)")
        }
        return differences
    }
}

extension TipSubject {
    /// Which kind of object it is.
    public var kind: SubjectRule.Kind {
        switch self {
        case .host: .host
        case .virtualMachine: .virtualMachine
        case .cluster: .cluster
        case .datastore: .datastore
        }
    }

    /// The object with its kind, for a person.
    fileprivate var kindText: String { "\(kind.rawValue) \(name) in \(cluster)" }
}

extension RulePack {
    /// The same rules, all of them evaluated in every round, as promtool does; the named groups first.
    fileprivate func everyRound(inOrder names: [String]) -> RulePack {
        var pack = self
        for place in pack.groups.indices { pack.groups[place].interval = nil }
        func rank(_ group: RuleGroup) -> Int { names.firstIndex(of: group.name) ?? names.count }
        let ranked = pack.groups.enumerated().sorted { left, right in
            (rank(left.element), left.offset) < (rank(right.element), right.offset)
        }
        pack.groups = ranked.map(\.element)
        return pack
    }
}
