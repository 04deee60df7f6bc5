import FleetModel
import Placement
import RulePacks
import Testing

@testable import Remediation

@Suite("A finding that comes back within its pack's cool-down")
struct RestTests {
    /// A fleet in which policy relieved h1, and the tip about it has ended.
    private func world(resolved isResolved: Bool) -> World {
        var settings = ControlSettings()
        settings.planner.coolDown = .zero
        var world = World.roomy(settings: settings, level: .automatic)
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .running)
        world.carryOutMoves()
        if isResolved {
            world.round([Sample.hot("h1")], healthy: [Sample.key("h1")])
        } else {
            world.look(after: 310)
        }
        #expect(world.tip?.number == 1 && world.tip?.state == (isResolved ? .resolved : .ineffective))
        return world
    }

    @Test("Is shown at once with its evidence and plan; policy acts on it when that time is over, and not before")
    func held() throws {
        var world = world(resolved: false)
        world.look(after: 5)
        var tip = try #require(world.tip)
        #expect(tip.number == 2 && tip.state == .awaitingApproval && !tip.evidence.isEmpty && tip.plan != nil)
        let end = try #require(world.loop.tip(1)?.updated) + .seconds(600)
        #expect(
            tip.waitsFor?.hasSuffix("(ineffective); pack host-pressure leaves it alone until \(end.text)") == true,
            "\(tip.waitsFor ?? "nothing")")
        #expect(tip.waitsFor?.hasPrefix("policy: tip 1 was about the same and ended at ") == true)
        world.look(after: 580)
        tip = try #require(world.tip)
        #expect(tip.number == 2 && tip.state == .awaitingApproval && world.loop.openOperations.isEmpty)
        world.look(after: 30)
        #expect(world.tip?.number == 2 && world.tip?.state == .running, "\(world.tip?.waitsFor ?? "")")
    }

    @Test("May be acted on before by an operator, over a restart too")
    func byAnOperator() {
        var world = world(resolved: false)
        world.look(after: 5)
        world.restart()
        world.look(after: 5)
        world.look(after: 61)
        #expect(world.tip?.waitsFor?.contains("leaves it alone until") == true, "\(world.tip?.waitsFor ?? "")")
        world.expect(.done(tip: 2, operation: 2), for: .approve(tip: 2))
    }

    @Test("Waits for an operator, and says so, once policy is not to act by itself any more")
    func noLongerAutomatic() {
        var world = world(resolved: false)
        world.look(after: 5)
        world.set(.operator)
        #expect(world.tip?.waitsFor == "an operator decides on it")
    }

    @Test("Is no finding while its object is measured healthy, though its alert has not fallen silent yet")
    func tailOfAnAlert() {
        var world = world(resolved: true)
        world.look(after: 5, healthy: [Sample.key("h1")])
        #expect(world.loop.openTips.isEmpty)
        #expect(world.loop.watchedFindings == [Sample.key("h1")], "its health is still measured")
        world.look(after: 5)
        #expect(world.loop.openTips.map(\.number) == [2])
        #expect(world.tip?.waitsFor?.contains("(resolved); pack host-pressure leaves it alone") == true)
        world.pass(700)
        world.reportAll()
        world.round(healthy: [Sample.key("h1")])
        #expect(world.loop.tip(2)?.state == .cleared && world.loop.watchedFindings.isEmpty)
    }

    @Test("However often it comes and goes, nothing is done about it before that time is over")
    func flapping() {
        var world = world(resolved: true)
        for _ in 0..<9 {
            world.look(after: 30)
            #expect(world.tip?.state == .awaitingApproval)
            world.pass(30)
            world.reportAll()
            world.round(healthy: [Sample.key("h1")])
            #expect(world.tip?.state == .cleared)
        }
        #expect(world.journal.lastNumbers.operation == 1)
        world.look(after: 61)
        #expect(world.tip?.state == .running, "\(world.tip?.waitsFor ?? "")")
    }

    @Test("A tip that nobody answered is asked anew at once: nothing was done about it")
    func expired() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.look(after: 3601)
        #expect(world.loop.tip(1)?.state == .expired)
        #expect(world.loop.openTips.map(\.number) == [2] && world.tip?.state == .awaitingApproval)
    }

    @Test("What policy put away where tips were switched off is there again once they are on")
    func switchedOn() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.set(.off)
        world.look(after: 5)
        #expect(world.loop.tip(1)?.state == .dismissed && world.loop.openTips.isEmpty)
        world.set(.operator)
        world.look(after: 5)
        #expect(world.loop.openTips.map(\.number) == [2])
    }
}
