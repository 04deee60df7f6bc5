import FleetModel
import Testing

@testable import RulePacks

@Suite("Rule groups")
struct RuleGroupTests {
    private let engine = ScriptedEngine()

    private func pack(_ groups: String) throws -> RulePack {
        try Places.withFolder(["a.yaml": "groups:\n" + groups]) { try RulePack.load(folder: $0) }
    }

    private func round(_ rules: inout RuleEngine, _ seconds: Int64) async -> AlertRound {
        await rules.evaluate(at: .at(seconds), engine: engine, sink: engine)
    }

    private static let host: (Labels, Double) = (["host": "a"], 1)

    @Test("each group keeps its own interval, and turns that passed unused are counted")
    func intervals() async throws {
        let pack = try pack(
            """
              - {name: fast, interval: 5s, rules: [{record: f, expr: fast}]}
              - {name: slow, interval: 1m, rules: [{record: s, expr: slow}]}
              - {name: plain, rules: [{record: p, expr: plain}]}
            """)
        var options = RuleEngineOptions()
        options.interval = .seconds(15)
        var rules = RuleEngine(packs: [pack], options: options)
        #expect(rules.nextTurn == nil)
        for second in [0, 5, 10, 15, 20] as [Int64] {
            _ = await round(&rules, second)
            #expect(rules.nextTurn == .at(second + 5))
        }
        #expect(rules.groupStates.map(\.iterations) == [5, 1, 2])
        #expect(rules.groupStates.map(\.missedIterations) == [0, 0, 0])
        _ = await round(&rules, 62)
        #expect(rules.groupStates.map(\.iterations) == [6, 2, 3])
        #expect(rules.groupStates.map(\.missedIterations) == [7, 0, 2])
        #expect(rules.groupStates.map(\.interval) == [.seconds(5), .seconds(60), .seconds(15)])
    }

    @Test("a rule's health, last error and alerts are there to be read")
    func states() async throws {
        let pack = try pack(
            """
              - name: g
                rules:
                  - {record: r, expr: r}
                  - {alert: A, expr: a, for: 30s, annotations: {summary: '{{ $value }} on {{ $labels.host }}'}}
            """)
        var rules = RuleEngine(packs: [pack])
        #expect(rules.groupStates.flatMap(\.rules).map(\.health) == [.unknown, .unknown])
        engine.answer("r", .failure("no such thing"))
        engine.answer("a", .vector([Self.host]))
        _ = await round(&rules, 0)
        let first = try #require(rules.groupStates.first)
        #expect(first.rules.map(\.health) == [.bad, .good])
        #expect(first.rules.map(\.lastError) == ["no such thing", nil])
        #expect(first.failures == 1 && first.lastEvaluation == .at(0))
        #expect(first.rules.map(\.state) == ["inactive", "pending"])
        engine.answer("r", .vector([]))
        _ = await round(&rules, 30)
        let second = try #require(rules.groupStates.first)
        #expect(second.rules.map(\.health) == [.good, .good])
        #expect(second.rules.map(\.state) == ["inactive", "firing"])
        let alert = try #require(second.rules.last?.alerts.first)
        #expect(alert.annotations == ["summary": "1 on a"] && alert.activeSince == .at(0) && alert.value == 1)
    }

    @Test("a query offset moves what is looked at and when it is written, not since when an alert counts")
    func offset() async throws {
        let pack = try pack(
            "  - {name: g, query_offset: 10s, rules: [{alert: A, expr: a, for: 1m}, {record: r, expr: a}]}")
        var rules = RuleEngine(packs: [pack])
        engine.answer("a", .vector([Self.host]))
        let alert = try #require(await round(&rules, 100).alerts.first)
        #expect(alert.activeSince == .at(100))
        #expect(Set(engine.written.map(\.1)) == [Timestamp.at(90).milliseconds])
        #expect(engine.written.first { $0.0.metric == "ALERTS_FOR_STATE" }?.2 == Timestamp.at(100).seconds)
        #expect(await round(&rules, 159).alerts.first?.isFiring == false)
        #expect(await round(&rules, 160).alerts.first?.isFiring == true)
    }

