import FleetModel
import Placement
import Testing

@testable import Remediation

@Suite("A clock that was a day ahead")
struct ClockSetTests {
    private static let day = 86_400

    /// A fleet whose server did something about h1 while its clock was a day ahead, and has it right again.
    private func world(restarting: Bool, settings: ControlSettings = ControlSettings()) -> World {
        var world = World.roomy(settings: settings, level: .automatic)
        world.look(after: Self.day)
        #expect(world.tip?.state == .running)
        world.carryOutMoves()
        world.round(healthy: [Sample.key("h1")])
        #expect(world.loop.tip(1)?.state == .resolved)
        world.pass(5 - Self.day)
        if restarting { world.restart() }
        return world
    }

    @Test("What happened then counts as of now: cool-downs end when they should", arguments: [false, true])
    func coolDowns(restarting: Bool) {
        var world = world(restarting: restarting)
        #expect(world.journal.audit.contains { $0.event == "clock.set" && $0.detail.contains("count as of now") })
        world.look(after: 30)
        #expect(world.tip?.number == 2 && world.loop.openOperations.isEmpty, "it is shown, and rests")
        world.look(after: 1000)
        #expect(world.tip?.number == 2 && world.tip?.state == .running, "\(world.tip?.history.last?.note ?? "")")
        #expect(world.loop.openHolds.isEmpty, "nobody else moved what was moved then")
    }

    @Test("An operator may move a VM as soon as its hosts have reported", arguments: [false, true])
    func byHand(restarting: Bool) {
        var world = world(restarting: restarting)
        world.pass(1)
        world.reportAll()
        world.round()
        let free = (1...3).first { number in
            world.hosts.first { $0.report.host.text == "h1" }?.report.virtualMachines.contains {
                $0.definition.id == Sample.machine(number)
            } == true
        }
        let answer = world.ask(.migrate(Sample.machine(free ?? 1), to: Sample.host("h3")))
        #expect(answer == .done(operation: 2))
        world.carryOutAll()
        world.relocate(free ?? 1, to: "h3")
        world.pass(5)
        world.reportAll()
        #expect(world.loop.openHolds.isEmpty, "it was no other mover")
    }

    @Test("A clock that went ahead for minutes and is right again keeps policy from nothing", arguments: [600, 7200])
    func briefly(seconds: Int) {
        var world = World.hot(level: .automatic)
        world.pass(1)
        world.pass(seconds)
        world.pass(5)
        world.look(after: 1 - seconds)
        #expect(world.tip?.state == .running, "\(world.tip?.waitsFor ?? "")")
    }

    @Test("What was stamped by a clock that was ahead may look new once it is right, and then policy waits")
    func overlapping() {
        var world = World.hot(level: .automatic)
        world.pass(600)
        for _ in 0..<80 { world.pass(10) }
        world.look(after: -600)
        #expect(world.tip?.waitsFor?.contains("the server's clock was set back by 10 min") == true)
    }

    @Test("Budgets count it for their own time, and no longer")
    func budgets() {
        var settings = ControlSettings()
        settings.planner.coolDown = .zero
        settings.brakes.budget = 1
        var world = world(restarting: true, settings: settings)
        for (seconds, state) in [(700, TipState.awaitingApproval), (3600, .running)] {
            world.look(after: seconds)
            #expect(world.tip?.state == state, "\(world.tip?.history.last?.note ?? "")")
        }
    }

    @Test("A clock that was behind for a moment leaves brakes as they were")
    func behind() {
        var settings = ControlSettings()
        settings.brakes.budget = 1
        var world = World.hot(settings: settings, level: .automatic)
        world.now = Timestamp(milliseconds: 1_800_000_000_000)
        world.reportAll()
        world.round([Sample.hot("h1")])
        let created = world.operation?.created
        world.carryOutMoves()
        world.round(healthy: [Sample.key("h1")])
        world.pass(-7200)
        #expect(world.loop.operation(1)?.created == world.now)
        world.pass(7200)
        #expect(world.loop.operation(1)?.created == created)
    }

    @Test("A leap of the clock makes no tip ineffective, and no action old")
    func leap() {
        var settings = ControlSettings()
        settings.brakes.budget = 1
        var world = World.hot(settings: settings, level: .automatic)
        world.round([Sample.hot("h1")])
        world.carryOutAll()
        world.look(after: 5)
        #expect(world.tip?.state == .verifying)
        world.look(after: Self.day)
        #expect(world.tip?.state == .verifying)
        guard let tip = world.tip, let action = world.operation?.action else {
            Issue.record("nothing was done")
            return
        }
        #expect(world.loop.policyObjection(to: action, for: tip)?.contains("budget of 1 actions") == true)
        world.look(after: 301)
        #expect(world.tip?.state == .ineffective)
    }
}
