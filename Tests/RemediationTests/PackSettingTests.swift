import FleetModel
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
}
