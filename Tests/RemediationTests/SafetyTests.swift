import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("The safety envelope")
struct SafetyTests {
    /// A hot host and two idle ones.
    private func world(level: AutomationLevel = .automatic) -> World {
        World.roomy(level: level)
    }

    @Test("While everything is stopped nothing new begins, for nobody, and a restart changes nothing about it")
    func stop() {
        var world = world(level: .operator)
        world.round([Sample.hot("h1")])
        world.expect(.done(), for: .hold(.fleet, reason: "storm"))
        for _ in 0..<2 {
            guard case .refused(let reason) = world.ask(.approve(tip: 1)) else {
                Issue.record("it was approved")
                return
            }
            #expect(reason.contains("everything is stopped by ann") && reason.contains("evenkeel stop --resume"))
            guard case .refused = world.ask(.migrate(Sample.machine(1), to: Sample.host("h2"))) else {
                Issue.record("it was moved")
                return
            }
            #expect(world.openCommands.isEmpty)
            world.restart()
            world.reportAll()
            world.round([Sample.hot("h1")])
        }
        world.expect(.done(), for: .release(.fleet))
        world.expect(.done(tip: 1, operation: 1), for: .approve(tip: 1))
        world.expect(.notFound("fleet is not held"), for: .release(.fleet))
    }

    @Test("What runs goes on to its end when everything is stopped, or is called off")
    func stopWhileRunning() {
        var world = world()
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .running)
        world.handOut()
        var cancelled = world
        world.ask(.hold(.fleet, reason: "storm"))
        world.carryOutAll()
        #expect(world.operation?.state == .succeeded)
        cancelled.ask(.hold(.fleet, reason: "storm", cancelling: true))
        while let command = cancelled.openCommands.first { cancelled.answer(command, .done) }
        #expect(cancelled.operation?.state == .cancelled)
    }

    @Test("A VM that somebody else moved makes policy stand down in its cluster, until somebody says to go on")
    func otherMover() {
        var world = world()
        world.relocate(2, to: "h2")
        world.reportAll()
        let hold = world.loop.openHolds.first
        #expect(hold?.scope == .cluster(World.cluster))
        #expect(hold?.reason.contains("somebody other than Evenkeel moved vm-2 from h1 to h2") == true)
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .awaitingApproval)
        #expect(world.tip?.history.last?.note.contains("cluster resume main") == true)
        world.restart()
        world.reportAll()
        world.expect(.done(), for: .release(.cluster(World.cluster)))
        world.look(after: 61)
        #expect(world.tip?.state == .running)
    }

    @Test("What Evenkeel moved itself, or an operator by name, is no other mover's work, across a restart too")
    func ownMoves() {
        var world = world()
        world.round([Sample.hot("h1")])
        let target = world.operation?.move
        world.carryOutAll()
        world.restart()
        let number =
            target?.virtualMachine == Sample.machine(1) ? 1 : target?.virtualMachine == Sample.machine(2) ? 2 : 3
        world.relocate(number, to: target?.destination.text ?? "h2")
        world.pass(5)
        world.reportAll()
        #expect(world.loop.openHolds.isEmpty)
    }

    @Test("A VM is not brought back to where policy moved it from, until some time has passed")
    func thereAndBack() {
        var settings = ControlSettings()
        settings.planner.coolDown = .seconds(60)
        var world = World.hot(settings: settings, level: .automatic)
        world.round([Sample.hot("h1")])
        let move = world.operation?.move
        world.carryOutAll()
        let number = (1...3).first { Sample.machine($0) == move?.virtualMachine } ?? 1
        world.relocate(number, to: "h2")
        world.pass(120)
        world.use = [Sample.host("h1"): 0.05, Sample.host("h2"): 0.9]
        for other in 1...3 where other != number { world.machineUse[Sample.machine(other)] = 0.01 }
        world.reportAll()
        world.round([Sample.hot("h2")], healthy: [Sample.key("h1")])
        // The planner does not propose it, and were it to, the envelope would hold it back.
        #expect(world.tip?.subject.name == "h2" && world.tip?.operations.isEmpty == true)
        #expect(world.openCommands.isEmpty)
        world.pass(3600)
        world.reportAll()
        world.round([Sample.hot("h2")])
        #expect(world.tip?.plan?.actions.first?.virtualMachine == Sample.machine(number))
    }

    @Test("A clock that was set back makes old loads look new, so policy waits")
    func clockSetBack() {
        var world = world()
        world.look(after: -600)
        #expect(world.tip?.state == .awaitingApproval)
        #expect(world.tip?.history.last?.note.contains("clock was set back by 10 min") == true)
        world.look(after: 700)
        #expect(world.tip?.state == .running)
    }

    @Test("Budgets of the hour and of the day hold", arguments: [LimitName.actionsPerHour, .actionsPerDay])
    func budgets(limit: LimitName) {
        var world = world()
        world.ask(.changePolicy(.setLimit(limit, 0)))
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .awaitingApproval)
        #expect(world.tip?.history.last?.note.contains("used up its budget of 0 actions") == true)
        world.expect(.done(tip: 1, operation: 1), for: .approve(tip: 1))
    }

    @Test("A pack whose automatic actions keep being ineffective goes back to approval and says so")
    func uselessPack() {
        var settings = ControlSettings()
        settings.brakes.failures = 100
        var world = World.hot(settings: settings, level: .automatic)
        for _ in 0..<3 {
            world.round([Sample.hot("h1")])
            #expect(world.tip?.state == .running)
            let number = world.tip?.number ?? 0
            world.carryOutAll()
            for _ in 0..<2 {
                world.look(after: 310)
            }
            #expect(world.loop.tip(number)?.state == .ineffective)
            world.pass(700)
            world.reportAll()
        }
        #expect(world.loop.openHolds.first?.scope == .pack("host-pressure"))
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .awaitingApproval)
        #expect(world.tip?.history.last?.note.contains("its last 3 automatic remediations did not help") == true)
        world.expect(.done(), for: .release(.pack("host-pressure")))
        #expect(world.tip?.state == .running)
    }

    @Test("A host in maintenance is emptied, takes nothing, and its tip ends when it is empty")
    func drain() {
        var world = world(level: .operator)
        world.round()
        world.expect(.done(tip: 1), for: .hold(.host(Sample.host("h1")), reason: "new memory"))
        #expect(world.tip?.state == .running && world.tip?.isDrain == true)
        #expect(world.tip?.plan?.actions.count == 3)
        var rounds = 0
        while world.loop.openTips.isEmpty == false, rounds < 20 {
            world.carryOutMoves()
            rounds += 1
        }
        #expect(world.loop.tip(1)?.state == .resolved, "\(String(describing: world.loop.tip(1)?.history.map(\.note)))")
        guard case .refused(let reason) = world.ask(.migrate(Sample.machine(1), to: Sample.host("h1"))) else {
            Issue.record("a host in maintenance took a VM")
            return
        }
        #expect(reason.contains("maintenance"), "\(reason)")
        world.expect(.done(), for: .release(.host(Sample.host("h1"))))
        #expect(world.loop.openHolds.isEmpty)
    }
}
