import FleetModel
import Testing

@testable import RulePacks

@Suite("The rule engine")
struct RuleEngineTests {
    private let engine = ScriptedEngine()

    /// A pack of the given rules and tips, with the texts of both as expressions that the scripted engine knows.
    private func pack(_ rules: String, tips: String = "") throws -> RulePack {
        let manifest = """
            name: pack
            version: 1
            title: A pack
            author: me
            licence: Apache-2.0
            parameters:
              limit: {type: percent, default: 70, minimum: 10, maximum: 90, help: x}
            \(tips.isEmpty ? "" : "tips:\n" + tips)
            """
        let file = "groups:\n  - name: g\n    rules:\n" + rules.split(separator: "\n").map { "      \($0)\n" }.joined()
        return try Places.withFolder(["pack.yaml": manifest, "a.rules.yaml": file]) { try RulePack.load(folder: $0) }
    }

    private static let hot = "- {alert: Hot, expr: hot, for: 1m, labels: {severity: warning}}"
    private static let tip = """
          Hot:
            title: '{{ $labels.host }} is hot'
            body: '{{ printf "%.0f" $value }} over {{ parameter "limit" }}'
            level: warning
            subject: host
            knowledge: k
            remediation: {name: relieve-host, resource: processor, target: limit}
            approval: automatic
            verify: {expression: cool, within: 5m}
            evidence:
              - {query: 'busy{host="{{ $labels.host }}"}', text: '{{ $labels.vm }} uses {{ $value }}'}
        """

    private func element(_ host: String, _ value: Double = 80) -> (Labels, Double) {
        ([Labels.metricName: "load", "cluster": "c", "host": host], value)
    }

    private func round(_ rules: inout RuleEngine, _ seconds: Int64, sink: Bool = false) async -> AlertRound {
        await rules.evaluate(at: .at(seconds), engine: engine, sink: sink ? engine : nil)
    }