    @Test("over its limit an alerting rule loses its alerts, and their series end when it is well again")
    func limit() async throws {
        let pack = try pack("  - {name: g, limit: 1, rules: [{alert: A, expr: a}]}")
        var rules = RuleEngine(packs: [pack])
        engine.answer("a", .vector([Self.host]))
        #expect(await round(&rules, 0).alerts.count == 1)
        engine.answer("a", .vector([Self.host, (["host": "b"], 1)]))
        let over = await round(&rules, 15)
        #expect(over.alerts.isEmpty)
        #expect(over.failures.map(\.reason) == ["exceeded limit of 1 with 2 alerts"])
        engine.answer("a", .vector([]))
        _ = await round(&rules, 30)
        let ended = engine.written.filter { Staleness.isMarker($0.2) }
        #expect(ended.compactMap(\.0.metric) == ["ALERTS", "ALERTS_FOR_STATE"])
    }

    @Test("groups side by side say the same as groups in a row")
    func sideBySide() async throws {
        let names = (0..<12).map { "g\($0)" }
        let pack = try pack(
            names.map { "  - {name: \($0), rules: [{alert: \($0), expr: \($0)}]}" }.joined(separator: "\n"))
        for name in names { engine.answer(name, .vector([(["host": name], 1)])) }
        engine.answer("g3", .failure("broken"))
        var inARow = RuleEngine(packs: [pack])
        var options = RuleEngineOptions()
        options.groupsAtOnce = 4
        var sideBySide = RuleEngine(packs: [pack], options: options)
        #expect(await round(&inARow, 0) == (await round(&sideBySide, 0)))
        #expect(inARow.groupStates == sideBySide.groupStates)
    }

    @Test("what rules that are gone wrote is ended")
    func replaced() async throws {
        let both = try pack(
            "  - {name: g, rules: [{record: r, expr: r}, {record: q, expr: r}]}\n  - {name: h, rules: [{record: s, expr: r}]}"
        )
        let one = try pack("  - {name: g, rules: [{record: r, expr: r}]}")
        engine.answer("r", .vector([Self.host]))
        var rules = RuleEngine(packs: [both])
        _ = await round(&rules, 0)
        rules.replace(packs: [one])
        _ = await round(&rules, 15)
        #expect(engine.written.filter { Staleness.isMarker($0.2) }.compactMap(\.0.metric) == ["q", "s"])
    }

    // MARK: Restarts

    @Test(
        "after an outage a pending alert waits as Prometheus lets it wait",
        arguments: [
            // Seconds: hold for, pending before the outage, outage, and from when on it counts, relative to its end.
            (600, 100, 60, 0), (1800, 100, 60, -100), (1800, 1300, 60, -1200), (1200, 1300, 60, -1360),
            (300, 200, 60, nil),
            (1800, 100, 3700, nil),
        ] as [(Int64, Int64, Int64, Int64?)])
    func outage(hold: Int64, pending: Int64, outage: Int64, expected: Int64?) {
        let since = AlertRestoring().activeSince(
            .at(0), holdFor: .seconds(hold), down: .at(pending), at: .at(pending + outage))
        #expect(since == expected.map { .at(pending + outage + $0) })
    }

    @Test("without a checkpoint, ALERTS_FOR_STATE tells since when an alert has been pending")
    func fromSeries() async throws {
        let pack = try pack("  - {name: g, rules: [{alert: A, expr: a, for: 20m}]}")
        engine.answer("a", .vector([(["host": "a"], 1), (["host": "b"], 1), (["host": "c"], 1)]))
        func series(_ host: String, last: Int64) -> SeriesSamples {
            let labels: Labels = [Labels.metricName: "ALERTS_FOR_STATE", "alertname": "A", "host": host]
            return SeriesSamples(
                labels: labels,
                samples: SampleColumns(times: [Timestamp.at(last).milliseconds], values: [Timestamp.at(0).seconds]))
        }
        let selector = "ALERTS_FOR_STATE{alertname=\"A\"}"
        engine.answer(selector + "[3600000ms]", .matrix([series("a", last: 120), series("b", last: 100)]))
        engine.answer(selector, .vector([(series("a", last: 0).labels, Timestamp.at(0).seconds)]))
        var rules = RuleEngine(packs: [pack])
        let alerts = await round(&rules, 180).alerts
        #expect(alerts.map(\.activeSince) == [.at(60), .at(180), .at(180)])
        _ = await round(&rules, 195)
        #expect(engine.asked.filter { $0 == selector }.count == 1)
    }
}
