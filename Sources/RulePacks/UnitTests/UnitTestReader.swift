import FleetModel
import PromQL

/// Reads a file of unit tests.
struct UnitTestReader {
    /// Most points of all series of a file together.
    private static let mostPoints = 10_000_000
    /// Most evaluations of all tests of a file together: a year by the minute.
    private static let mostRounds = 600_000

    private var reader: YAMLReader
    private let kind: UnitTestFile.Kind
    private let parameters: [PackParameter]
    private var file = UnitTestFile()
    private var pointsLeft = mostPoints
    private var roundsLeft = mostRounds

    /// The tests, and everything that is wrong with the file. `parameters` are the pack's.
    static func read(
        _ text: String, file: String, _ kind: UnitTestFile.Kind, parameters: [PackParameter] = []
    ) -> (file: UnitTestFile, findings: [PackFinding]) {
        var reader = UnitTestReader(
            reader: YAMLReader(file: file, allowsAliases: true), kind: kind, parameters: parameters)
        reader.read(text)
        return (reader.file, reader.reader.findings)
    }

    private init(reader: YAMLReader, kind: UnitTestFile.Kind, parameters: [PackParameter]) {
        self.reader = reader
        self.kind = kind
        self.parameters = parameters
    }

    private mutating func read(_ text: String) {
        guard let document = reader.document(text), !document.isNull,
            var entry = reader.mapping(document, "a file of tests")
        else { return }
        if kind == .promtool {
            for item in entry.take("rule_files").flatMap({ reader.list($0, "'rule_files'") }) ?? [] {
                if let name = reader.text(item, "a rule file") { file.ruleFiles.append((name, item.place)) }
            }
            for item in entry.take("group_eval_order").flatMap({ reader.list($0, "'group_eval_order'") }) ?? [] {
                if let name = reader.text(item, "a group") { file.groupOrder.append(name) }
            }
            file.fuzzy = truth(&entry, "fuzzy_compare")
        }
        file.evaluationInterval = reader.duration(&entry, "evaluation_interval", else: .seconds(60))
        if file.evaluationInterval <= .zero {
            reader.note(entry.place(of: "evaluation_interval"), "'evaluation_interval' must be above 0")
            file.evaluationInterval = .seconds(60)
        }
        for item in entry.take("tests").flatMap({ reader.list($0, "'tests'") }) ?? [] { test(item) }
        reader.finish(entry, "a file of tests")
    }

    private mutating func test(_ value: YAMLValue) {
        guard var entry = reader.mapping(value, "a test") else { return }
        let number = file.tests.count + 1
        let name = entry.take("name").flatMap { reader.text($0, "'name'") } ?? "test \(number)"
        var test = UnitTest(name: name, place: value.place, interval: file.evaluationInterval)
        test.interval = reader.duration(&entry, "interval", else: file.evaluationInterval)
        if test.interval <= .zero {
            reader.note(entry.place(of: "interval"), "'interval' must be above 0")
            return
        }
        for item in entry.take("input_series").flatMap({ reader.list($0, "'input_series'") }) ?? [] {
            if let series = series(item) { test.series.append(series) }
        }
        switch kind {
        case .promtool:
            test.external = external(&entry)
            for item in entry.take("alert_rule_test").flatMap({ reader.list($0, "'alert_rule_test'") }) ?? [] {
                if let expected = alertExpectation(item) { test.alerts.append(expected) }
            }
            for item in entry.take("promql_expr_test").flatMap({ reader.list($0, "'promql_expr_test'") }) ?? [] {
                if let expected = queryExpectation(item) { test.queries.append(expected) }
            }
        case .tips:
            if let value = entry.take("parameters") { test.parameters = settings(value) }
            for item in entry.take("tip_test").flatMap({ reader.list($0, "'tip_test'") }) ?? [] {
                if let expected = tipExpectation(item) { test.tips.append(expected) }
            }
            if test.tips.isEmpty { reader.note(value.place, "the test expects nothing: write 'tip_test'") }
        }
        reader.finish(entry, "a test")
        roundsLeft -= Int(clamping: test.end.milliseconds / max(1, file.evaluationInterval.milliseconds)) + 1
        guard roundsLeft >= 0 else {
            reader.note(value.place, "with this test the rules would be evaluated more than \(Self.mostRounds) times")
            return
        }
        file.tests.append(test)
    }

