import FleetModel
import Foundation
import Testing

@testable import RulePacks

@Suite("Packs")
struct PackLoadingTests {
    private static let rules = """
        groups:
          - name: g
            rules:
              - {alert: Hot, expr: "load > 1", for: 1m}
        """

    private static func manifest(_ more: String = "", remediation: String = "{name: notify}") -> String {
        """
        name: pack
        version: 1
        title: A pack
        author: me
        licence: Apache-2.0
        parameters:
          share: {type: percent, default: 60, help: x}
          wait: {type: duration, default: 5m, help: x}
        tips:
          Hot:
            title: hot
            body: '{{ $labels.host }}'
            level: warning
            subject: host
            knowledge: none
            remediation: \(remediation)
        \(more)
        """
    }

    private func load(_ manifest: String, rules: String = rules) throws -> RulePack {
        try Places.withFolder(["pack.yaml": manifest, "a.rules.yaml": rules]) { try RulePack.load(folder: $0) }
    }

    private func findings(_ manifest: String, rules: String = rules) -> [String] {
        let error = #expect(throws: RulePackError.self) { try load(manifest, rules: rules) }
        return error?.findings.map(\.description) ?? []
    }

    @Test("the pack about agents loads, and its tips and rules fit together")
    func hostAgent() throws {
        let pack = try RulePack.load(folder: Places.root.appending(path: "rules/host-agent").path)
        #expect(Set(pack.groups.flatMap(\.rules).map(\.name)) == Set(pack.tips.keys))
        #expect(pack.parameters.map(\.standard) == [2])
        #expect(pack.tips.values.allSatisfy { $0.remediation.name == .notify }, "nothing of it can be mended from here")
    }

