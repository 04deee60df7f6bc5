import FleetModel
import Foundation
import PromQL
import Testing

@testable import RulePacks

@Suite("The bundled pack about alerts of other systems")
struct EventsPackTests {
    private static let folder = Places.root.appending(path: "rules/events").path

    @Test("its tips and rules fit together, and all of it is advice")
    func loads() throws {
        let pack = try RulePack.load(folder: Self.folder)
        #expect(Set(pack.groups.flatMap(\.rules).map(\.name)) == Set(pack.tips.keys))
        #expect(pack.tips.values.allSatisfy { $0.remediation.name == .notify && $0.approval == .advise })
    }

    @Test("several alerts about a host are one tip, with each of them in its evidence")
    func oneTip() async throws {
        var source = MemorySource()
        let about: Labels = [Labels.metricName: "evenkeel_event", "cluster": "c", "host": "a"]
        for (name, severity) in [("FanFailed", "critical"), ("DiskSlow", "warning"), ("Watchdog", "none")] {
            source.append(
                about.setting("alertname", to: name).setting("severity", to: severity), at: .at(60), 1)
        }
        var rules = RuleEngine(packs: [try RulePack.load(folder: Self.folder)])
        let round = await rules.evaluate(at: .at(60), engine: EmbeddedEngine(source: source), sink: nil)
        #expect(round.failures.isEmpty)
        #expect(round.alerts.map(\.alert) == ["HostEventCritical"])
        let tip = try #require(round.alerts.first?.tip)
        #expect(tip.title == "a: 1 critical alert(s) of other systems")
        #expect(Set(tip.evidence.map(\.text)) == ["FanFailed (critical)", "DiskSlow (warning)", "Watchdog (none)"])
    }

    @Test(
        "promtool accepts it unchanged", .enabled(if: PromtoolTests.tool != nil, "promtool is not installed"),
        arguments: [["check", "rules", "events.rules.yaml"], ["test", "rules", "events.test.yaml"]])
    func promtool(arguments: [String]) throws {
        let (status, output) = try PromtoolTests.run(arguments, in: Self.folder)
        #expect(status == 0 && output.contains("SUCCESS"), "\(output)")
    }
}