    private mutating func series(_ value: YAMLValue) -> SeriesNotation? {
        guard var entry = reader.mapping(value, "a series") else { return nil }
        let name = reader.text(&entry, "series", of: "a series")
        let values = reader.text(&entry, "values", of: "a series")
        reader.finish(entry, "a series")
        guard let name, let values else { return nil }
        do throws(SeriesNotation.Problem) {
            let series = try SeriesNotation(series: name, values: values)
            if series.points.contains(.histogram) {
                reader.note(value.place, "native histograms are not supported")
                return nil
            }
            pointsLeft -= series.points.count
            if pointsLeft < 0 {
                reader.note(value.place, "the file's series come to more than \(Self.mostPoints) points")
                return nil
            }
            return series
        } catch {
            reader.note(value.place, error.description)
            return nil
        }
    }

    private mutating func external(_ entry: inout YAMLMapping) -> ExternalIdentity {
        let labels = entry.take("external_labels").map { self.labels($0, "'external_labels'") } ?? Labels()
        let url = entry.take("external_url").flatMap { reader.text($0, "'external_url'") } ?? ""
        return ExternalIdentity(labels: labels, url: url)
    }

    private mutating func truth(_ entry: inout YAMLMapping, _ key: String) -> Bool {
        guard let value = entry.take(key), let text = reader.text(value, "'\(key)'") else { return false }
        if text != "true" && text != "false" { reader.note(value.place, "'\(key)' is '\(text)'; it is true or false") }
        return text == "true"
    }

    // MARK: Expectations

    private mutating func alertExpectation(_ value: YAMLValue) -> UnitTest.AlertExpectation? {
        guard var entry = reader.mapping(value, "an alert test") else { return nil }
        let time = time(&entry)
        let alert = reader.text(&entry, "alertname", of: "an alert test")
        let group = entry.take("groupname").flatMap { reader.text($0, "'groupname'") }
        var alerts: [(labels: Labels, annotations: [String: String])] = []
        for item in entry.take("exp_alerts").flatMap({ reader.list($0, "'exp_alerts'") }) ?? [] {
            guard var expected = reader.mapping(item, "an alert") else { continue }
            var labels = expected.take("exp_labels").map { self.labels($0, "'exp_labels'") } ?? Labels()
            labels["alertname"] = alert ?? ""
            let annotations = expected.take("exp_annotations").map { texts($0, "'exp_annotations'") } ?? [:]
            reader.finish(expected, "an alert")
            alerts.append((labels, annotations))
        }
        reader.finish(entry, "an alert test")
        guard let time, let alert else { return nil }
        return UnitTest.AlertExpectation(time: time, alert: alert, group: group, place: value.place, alerts: alerts)
    }

    private mutating func queryExpectation(_ value: YAMLValue) -> UnitTest.QueryExpectation? {
        guard var entry = reader.mapping(value, "a query test") else { return nil }
        let time = time(&entry)
        let expression = entry.take("expr").flatMap { reader.expression($0, "'expr'") }
        if !entry.has("expr") { reader.note(value.place, "a query test has no 'expr'") }
        var samples: [(labels: Labels, value: Double)] = []
        for item in entry.take("exp_samples").flatMap({ reader.list($0, "'exp_samples'") }) ?? [] {
            guard var expected = reader.mapping(item, "a sample") else { continue }
            if expected.has("histogram") {
                reader.note(item.place, "native histograms are not supported")
                _ = expected.take("histogram")
            }
            let labels = expected.take("labels").flatMap { sampleLabels($0) } ?? Labels()
            let number = expected.take("value").flatMap { self.number($0) } ?? 0
            reader.finish(expected, "a sample")
            samples.append((labels, number))
        }
        reader.finish(entry, "a query test")
        guard let time, let expression else { return nil }
        return UnitTest.QueryExpectation(time: time, expression: expression, place: value.place, samples: samples)
    }

    private mutating func tipExpectation(_ value: YAMLValue) -> UnitTest.TipExpectation? {
        guard var entry = reader.mapping(value, "a tip test") else { return nil }
        let time = time(&entry)
        var tips: [UnitTest.ExpectedTip] = []
        if !entry.has("exp_tips") { reader.note(value.place, "a tip test has no 'exp_tips'; write [] for no tip") }
        for item in entry.take("exp_tips").flatMap({ reader.list($0, "'exp_tips'") }) ?? [] {
            if let tip = tip(item) { tips.append(tip) }
        }
        reader.finish(entry, "a tip test")
        guard let time else { return nil }
        return UnitTest.TipExpectation(time: time, place: value.place, tips: tips)
    }