    @Test("the bundled pack loads, and its parameters, tips and rules fit together")
    func hostPressure() throws {
        let pack = try RulePack.load(folder: Places.hostPressure)
        #expect(pack.name == "host-pressure")
        #expect(pack.parameters.count == 16)
        let alerts = pack.groups.flatMap(\.rules).filter { rule in
            guard case .alert = rule.kind else { return false }
            return true
        }
        #expect(Set(alerts.map(\.name)) == Set(pack.tips.keys))
        let tip = try #require(pack.tips["HostProcessorSaturated"])
        #expect(
            tip.remediation.arguments == [
                "resource": .word("processor"), "target": .parameter("processor_target_percent"),
            ])
        #expect(
            tip.inhibits == [
                "HostProcessorHot", "HostProcessorStarved", "HostProcessorContended", "HostProcessorQueued",
            ])
        #expect(tip.verification?.within == .seconds(600))
        let defaults = Dictionary(uniqueKeysWithValues: pack.parameters.map { ($0.name, $0.standard) })
        let target = try #require(defaults["processor_target_percent"])
        let recovery = try #require(defaults["processor_recovery_percent"])
        let warning = try #require(defaults["processor_warning_percent"])
        #expect(target < recovery && recovery < warning)
    }

    @Test("what a pack says in short has its defaults")
    func defaults() throws {
        let pack = try load(Self.manifest(remediation: "{name: relieve-host, resource: memory, target: 65%}"))
        let tip = try #require(pack.tips["Hot"])
        #expect(tip.approval == .operator)
        #expect(tip.coolDown == .seconds(600))
        #expect(tip.verification == nil)
        #expect(tip.remediation.arguments["target"] == .share(0.65))
        #expect(pack.parameters.last?.standard == 300)
        #expect(pack.parameters.first?.maximum == 100)
    }

    @Test(
        "a wrong remediation is refused with what would be right",
        arguments: [
            ("{name: relief-host}", "'relief-host'; did you mean 'relieve-host'?"),
            ("{name: relieve-host}", "relieve-host needs the argument 'resource': one of processor, memory"),
            (
                "{name: relieve-host, resource: cpu, target: share}",
                "'resource' is 'cpu'; it is one of processor, memory"
            ),
            (
                "{name: relieve-host, resource: memory, target: wait}",
                "'target' needs a percent parameter; 'wait' is a duration"
            ),
            (
                "{name: relieve-host, resource: memory, target: 650%}",
                "'target' is '650%'; it is a percent parameter's name"
            ),
            ("{name: relieve-host, resource: memory, target: share, vm: x}", "unknown key 'vm' in relieve-host"),
            ("notify", "'remediation' must be a mapping"),
        ])
    func wrongRemediation(written: String, expected: String) {
        let found = findings(Self.manifest(remediation: written))
        #expect(found.contains { $0.contains(expected) && $0.hasPrefix("pack.yaml:16:") }, "\(found)")
    }

    @Test("all findings of all files at once, each with its place")
    func allAtOnce() {
        let found = findings(
            """
            name: Pack
            version: 1
            titel: x
            author: me
            licence: x
            parameters:
              high: {type: percentage, default: 5, help: x}
              low: {type: percent, default: 500, help: x}
              Odd: {type: number, default: x, help: x}
            tips:
              Cold:
                title: '{{ nope }}'
                body: '{{ parameter "missing" }}'
                level: awful
                subject: rack
                knowledge: x
                verify: {within: 5m, expression: 'sum('}
                evidence: [{query: 'up{host="{{ $labels.host }}"', text: x}]
            """, rules: "groups:\n  - rules: []\n")
        for expected in [
            "pack.yaml:1:1: the pack's name is 'Pack'", "pack.yaml:1:1: the pack has no 'title'",
            "pack.yaml:3:1: unknown key 'titel' in a pack; did you mean 'title'?",
            "'type' is 'percentage'; it is one of number, percent, duration, bytes",
            "low is 500.0; it must be 0.0 to 100.0", "'default' is 'x'; write a number such as 2.5",
            "function \"nope\" not defined", "the pack has no parameter 'missing'", "'level' is 'awful'",
            "'subject' is 'rack'; it is one of host, vm, cluster", "has no 'remediation'",
            "'expression': could not parse expression: 1:", "'query': could not parse expression: 1:",
            "a.rules.yaml:2:5: the group has no 'name'", "and its folder's 'pack'",
        ] {
            #expect(found.contains { $0.contains(expected) }, "\(expected) is not in\n\(found.joined(separator: "\n"))")
        }
    }

    @Test("a tip for an alert that no rule raises, and a folder without rules")
    func mismatches() throws {
        let other = Self.rules.replacing("Hot", with: "Hat")
        #expect(
            findings(Self.manifest(), rules: other).first?.contains(
                "no rule raises the alert 'Hot'; did you mean 'Hat'?") == true)
        try Places.withFolder(["pack.yaml": Self.manifest()]) { folder in
            let error = #expect(throws: RulePackError.self) { try RulePack.load(folder: folder) }
            #expect(error?.description == "pack.yaml: there is no *.rules.yaml beside it")
        }
        #expect(throws: RulePackError.self) { try RulePack.load(folder: "/nowhere/at/all") }
        try Places.withFolder([:]) { folder in
            let error = #expect(throws: RulePackError.self) { try RulePack.load(folder: folder) }
            #expect(error?.description.contains("neither a pack.yaml nor a rule file") == true)
        }
    }

    @Test("a folder of plain rule files is a pack that gives advice")
    func plainFolder() throws {
        try Places.withFolder(named: "My Rules", ["a.yml": Self.rules, "a.test.yaml": "rule_files: []"]) { folder in
            let pack = try RulePack.load(folder: folder)
            #expect(pack.name == "my-rules")
            #expect(pack.groups.map(\.file) == ["a.yml"])
        }
    }

    @Test("faster means every span of time, in rules, waits and verification, and nothing else")
    func speed() throws {
        let pack = try RulePack.load(folder: Places.hostPressure)
        let fast = pack.scaled(by: 6)
        let rule = try #require(fast.groups.first?.rules.first)
        #expect(rule.kind == .alert("HostProcessorSaturated", holdFor: .seconds(10), keepFiringFor: .zero))
        #expect(rule.expression.contains("[10s]") && !rule.expression.contains("[1m]"))
        let tip = try #require(fast.tips["HostProcessorSaturated"])
        #expect(tip.coolDown == .seconds(100))
        #expect(tip.verification?.within == .seconds(100))
        #expect(tip.verification?.expression.contains("[10s]") == true)
        #expect(fast.parameters == pack.parameters)
        #expect(fast.scaled(by: 2).speed == 12)
        #expect(pack.scaled(by: 1) == pack && pack.scaled(by: 0) == pack && pack.scaled(by: .nan) == pack)
    }
}
