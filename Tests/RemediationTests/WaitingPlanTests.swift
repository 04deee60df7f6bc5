import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("Plans that wait")
struct WaitingPlanTests {
    private static let worse = "HostProcessorCritical"

    /// h1 gave a VM away a moment ago, and something worse is found about it.
    private func relieved(after seconds: Int, _ machines: [Int: Double] = [:]) -> World {
        var world = World.hot(level: .automatic)
        for (number, load) in machines { world.machineUse[Sample.machine(number)] = load }
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .running)
        world.carryOutMoves()
        world.round(healthy: [Sample.key("h1")])
        #expect(world.tip?.state == .resolved)
        world.pass(seconds)
        world.reportAll()
        world.round([Sample.hot("h1", alert: Self.worse)])
        return world
    }

    @Test("In the cool-down of its hosts a tip has a plan: policy lets them rest, an operator need not")
    func withinCoolDown() {
        var world = relieved(after: 60)
        #expect(world.tip?.number == 2 && world.tip?.state == .awaitingApproval, "\(world.tip?.planProblem ?? "")")
        #expect(
            world.tip?.waitsFor?.contains("hosts are left alone for 10 min") == true, "\(world.tip?.waitsFor ?? "")")
        world.restart()
        world.pass(5)
        world.reportAll()
        world.round([Sample.hot("h1", alert: Self.worse)])
        #expect(
            world.tip?.waitsFor?.contains("hosts are left alone for 10 min") == true, "\(world.tip?.waitsFor ?? "")")
        world.expect(.done(tip: 2, operation: 2), for: .approve(tip: 2))
    }

    @Test("Policy goes on by itself when the cool-down is over")
    func afterCoolDown() {
        var world = relieved(after: 60)
        world.pass(620)
        world.reportAll()
        world.round([Sample.hot("h1", alert: Self.worse)])
        #expect(world.tip?.number == 2 && world.tip?.state == .running, "\(world.tip?.waitsFor ?? "")")
    }

    @Test("As long as loads do not show the last move there is no plan")
    func beforeLoadsShowIt() {
        var world = World.hot(level: .automatic)
        world.round([Sample.hot("h1")])
        world.carryOutAll()
        world.relocate(1, to: "h2")
        world.pass(5)
        world.reportAll()
        world.use[Sample.host("h2")] = 0.9
        world.round([Sample.hot("h2")])
        #expect(world.tip?.number == 2 && world.tip?.plan == nil)
        #expect(
            world.tip?.planProblem?.contains("it is left alone for another 55 s") == true,
            "\(world.tip?.planProblem ?? "")")
    }

    @Test("Hosts that do not rest are preferred")
    func prefersOthers() {
        var world = World.hot(level: .automatic)
        world.round([Sample.hot("h1")])
        world.carryOutMoves()
        world.round(healthy: [Sample.key("h1")])
        world.add("h3", use: 0.9, machines: [4: 1.2, 5: 1.2])
        world.add("h4", use: 0.06, machines: [:])
        world.reportAll()
        world.round([Sample.hot("h3")])
        #expect(world.tip?.plan?.actions.first?.hosts.map(\.text) == ["h3", "h4"])
        #expect(world.tip?.state == .running)
    }

    @Test("A plan is made anew as soon as the VMs of its hosts are other ones, not a minute later")
    func otherMachines() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        let first = world.tip?.plan
        world.pass(5)
        if let gone = first?.actions.first?.virtualMachine { world.stop(gone, on: "h1") }
        world.reportAll()
        world.round([Sample.hot("h1")])
        #expect(world.tip?.plan?.actions.first?.virtualMachine != first?.actions.first?.virtualMachine)
        #expect(world.tip?.state == .awaitingApproval)
    }

    @Test("Who approves a plan whose VMs have changed since is shown the new one first")
    func approvedLate() throws {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        let plan = try #require(world.tip?.plan)
        world.pass(5)
        if let gone = plan.actions.first?.virtualMachine { world.stop(gone, on: "h1") }
        world.reportAll()
        world.expect(
            .refused("the plan of tip 1 has changed since it was shown; look again"),
            for: .approve(tip: 1, snapshotVersion: plan.snapshotVersion))
        world.expect(
            .done(tip: 1, operation: 1), for: .approve(tip: 1, snapshotVersion: world.tip?.plan?.snapshotVersion))
    }

    @Test("A plan that policy could not carry out for a while is made of what is measured when it can")
    func afterAWait() {
        var world = World.roomy(level: .automatic)
        world.ask(.changePolicy(.setLimit(.actionsPerHour, 0)))
        world.round([Sample.hot("h1")])
        let first = world.tip?.plan?.actions.first?.hosts.last
        #expect(world.tip?.state == .awaitingApproval)
        // The host that was chosen has got busier meanwhile, though not too busy.
        if let first { world.use[first] = 0.35 }
        world.look(after: 70)
        #expect(world.tip?.plan?.actions.first?.hosts.last == first, "the plan still holds")
        world.ask(.changePolicy(.setLimit(.actionsPerHour, 20)))
        world.look(after: 5)
        #expect(world.tip?.state == .running)
        #expect(world.operation?.move?.destination != first, "it goes where there is more room now")
    }
}
