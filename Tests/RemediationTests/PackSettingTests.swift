import FleetModel
import RulePacks
import Testing

@testable import Remediation

@Suite("What operators set of packs") struct PackSettingTests {
    @Test func isWrittenDownAndInTheAuditLog() {
        var world = World()
        let setting = ParameterSetting(pack: "host-pressure", name: "x", cluster: World.cluster, value: 80)
        world.expect(.done(), for: .setParameter(setting))
        #expect(world.journal.audit.last?.event == "parameter.set")
        world.expect(.done(), for: .resetParameter(pack: "host-pressure", name: "x", cluster: nil))
        #expect(world.journal.audit.last?.detail.contains("in the fleet") == true)
        world.expect(.done(), for: .setPack(PackSetting(pack: "host-pressure", isEnabled: false)))
        #expect(world.journal.audit.last?.event == "pack.disable")
        world.expect(.done(), for: .setPack(PackSetting(pack: "host-pressure", allowsPlugIns: true)))
        #expect(world.journal.audit.last?.detail.contains("are allowed") == true)
    }

    @Test("Levels of packs and rules that the server does not have are told of, once it is known which it has")
    func unknownPacks() {
        var world = World.hot()
        world.set(.automatic, in: .pack("host-presure"))
        world.set(.automatic, in: .rule(pack: "host-pressure", alert: "HostHot"))
        world.set(.automatic, in: .rule(pack: "other", alert: "HostHot"))
        world.set(.automatic, in: .pack("host-pressure"))
        world.set(.automatic, in: .rule(pack: "host-pressure", alert: "HostProcessorHot"))
        world.round()
        #expect(world.loop.policyWarnings.isEmpty, "nobody has said yet which there are")
        let readings = LoadReadings(
            time: world.now, window: .seconds(60), hostProcessorUse: world.use, virtualMachineUse: [:])
        let alerts = AlertRound(time: world.now, alerts: [], healthy: [], failures: [])
        world.take(
            .round(
                ControlRound(alerts: alerts, readings: readings, packs: ["host-pressure": ["HostProcessorHot"]])))
        #expect(
            Set(world.loop.policyWarnings) == [
                "pack:host-presure: the server has no pack host-presure",
                "rule:host-pressure/HostHot: pack host-pressure has no alert HostHot",
                "rule:other/HostHot: the server has no pack other",
            ])
        world.round()
        guard case .changed(_, let warnings) = world.ask(.changePolicy(.setLimit(.actionsPerHour, 3))) else {
            Issue.record("the limit was not set")
            return
        }
        #expect(warnings.count == 3, "\(warnings)")
    }
}
