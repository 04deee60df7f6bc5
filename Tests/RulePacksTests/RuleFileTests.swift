import FleetModel
import Foundation
import PromQL
import Testing

@testable import RulePacks

@Suite("Rule files")
struct RuleFileTests {
    private static let isThere = !Places.files(in: "rulefmt").isEmpty

    private func findings(_ text: String, names: RuleFileReader.NameRule = .anyText) -> [String] {
        RuleFileReader.read(text, file: "f.yaml", names: names).findings.map(\.description)
    }

    @Test(
        "Prometheus' own good and bad files are judged as Prometheus judges them",
        .enabled(if: isThere, "../shared/data/rulefmt is not here"), arguments: Places.files(in: "rulefmt"))
    func rulefmt(file: URL) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        let name = file.lastPathComponent
        // Two files have one content: what UTF-8 names allow, the older rule for names refuses.
        let names: RuleFileReader.NameRule = name.hasPrefix("legacy_validation") ? .classic : .anyText
        let read = RuleFileReader.read(text, file: name, names: names)
        #expect(read.findings.isEmpty == !name.contains(".bad."), "\(read.findings)")
        #expect(read.findings.allSatisfy { $0.place.line > 0 })
        if name == "test_aliases.yaml" { #expect(read.groups.flatMap(\.rules).count == 8) }
    }

    @Test(
        "the world's rule files load as they are, as advice",
        .enabled(if: isThere, "../shared/data/rules is not here"), arguments: Places.files(in: "rules"))
    func world(file: URL) throws {
        let pack = try RulePack.load(folder: file.path)
        #expect(pack.groups.flatMap(\.rules).count >= 26)
        #expect(pack.tips.isEmpty)
        #expect(pack.name.wholeMatch(of: /[a-z0-9-]+/) != nil)
    }

    @Test(
        "the world's rule files are evaluated as they are: every rule, without a failure",
        .enabled(if: isThere, "../shared/data/rules is not here"), arguments: Places.files(in: "rules"))
    func worldEvaluated(file: URL) async throws {
        var source = MemorySource()
        let host: Labels = [
            "instance": "a:9100", "job": "node-exporter", "device": "sda", "mountpoint": "/", "fstype": "ext4",
        ]
        let gauges = [
            ("node_memory_MemTotal_bytes", 100.0), ("node_memory_MemAvailable_bytes", 3),
            ("node_filesystem_size_bytes", 100), ("node_filesystem_avail_bytes", 1), ("node_filesystem_free_bytes", 1),
            ("node_filesystem_readonly", 0), ("node_filesystem_files", 100), ("node_filesystem_files_free", 1),
            ("node_load1", 50), ("up", 1),
        ]
        for minute in Int64(0)...60 {
            for (metric, value) in gauges {
                source.append(host.setting(Labels.metricName, to: metric), at: .at(minute * 60), value)
            }
        }
        var rules = RuleEngine(packs: [try RulePack.load(folder: file.path)])
        var alerts: [ActiveAlert] = []
        for minute in Int64(20)...60 {
            let round = await rules.evaluate(at: .at(minute * 60), engine: EmbeddedEngine(source: source), sink: nil)
            #expect(round.failures.isEmpty, "\(round.failures)")
            alerts = round.alerts.filter(\.isFiring)
        }
        #expect(!alerts.isEmpty)
        #expect(alerts.allSatisfy { !$0.annotations.values.contains { $0.contains("<error expanding") } })
        let states = rules.groupStates.flatMap(\.rules)
        #expect(states.count >= 26 && states.allSatisfy { $0.health == .good })
    }

    @Test("a file is read whole: every finding, each with its place, and a guess at what was meant")
    func allAtOnce() {
        let found = findings(
            """
            groups:
              - name: g
                intervall: 30s
                rules:
                  - alert: A
                    expr: rate(hi)
                    for: soon
                    annotation: {summary: x}
                  - record: b
                    for: 1m
                    expr: up
                  - alert: C
                    expr: up == 0
                    labels: {host: "{{ $label.x }}"}
              - name: g
            """)
        #expect(found.count == 7, "\(found)")
        #expect(found.contains("f.yaml:3:5: unknown key 'intervall' in group \"g\"; did you mean 'interval'?"))
        #expect(found.contains { $0.hasPrefix("f.yaml:6:15: group \"g\", rule \"A\": could not parse expression: 1:") })
        #expect(found.contains("f.yaml:7:14: 'for' is 'soon', not a span of time; write 30s, 5m or 1h30m"))
        #expect(
            found.contains(
                "f.yaml:8:9: unknown key 'annotation' in group \"g\", rule \"A\"; did you mean 'annotations'?"))
        #expect(found.contains("f.yaml:10:9: group \"g\", rule \"b\": invalid field 'for' in recording rule"))
        #expect(found.contains { $0.contains("template: 1:4: undefined variable \"$label\"") })
    }

    @Test("what is no YAML, or no rule file, has a place too")
    func notRules() {
        #expect(findings("groups: [").first?.contains("not YAML") == true)
        #expect(findings("groups: 3") == ["f.yaml:1:9: 'groups' must be a list, not a plain value"])
        #expect(findings("- a") == ["f.yaml:1:1: a rule file must be a mapping, not a list"])
        #expect(findings("groups:\n  - name: a\n    name: b").first?.contains("'name' is there twice") == true)
        #expect(findings("").isEmpty)
        #expect(findings("group: []") == ["f.yaml:1:1: unknown key 'group' in a rule file; did you mean 'groups'?"])
    }

    @Test("everything a rule can say is kept")
    func whole() throws {
        let read = RuleFileReader.read(
            """
            groups:
              - name: g
                interval: 1m30s
                limit: 10
                query_offset: 30s
                labels: {team: "a", kind: "x"}
                rules:
                  - alert: A
                    expr: up == 0
                    for: 5m
                    keep_firing_for: 1h
                    labels: {kind: y}
                    annotations: {summary: "{{ $labels.host }}"}
                  - record: a:b
                    expr: 1
            """, file: "f.yaml", names: .classic)
        #expect(read.findings.isEmpty)
        let group = try #require(read.groups.first)
        #expect(group.interval == .seconds(90))
        #expect(group.limit == 10)
        #expect(group.queryOffset == .seconds(30))
        let rule = try #require(group.rules.first)
        #expect(rule.kind == .alert("A", holdFor: .seconds(300), keepFiringFor: .seconds(3600)))
        #expect(rule.labels.mapValues(\.source) == ["team": "a", "kind": "y"])
        #expect(group.rules.last?.kind == .record("a:b"))
        #expect(group.rules.last?.expression == "1")
    }

    @Test(
        "spans of time as Prometheus writes them",
        arguments: [
            ("0", 0), ("15s", 15000), ("1h30m", 5_400_000), ("250ms", 250), ("1y", 31_536_000_000),
            ("1w2d", 777_600_000),
        ])
    func durations(text: String, milliseconds: Int64) {
        #expect(Duration(prometheus: text)?.milliseconds == milliseconds)
    }

    @Test(
        "no span of time",
        arguments: ["", "5", "s", "5 m", "-5m", "1m1h", "5m5m", "1.5h", "99999999999999999999s", "300y"])
    func noDurations(text: String) {
        #expect(Duration(prometheus: text) == nil)
    }
}