    private mutating func tip(_ value: YAMLValue) -> UnitTest.ExpectedTip? {
        guard var entry = reader.mapping(value, "a tip") else { return nil }
        let alert = reader.text(&entry, "alert", of: "a tip")
        var tip = UnitTest.ExpectedTip(place: value.place, alert: alert ?? "")
        tip.subject = entry.take("subject").flatMap { reader.word($0, "'subject'") }
        tip.object = entry.take("object").flatMap { reader.text($0, "'object'") }
        tip.cluster = entry.take("cluster").flatMap { reader.text($0, "'cluster'") }
        tip.level = entry.take("level").flatMap { reader.word($0, "'level'") }
        tip.title = entry.take("title").flatMap { reader.text($0, "'title'") }
        tip.remediation = entry.take("remediation").flatMap { reader.text($0, "'remediation'") }
        for item in entry.take("evidence").flatMap({ reader.list($0, "'evidence'") }) ?? [] {
            if let text = reader.text(item, "evidence") { tip.evidence.append(text) }
        }
        if entry.has("plan") {
            tip.plan = (entry.take("plan").flatMap { reader.list($0, "'plan'") } ?? []).compactMap { move($0) }
        }
        reader.finish(entry, "a tip")
        return alert == nil ? nil : tip
    }

    private mutating func move(_ value: YAMLValue) -> PlannedMove? {
        guard var entry = reader.mapping(value, "a move of a plan") else { return nil }
        let machine = reader.text(&entry, "vm", of: "a move of a plan")
        let destination = entry.take("to").flatMap { reader.text($0, "'to'") }
        reader.finish(entry, "a move of a plan")
        return machine.map { PlannedMove(machine: $0, destination: destination) }
    }

    // MARK: Values

    private mutating func time(_ entry: inout YAMLMapping) -> Duration? {
        guard let value = entry.take("eval_time") else { return .zero }
        return reader.duration(value, "'eval_time'")
    }

    private mutating func number(_ value: YAMLValue) -> Double? {
        guard let text = reader.text(value, "'value'") else { return nil }
        if let number = Double(text) { return number }
        switch text.lowercased() {
        case ".inf", "+.inf", "+inf": return .infinity
        case "-.inf", "-inf": return -.infinity
        case ".nan": return .nan
        default:
            reader.note(value.place, "'value' is '\(text)', not a number")
            return nil
        }
    }

    private mutating func texts(_ value: YAMLValue, _ what: String) -> [String: String] {
        guard let mapping = reader.mapping(value, what) else { return [:] }
        var texts: [String: String] = [:]
        for (name, _, value) in mapping.entries { texts[name] = reader.text(value, "'\(name)'") }
        return texts
    }

    private mutating func labels(_ value: YAMLValue, _ what: String) -> Labels {
        Labels(texts(value, what).map { Labels.Pair($0.key, $0.value) })
    }

    private mutating func sampleLabels(_ value: YAMLValue) -> Labels? {
        guard let text = reader.text(value, "'labels'") else { return nil }
        do throws(SeriesNotation.Problem) {
            return try SeriesNotation.labels(text)
        } catch {
            reader.note(value.place, error.description)
            return nil
        }
    }

    private mutating func settings(_ value: YAMLValue) -> [ParameterSetting] {
        guard let clusters = reader.mapping(value, "'parameters'") else { return [] }
        var settings: [ParameterSetting] = []
        for (name, place, value) in clusters.entries {
            guard let cluster = ClusterName(name) else {
                reader.note(place, "'\(name)' is not a cluster's name")
                continue
            }
            for (parameter, place, value) in reader.mapping(value, "a cluster's parameters")?.entries ?? [] {
                guard let text = reader.text(value, "'\(parameter)'") else { continue }
                guard let known = parameters.first(where: { $0.name == parameter }) else {
                    let near = Spelling.nearest(to: parameter, among: parameters.map(\.name))
                    reader.note(
                        place, "the pack has no parameter '\(parameter)'\(near.map { "; did you mean '\($0)'?" } ?? "")"
                    )
                    continue
                }
                guard let amount = known.kind.amount(text) else {
                    reader.note(value.place, "'\(parameter)' is '\(text)'; write \(known.kind.example)")
                    continue
                }
                if let objection = known.objection(to: amount) {
                    reader.note(value.place, objection)
                } else {
                    settings.append(ParameterSetting(pack: "", name: parameter, cluster: cluster, value: amount))
                }
            }
        }
        return settings
    }
}
