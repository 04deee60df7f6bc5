import FleetModel
import Foundation
import RulePacks
import Testing

@Suite("What packs need, whom they are about, what they propose")
struct PackFormatTests {
    private func load(_ head: String, remediation: String = "{name: notify}", subject: String = "host") throws
        -> RulePack
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString)/probe")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        let manifest = """
            name: probe
            version: '1'
            title: t
            author: a
            licence: l
            \(head)
            parameters:
              most: {type: percent, default: 75, help: h}
              span: {type: duration, default: 5m, help: h}
            tips:
              Alert:
                title: t
                body: b
                level: warning
                subject: \(subject)
                knowledge: k
                remediation: \(remediation)
            """
        let rules = "groups: [{name: g, rules: [{alert: Alert, expr: 'evenkeel_host_load > 1'}]}]"
        try Data(manifest.utf8).write(to: folder.appending(path: "pack.yaml"))
        try Data(rules.utf8).write(to: folder.appending(path: "probe.rules.yaml"))
        return try RulePack.load(folder: folder.path)
    }

    private func problem(_ head: String = "", remediation: String = "{name: notify}", subject: String = "host")
        -> String
    {
        do {
            _ = try load(head, remediation: remediation, subject: subject)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test("needs and targets")
    func needsAndTargets() throws {
        let pack = try load(
            """
            needs: {metrics: [evenkeel_host_load], providers: [libvirt], actions: [migrate]}
            targets: {clusters: 'prod-.*', hosts: 'kvm[0-9]+', vms: 'web.*', labels: {tier: gold}}
            """)
        #expect(pack.needs.metrics == ["evenkeel_host_load"] && pack.needs.providers == [.libvirt])
        #expect(pack.needs.actions == [.migrate])
        #expect(pack.targets.includes(["cluster": "prod-1", "host": "kvm7", "tier": "gold"]))
        #expect(!pack.targets.includes(["cluster": "test", "host": "kvm7", "tier": "gold"]))
        #expect(!pack.targets.includes(["cluster": "prod-1", "host": "kvm7x", "tier": "gold"]))
        #expect(!pack.targets.includes(["cluster": "prod-1", "host": "kvm7", "tier": "gold", "name": "db"]))
        #expect(!pack.targets.includes(["cluster": "prod-1", "host": "kvm7"]))
        #expect(try load("").targets.isEverything)
    }

    @Test(
        "typed arguments are taken",
        arguments: [
            ("{name: relieve-host, resource: memory, target: most}", "host"),
            ("{name: balance-cluster}", "cluster"), ("{name: balance-cluster, target: 20%}", "cluster"),
            ("{name: resize-vm, vcpus: value}", "vm"), ("{name: resize-vm, memory: 4GiB}", "vm"),
            ("{name: balloon-vm, memory: value}", "vm"), ("{name: evacuate-host}", "host"),
            ("{name: exec, command: bin/mend, arguments: {host: '{{ $labels.host }}'}, time_limit: 5m}", "datastore"),
            ("{name: webhook, url: 'https://cmdb.example/hook'}", "host"),
            ("{name: webhook, url: 'http://127.0.0.1:8080/hook'}", "host"),
        ])
    func taken(_ remediation: String, _ subject: String) {
        #expect(problem(remediation: remediation, subject: subject).isEmpty)
    }

    @Test(
        "wrong ones are refused with their place",
        arguments: [
            ("{name: relieve-host, resource: memory, target: mots}", "host", "did you mean 'most'?"),
            ("{name: relieve-host, resource: memory, target: span}", "host", "needs a percent parameter"),
            ("{name: relieve-host, resource: disk, target: most}", "host", "one of processor, memory"),
            ("{name: relieve-host}", "host", "needs the argument 'resource'"),
            ("{name: relieve-host, resource: memory, target: most}", "vm", "is done to a host"),
            ("{name: resize-vm}", "vm", "needs one of the arguments"),
            ("{name: resize-vm, vcpus: 2, memory: 1GiB}", "vm", "needs one of the arguments"),
            ("{name: resize-vm, vcpus: -1}", "vm", "it is a whole number"),
            ("{name: exec, command: ../../bin/sh}", "host", "a path inside the pack"),
            ("{name: exec, command: /bin/sh}", "host", "a path inside the pack"),
            ("{name: exec, command: bin/x, time_limit: 0s}", "host", "a span of time"),
            ("{name: exec, command: bin/x, arguments: {Host: a}}", "host", "an argument's name"),
            ("{name: webhook, url: 'http://cmdb.example/'}", "host", "an address such as https"),
            ("{name: notify, target: 3}", "host", "unknown key 'target'"),
            ("{name: relieve-hots}", "host", "did you mean 'relieve-host'?"),
        ])
    func refused(_ remediation: String, _ subject: String, _ expected: String) {
        let text = problem(remediation: remediation, subject: subject)
        #expect(text.contains(expected) && text.contains("pack.yaml:1"), "\(text)")
    }

    @Test(
        "wrong needs and targets",
        arguments: [
            ("targets: {hosts: '('}", "'hosts' is no regular expression"),
            ("targets: {hosts: '\(String(repeating: "a", count: 2000))'}", "is longer than 1000 bytes"),
            ("targets: {host: x}", "did you mean 'hosts'?"),
            ("needs: {providers: [xen]}", "it is one of qemu, libvirt"),
            ("needs: {metrics: ['a b']}", "is not a metric's name"),
        ])
    func wrongHead(_ head: String, _ expected: String) { #expect(problem(head).contains(expected)) }

    @Test("metrics that nobody makes are found, with what was meant")
    func metrics() throws {
        let pack = try load("needs: {metrics: [evenkeel_hots_load]}")
        let check = MetricCheck(pack, known: ["evenkeel_host_load"])
        #expect(
            check.findings.map(\.message) == [
                "nobody makes the metric 'evenkeel_hots_load'; did you mean 'evenkeel_host_load'?"
            ])
        #expect(check.findings.map(\.place.line) == [6], "where it is written")
        #expect(MetricCheck(pack, known: []).findings.count == 2)
    }

    @Test("what needs the rest of a pack is found together with what is wrong in it")
    func oneLook() throws {
        let manifest = """
            name: pack
            version: '1'
            title: t
            author: a
            licence: l
            needs: {metrics: [evenkeel_hots_load]}
            tips:
              Hot: {title: '{{ nope }}', body: b, level: awful, subject: host, knowledge: k,
                remediation: {name: notify}, inhibits: [Hat], evidence: [{query: evenkeel_hots_load, text: '{{ nope }}'}]}
              Cold: {title: t, body: b, level: warning, subject: host, knowledge: k, remediation: {name: notify}}
            """
        let rules = """
            groups:
              - rules:
                  - {alert: Hot, expr: 'sum('}
                  - {alert: Warm, expr: evenkeel_hots_load > 1}
                  - {alert: Warm, expr: evenkeel_hots_load > 1}
            """
        try Places.withFolder(["pack.yaml": manifest, "a.rules.yaml": rules]) { folder in
            let (draft, findings) = RulePack.read(folder: folder)
            let metrics = MetricCheck(try #require(draft), known: ["evenkeel_host_load"]).findings
            let all = (findings + metrics).inOrder.map(\.description)
            let expected = [
                "pack.yaml:6:19: nobody makes the metric 'evenkeel_hots_load'; did you mean 'evenkeel_host_load'?",
                "pack.yaml:8:3: no rule raises the alert 'Hat'; did you mean 'Hot'?", "pack.yaml:8:8: nobody makes",
                "pack.yaml:8:16: 'title': template: 1:4: function \"nope\" not defined",
                "pack.yaml:8:46: 'level' is 'awful'", "pack.yaml:9:96: 'text': template:",
                "pack.yaml:10:3: no rule raises the alert 'Cold'", "a.rules.yaml:2:5: the group has no 'name'",
                "a.rules.yaml:3:28: group \"\", rule \"Hot\": could not parse", "a.rules.yaml:4:9: nobody makes",
                "a.rules.yaml:5:9: nobody makes", "a.rules.yaml:5:9: 'Warm' is at a.rules.yaml:4:9 already",
            ]
            for text in expected {
                #expect(all.contains { $0.hasPrefix(text) }, "\(text) is not in\n\(all.joined(separator: "\n"))")
            }
            #expect(all.count == expected.count, "\(all.joined(separator: "\n"))")
            #expect(throws: RulePackError.self) { try RulePack.load(folder: folder) }
        }
    }
}