    @Test("an alert is pending, fires once it has held, and is gone when its element is")
    func lifeOfAnAlert() async throws {
        var rules = RuleEngine(packs: [try pack(Self.hot, tips: Self.tip)])
        engine.answer("hot", .vector([element("a")]))
        let first = await round(&rules, 0)
        #expect(first.alerts.map(\.isFiring) == [false])
        #expect(first.alerts.first?.tip == nil)
        #expect(await round(&rules, 45).alerts.map(\.isFiring) == [false])
        let firing = await round(&rules, 60)
        #expect(firing.alerts.map(\.isFiring) == [true])
        #expect(firing.alerts.first?.activeSince == .at(0))
        #expect(
            firing.alerts.first?.labels == ["alertname": "Hot", "cluster": "c", "host": "a", "severity": "warning"])
        engine.answer("hot", .vector([]))
        #expect(await round(&rules, 75).alerts.isEmpty)
        engine.answer("hot", .vector([element("a")]))
        #expect(await round(&rules, 90).alerts.map(\.isFiring) == [false])
    }

    @Test("a firing alert's tip is filled in: subject, texts, evidence, arguments, terms")
    func tipOfAnAlert() async throws {
        var rules = RuleEngine(packs: [try pack(Self.hot, tips: Self.tip)])
        engine.answer("hot", .vector([element("a", 81.6)]))
        engine.answer("busy{host=\"a\"}", .vector([(["vm": "x"], 0.5), (["vm": "y"], 2), (["vm": "z"], .nan)]))
        let cluster = try #require(ClusterName("c"))
        let setting = ParameterSetting(pack: "pack", name: "limit", cluster: cluster, value: 55)
        _ = await rules.evaluate(at: .at(0), engine: engine, sink: nil, settings: [setting])
        let round = await rules.evaluate(at: .at(60), engine: engine, sink: nil, settings: [setting])
        let tip = try #require(round.alerts.first?.tip)
        #expect(tip.subject == .host(try #require(HostName("a")), cluster: cluster))
        #expect(tip.title == "a is hot")
        #expect(tip.body == "82 over 55")
        #expect(tip.evidence.map(\.text) == ["y uses 2", "x uses 0.5"])
        #expect(tip.evidence.first?.query == "busy{host=\"a\"}")
        #expect(tip.remediation == "relieve-host")
        #expect(tip.terms.arguments == ["resource": "processor", "target": "0.55"])
        #expect(tip.terms.approval == .automatic)
        #expect(tip.terms.hasVerification && tip.terms.verifyWithinSeconds == 300)
    }

    @Test("an alert is kept firing for as long as its rule says, from when its element was seen last")
    func keepFiring() async throws {
        var rules = RuleEngine(packs: [try pack("- {alert: Hot, expr: hot, keep_firing_for: 1m}")])
        engine.answer("hot", .vector([element("a")]))
        #expect(await round(&rules, 0).alerts.map(\.isFiring) == [true])
        engine.answer("hot", .vector([]))
        #expect(await round(&rules, 15).alerts.map(\.isFiring) == [true])
        #expect(await round(&rules, 60).alerts.map(\.isFiring) == [true])
        engine.answer("hot", .vector([element("a")]))
        #expect(await round(&rules, 70).alerts.map(\.activeSince) == [.at(0)])
        engine.answer("hot", .vector([]))
        #expect(await round(&rules, 80).alerts.count == 1)
        #expect(await round(&rules, 140).alerts.isEmpty)
    }

    @Test("a rule that fails is reported, stops no other, and what it said before stands")
    func isolation() async throws {
        var rules = RuleEngine(packs: [
            try pack("- {alert: Bad, expr: bad}\n- {alert: Text, expr: text}\n- {alert: Good, expr: good}")
        ])
        engine.answer("bad", .vector([element("a")]))
        engine.answer("good", .vector([element("b")]))
        #expect(await round(&rules, 0).alerts.map(\.alert) == ["Bad", "Good"])
        engine.answer("bad", .failure("out of order"))
        engine.answer("text", .text)
        let second = await round(&rules, 15)
        #expect(second.alerts.map(\.alert) == ["Bad", "Good"])
        #expect(second.failures.map(\.rule) == ["Bad", "Text"])
        #expect(second.failures.first?.reason == "out of order")
        #expect(second.failures.first?.place == SourcePlace(file: "a.rules.yaml", line: 4, column: 9))
        engine.answer(
            "bad",
            .vector([
                (["host": "a", "severity": "x"], 1), ([Labels.metricName: "m", "host": "a", "severity": "x"], 2),
            ]))
        #expect(await round(&rules, 30).failures.first?.reason.contains("the same labels") == true)
    }

    @Test("health is what the verification measures, at the same moment, for alerts that are no longer there too")
    func health() async throws {
        var rules = RuleEngine(packs: [try pack(Self.hot, tips: Self.tip)])
        engine.answer("cool", .vector([element("b", 30), element("a", 40), ([:], 1)]))
        let cluster = try #require(ClusterName("c"))
        let hosts = [try #require(HostName("a")), try #require(HostName("b"))]
        #expect(
            await round(&rules, 0).healthy
                == hosts.map { AlertKey(pack: "pack", alert: "Hot", subject: .host($0, cluster: cluster)) })
        engine.answer("cool", .failure("no data"))
        let failed = await round(&rules, 15)
        #expect(failed.healthy.isEmpty)
        #expect(failed.failures.map(\.reason) == ["no data"])
    }

    @Test("a critical alert that fires holds the warning of its subject back, and of no other")
    func inhibition() async throws {
        let rules = Self.hot + "\n- {alert: Worse, expr: worse, for: 1m}"
        let worse = Self.tip.replacing("Hot:", with: "Worse:") + "\n    inhibits: [Hot]"
        var engineUnderTest = RuleEngine(packs: [try pack(rules, tips: Self.tip + "\n" + worse)])
        engine.answer("hot", .vector([element("a"), element("b")]))
        engine.answer("worse", .vector([element("a")]))
        #expect(await round(&engineUnderTest, 0).alerts.count == 3)
        let firing = await round(&engineUnderTest, 60)
        #expect(firing.alerts.map { "\($0.alert) \($0.labels["host"] ?? "")" } == ["Hot b", "Worse a"])
        engine.answer("worse", .vector([]))
        #expect(await round(&engineUnderTest, 75).alerts.map(\.isFiring) == [true, true])
    }

    @Test("what rules record, and ALERTS, is written at the round's moment, and ends with a marker")
    func recording() async throws {
        var rules = RuleEngine(packs: [
            try pack(
                "- {record: 'a:b', expr: sums, labels: {kind: x}}\n- {alert: Hot, expr: hot, for: 1m}\n- {record: one, expr: '1'}"
            )
        ])
        engine.answer("sums", .vector([element("a", 3)]))
        engine.answer("hot", .vector([element("a")]))
        engine.answer("1", .scalar(1))
        _ = await round(&rules, 0, sink: true)
        #expect(engine.asked.filter { $0 != "cool" } == ["sums", "hot", "1"])
        let series = engine.written.map { "\($0.0) \($0.2)" }
        #expect(
            series == [
                "a:b{cluster=\"c\", host=\"a\", kind=\"x\"} 3.0",
                "ALERTS{alertname=\"Hot\", alertstate=\"pending\", cluster=\"c\", host=\"a\"} 1.0",
                "ALERTS_FOR_STATE{alertname=\"Hot\", cluster=\"c\", host=\"a\"} 1000000.0", "one 1.0",
            ])
        #expect(engine.written.allSatisfy { $0.1 == Timestamp.at(0).milliseconds })
        engine.answer("sums", .vector([]))
        _ = await round(&rules, 60, sink: true)
        let second = engine.written.dropFirst(4)
        #expect(
            second.filter { Staleness.isMarker($0.2) }.map { $0.0["alertstate"] ?? $0.0.metric } == ["a:b", "pending"])
        #expect(second.contains { $0.0["alertstate"] == "firing" && $0.2 == 1 })
        engine.failWrites()
        #expect(await round(&rules, 75, sink: true).failures.map(\.reason) == ["disk full", "disk full"])
    }

    @Test("a restart keeps what fires; time in which nobody looked does not count towards 'for'")
    func restart() async throws {
        let one = try pack(Self.hot, tips: Self.tip)
        var before = RuleEngine(packs: [one])
        engine.answer("hot", .vector([element("a")]))
        _ = await round(&before, 0)
        engine.answer("hot", .vector([element("a"), element("b")]))
        _ = await round(&before, 60)
        let saved = try JSONCoding.roundTrip(before.checkpoint)
        var after = RuleEngine(packs: [one])
        after.restore(saved, at: .at(1000))
        let first = await round(&after, 1000)
        #expect(first.alerts.map(\.isFiring) == [true, false])
        #expect(await round(&after, 1030).alerts.map(\.isFiring) == [true, false])
        #expect(await round(&after, 1060).alerts.map(\.isFiring) == [true, true])
        var other = RuleEngine(packs: [])
        other.restore(saved, at: .at(1000))
        #expect(await round(&other, 1000).alerts.isEmpty)
    }

    @Test("a brief restart lets 'for' go on where it was, less the time in which nobody looked")
    func briefRestart() async throws {
        let one = try pack(Self.hot, tips: Self.tip)
        var before = RuleEngine(packs: [one])
        engine.answer("hot", .vector([element("a")]))
        for second in [0, 15, 30, 45] as [Int64] { _ = await round(&before, second) }
        var after = RuleEngine(packs: [one])
        after.restore(try JSONCoding.roundTrip(before.checkpoint), at: .at(75))
        #expect(await round(&after, 75).alerts.map(\.isFiring) == [false])
        #expect(await round(&after, 89).alerts.map(\.isFiring) == [false])
        #expect(await round(&after, 90).alerts.map(\.isFiring) == [true])
    }

    @Test("what a clock that was a day ahead saw holds nothing up once it is right again", arguments: [false, true])
    func clockAhead(restarting: Bool) async throws {
        let one = try pack(Self.hot, tips: Self.tip)
        let day: Int64 = 86_400
        var rules = RuleEngine(packs: [one])
        engine.answer("hot", .vector([element("a")]))
        for second in [day, day + 15] { #expect(await round(&rules, second).alerts.map(\.isFiring) == [false]) }
        if restarting {
            let saved = try JSONCoding.roundTrip(rules.checkpoint)
            rules = RuleEngine(packs: [one])
            rules.restore(saved, at: .at(30))
        }
        for (second, isFiring) in [(30, false), (75, false), (90, true)] as [(Int64, Bool)] {
            #expect(await round(&rules, second).alerts.map(\.isFiring) == [isFiring])
        }
    }

    @Test("a group with an interval of its own waits for it, and its alerts stay meanwhile")
    func intervals() async throws {
        var pack = try pack(Self.hot, tips: Self.tip)
        pack.groups[0].interval = .seconds(60)
        var rules = RuleEngine(packs: [pack])
        engine.answer("hot", .vector([element("a")]))
        for second in [0, 15, 30, 45] as [Int64] { #expect(await round(&rules, second).alerts.count == 1) }
        #expect(engine.asked.filter { $0 == "hot" }.count == 1)
        _ = await round(&rules, 59)
        #expect(engine.asked.filter { $0 == "hot" }.count == 2)
        pack.groups[0].limit = 1
        rules.replace(packs: [pack])
        engine.answer("hot", .vector([element("a"), element("b")]))
        #expect(await round(&rules, 120).failures.first?.reason == "exceeded limit of 1 with 2 alerts")
    }

    @Test("parameters: the cluster's own, else the fleet's, else the default; out of range counts as not set")
    func parameters() throws {
        var rules = RuleEngine(packs: [try pack(Self.hot, tips: Self.tip)])
        let names = try ["a", "b", "d"].map { try #require(ClusterName($0)) }
        let settings = [
            ParameterSetting(pack: "pack", name: "limit", cluster: nil, value: 60),
            ParameterSetting(pack: "pack", name: "limit", cluster: names[1], value: 30),
            ParameterSetting(pack: "pack", name: "limit", cluster: names[2], value: 95),
            ParameterSetting(pack: "other", name: "limit", cluster: names[0], value: 11),
        ]
        let series = rules.parameterSeries(clusters: names, settings: settings, at: .at(5))
        #expect(series.map(\.samples.values) == [[60], [30], [60]])
        #expect(series.map(\.samples.times) == Array(repeating: [Timestamp.at(5).milliseconds], count: 3))
        #expect(
            series.first?.labels.description
                == "evenkeel_parameter{cluster=\"a\", name=\"limit\", pack=\"pack\"}")
        #expect(
            rules.parameterSeries(clusters: names, settings: settings, at: .at(6)).map(\.samples.times)
                == Array(repeating: [Timestamp.at(6).milliseconds], count: 3))
        let fewer = rules.parameterSeries(clusters: names, settings: [settings[1]], at: .at(7))
        #expect(
            fewer.map(\.samples.values[0]).filter { $0 == 30 }.count == 1
                && !fewer.contains { $0.samples.values == [60] })
        rules.replace(packs: [])
        #expect(rules.parameterSeries(clusters: names, settings: [settings[1]], at: .at(8)).isEmpty)
        #expect(rules.parameterSeries(clusters: [], settings: [], at: .at(0)).isEmpty)
    }

    @Test("an alert without a tip of its own is advice under its annotations, about what its labels name")
    func advice() async throws {
        var rules = RuleEngine(packs: [
            try pack(
                """
                - alert: Plain
                  expr: hot
                  labels: {severity: critical}
                  annotations: {summary: '{{ $labels.host }} down', description: d, runbook_url: 'http://x'}
                """)
        ])
        engine.answer("hot", .vector([element("a"), (["instance": "somewhere"], 1)]))
        let alerts = await round(&rules, 0).alerts
        #expect(alerts.map { $0.tip == nil } == [false, true])
        let tip = try #require(alerts.first?.tip)
        #expect(tip.level == .critical && tip.title == "a down" && tip.body == "d" && tip.knowledge == "http://x")
        #expect(tip.remediation == "notify" && tip.terms.approval == .advise)
        #expect(tip.evidence.map(\.text) == ["Plain: 80"])
    }

    @Test("a remediation that cannot be carried out yet is advice, whatever the pack allows")
    func unavailable() async throws {
        let tip = Self.tip.replacing(
            "{name: relieve-host, resource: processor, target: limit}", with: "{name: consolidate-cluster}")
        var rules = RuleEngine(packs: [try pack("- {alert: Hot, expr: hot}", tips: tip)])
        engine.answer("hot", .vector([element("a")]))
        let terms = try #require(await round(&rules, 0).alerts.first?.tip?.terms)
        #expect(terms.approval == .advise)
    }
}
