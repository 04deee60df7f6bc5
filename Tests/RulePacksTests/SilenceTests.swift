import FleetModel
import Foundation
import PromQL
import Testing

@testable import RulePacks

/// What a rule's silence says of an object: nothing where what it looks at has stopped.
@Suite("Silence of rules")
struct SilenceTests {
    private func pack(_ expression: String, record: String? = nil, subject: String = "host") throws -> RulePack {
        let manifest = """
            {name: pack, version: '1', title: t, author: a, licence: l,
             tips: {A: {title: t, body: b, level: warning, subject: \(subject), knowledge: k,
               remediation: {name: notify}, approval: advise}}}
            """
        let recorded = record.map { "{record: 'rec:bad', expr: '\($0)'}, " } ?? ""
        let rules = "groups: [{name: g, rules: [\(recorded){alert: A, expr: '\(expression)'}]}]"
        return try Places.withFolder(["pack.yaml": manifest, "a.rules.yaml": rules]) {
            try RulePack.load(folder: $0)
        }
    }

    private func key(_ host: String) throws -> AlertKey {
        let subject = TipSubject.host(try #require(HostName(host)), cluster: try #require(ClusterName("c")))
        return AlertKey(pack: "pack", alert: "A", subject: subject)
    }

    /// The hosts of `a` and `b` that are not measured at the given second, by the rule over what `series` say every 10 s.
    private func unmeasured(
        _ pack: RulePack, _ series: [(Labels, until: Int64, value: Double)], at second: Int64 = 600
    ) async throws -> [String] {
        var source = MemorySource()
        for (labels, end, value) in series {
            for time in stride(from: Int64(0), through: end, by: 10) { source.append(labels, at: .at(time), value) }
        }
        var rules = RuleEngine(packs: [pack])
        let keys = [try key("a"), try key("b")]
        let round = await rules.evaluate(
            at: .at(second), engine: EmbeddedEngine(source: source), sink: nil, openTips: Set(keys))
        #expect(round.failures.isEmpty && round.alerts.isEmpty)
        return keys.filter(round.unmeasured.contains).map(\.subject.name)
    }

    private func labels(_ metric: String, _ host: String, _ more: Labels = [:]) -> Labels {
        var labels: Labels = [Labels.metricName: metric, "cluster": "c", "host": host]
        for pair in more.pairs { labels[pair.name] = pair.value }
        return labels
    }

    @Test(
        "says that an object is well only where the rule could be worked out for it",
        arguments: [
            "m > 5", "max by (cluster, host) (m) > 5 unless on (host) flag", "m > 5 and on (host) flag == 1 or m > 7",
            "count by (cluster, host) (m > 5) > 1", "increase(m[1h]) > 5", "max_over_time(m[1d]) > 5",
            #"label_replace(m, "host", "$1", "host", "(.*)") > 5"#, "sum by (cluster, host) (rate(m[2m])) > 5",
        ])
    func comparisons(expression: String) async throws {
        let series = [(labels("m", "a"), until: Int64(600), value: 1.0), (labels("m", "b"), until: 0, value: 1)]
        #expect(try await unmeasured(try pack(expression), series, at: 1300) == ["a", "b"])
        #expect(try await unmeasured(try pack(expression), series) == ["b"])
    }

    @Test("a series that is there only in one state: what the metric says of the object otherwise will do")
    func states() async throws {
        let other = [(labels("state", "a", ["state": "running"]), until: Int64(600), value: 1.0)]
        #expect(try await unmeasured(try pack(#"state{state="crashed"} == 1"#), other) == ["b"])
    }

    @Test("a rule over what another rule finds: as far as that one could be worked out")
    func recorded() async throws {
        let series = [(labels("m", "a"), until: Int64(600), value: 1.0)]
        #expect(try await unmeasured(try pack("rec:bad > 7", record: "m > 5"), series) == ["b"])
        #expect(try await unmeasured(try pack("rec:bad", record: "m > 5"), series) == ["b"])
    }

    @Test("a rule that finds by presence alone: the object's own counters must arrive")
    func presence() async throws {
        let mode: Labels = ["mode": "idle"]
        let series = [
            (labels("evenkeel_lp_run_seconds_total", "a", mode), until: Int64(600), value: 1.0),
            (labels("evenkeel_lp_run_seconds_total", "b", mode), until: 300, value: 1),
        ]
        #expect(try await unmeasured(try pack("m_failed"), series) == ["b"])
    }

    @Test("a rule that looks for what is missing, or at alerts that others end, has seen enough where it is silent")
    func enough() async throws {
        let series = [(labels("m", "a"), until: Int64(600), value: 1.0)]
        #expect(try await unmeasured(try pack("absent(m)"), series) == [])
        #expect(try await unmeasured(try pack(#"count by (cluster, host) (evenkeel_event{host!=""})"#), series) == [])
    }

    @Test("a rule that was looked at some time ago is judged by what it could see then")
    func between() async throws {
        let manifest = try pack("m > 5")
        var slow = manifest
        slow.groups[0].interval = .seconds(300)
        var source = MemorySource()
        source.append(labels("m", "a"), at: .at(410), 1)
        var rules = RuleEngine(packs: [slow])
        let keys: Set<AlertKey> = [try key("a")]
        let engine = EmbeddedEngine(source: source)
        #expect(await rules.evaluate(at: .at(400), engine: engine, sink: nil, openTips: keys).unmeasured == keys)
        #expect(await rules.evaluate(at: .at(420), engine: engine, sink: nil, openTips: keys).unmeasured == keys)
        #expect(await rules.evaluate(at: .at(700), engine: engine, sink: nil, openTips: keys).unmeasured.isEmpty)
    }

    @Test("the bundled packs' rules are all of a kind whose silence can be told", arguments: Places.bundledPacks)
    func bundled(name: String) throws {
        let pack = try RulePack.load(folder: Places.root.appending(path: "rules/\(name)").path)
        for rule in pack.groups.flatMap(\.rules) where rule.isAlert {
            let meaning = SilenceMeaning(rule, of: pack, pack.tips[rule.name]?.subject)
            guard case .workedOut(let queries) = meaning else { continue }
            for query in queries { #expect(throws: Never.self, "\(rule.name): \(query)") { try parse(query) } }
        }
    }
}
