import FleetModel
import RulePacks
import Testing

@testable import Remediation

@Suite("Tips whose object is not measured")
struct SilentTipTests {
    private let key = Sample.key("h1")

    private func world(_ alert: ActiveAlert = Sample.hot("h1", hasVerification: false)) -> World {
        var world = World.hot()
        world.round([alert])
        return world
    }

    @Test("A tip stays open while measurements are stopped, says since when, and clears once they show health")
    func stopped() {
        var world = world()
        let seen = world.now
        world.pass(15)
        world.reportAll()
        world.round(unmeasured: [key])
        #expect(world.tip?.state == .awaitingApproval && world.tip?.unmeasuredSince == seen)
        world.restart()
        world.pass(86_400)
        world.round(unmeasured: [key])
        #expect(world.tip?.state.isFinal == false && world.tip?.unmeasuredSince == seen)
        world.pass(15)
        world.reportAll()
        world.round()
        #expect(world.tip?.state == .cleared && world.tip?.unmeasuredSince == nil)
        #expect(world.tip?.history.last?.note == "its rule finds it no more: processor at 90 % over 60 s")
    }

    @Test("What was done is not resolved by silence, ends in doubt, and is no sign that the pack is useless")
    func verifying() {
        var settings = ControlSettings()
        settings.brakes.ineffectiveTips = 1
        var world = World.hot(settings: settings, level: .automatic)
        world.round([Sample.hot("h1", hasVerification: false)])
        world.carryOutAll()
        #expect(world.tip?.state == .verifying)
        world.pass(61)
        world.round(unmeasured: [key])
        #expect(world.tip?.state == .verifying)
        world.pass(300)
        world.round(unmeasured: [key])
        #expect(world.tip?.state == .ineffective)
        #expect(world.tip?.history.last?.note.contains("nobody knows whether it helped") == true)
        #expect(world.loop.openHolds.isEmpty)
    }

    @Test("The tip of a host that was removed ends, and says so")
    func removedHost() {
        var world = world()
        world.pass(600)
        world.round(unmeasured: [key])
        #expect(world.tip?.state.isFinal == false)
        world.expect(.done(), for: .removeHost(Sample.host("h1")))
        world.pass(15)
        world.round(unmeasured: [key])
        #expect(world.tip?.state == .expired)
        #expect(
            world.tip?.history.last?.note == "host h1 is not part of the fleet, and nothing is measured of it any more")
    }

    @Test("The tip of a VM that is gone ends once every host of its cluster says that it has no such VM")
    func removedMachine() {
        var alert = Sample.hot("h1", hasVerification: false)
        let subject = TipSubject.virtualMachine(Sample.machine(3), cluster: World.cluster)
        alert.tip?.subject = subject
        alert.tip?.remediation = "notify"
        var world = world(alert)
        let machine = AlertKey(pack: alert.pack, alert: alert.alert, subject: subject)
        world.pass(15)
        world.reportAll()
        world.round(unmeasured: [machine])
        #expect(world.tip?.state.isFinal == false)
        world.relocate(3, to: "nowhere")
        world.pass(600)
        world.report("h1")
        world.round(unmeasured: [machine])
        #expect(world.tip?.state.isFinal == false, "h2 is silent: the VM may be there")
        world.reportAll()
        world.round(unmeasured: [machine])
        #expect(world.tip?.state == .expired)
        #expect(world.tip?.history.last?.note == "VM \(Sample.machine(3)) is on no host any more")
    }
}
