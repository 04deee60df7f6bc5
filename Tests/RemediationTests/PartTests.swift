import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("A part of a plan")
struct PartTests {
    /// A plan of several moves off h1, of which ann approves the second.
    private func world(level: AutomationLevel = .operator) throws -> World {
        var settings = ControlSettings()
        settings.brakes.failures = 1
        settings.brakes.ineffectiveTips = 1
        settings.planner.coolDown = .zero
        var world = World.roomy(settings: settings, level: .operator)
        world.round([alert])
        #expect(try #require(world.tip?.plan).actions.count > 1)
        let version = world.tip?.plan?.snapshotVersion
        world.expect(
            .done(tip: 1, operation: 1),
            for: .approvePart(tip: 1, snapshotVersion: version, PlanChoice(steps: [2])))
        world.set(level)
        return world
    }

    private var alert: ActiveAlert {
        var alert = Sample.hot("h1")
        alert.tip?.terms.arguments["target"] = "0.2"
        return alert
    }

    /// Plays the approved move to its end; the loads show it then, as they are given.
    private func carryOut(_ world: inout World, source: Double?, destination: Double?) throws {
        let move = try #require(world.operation?.move)
        world.carryOutAll()
        world.relocate((1...3).first { Sample.machine($0) == move.virtualMachine } ?? 1, to: move.destination.text)
        world.use[move.source] = source
        world.use[move.destination] = destination
        world.pass(5)
        world.reportAll()
        world.round([alert])
        #expect(world.tip?.state == .verifying, "the loads do not show it yet")
        world.pass(61)
        world.reportAll()
        world.round([alert])
    }

    @Test("A tip that is well before the rest of its plan was done has acted: its pack's cool-down counts")
    func wellBeforeTheRest() throws {
        var world = try world()
        try carryOut(&world, source: 0.6, destination: 0.35)
        #expect(world.tip?.number == 1 && world.tip?.state == .awaitingApproval)
        world.pass(30)
        world.reportAll()
        world.round(healthy: [Sample.key("h1")])
        #expect(world.loop.tip(1)?.state == .cleared)
        world.set(.automatic)
        world.pass(30)
        world.reportAll()
        world.round([alert])
        #expect(world.tip?.number == 2 && world.tip?.state == .awaitingApproval)
        #expect(world.tip?.waitsFor?.contains("leaves it alone until") == true, "\(world.tip?.waitsFor ?? "")")
    }

    @Test("A host for a step that is not approved is refused, not forgotten")
    func idleDestination() {
        var world = World.roomy(level: .operator)
        world.round([alert])
        let reply = world.ask(
            .approvePart(
                tip: 1, snapshotVersion: world.tip?.plan?.snapshotVersion,
                PlanChoice(steps: [2], destinations: [1: Sample.host("h3")])))
        let text = String(describing: reply)
        #expect(text.contains("step 1 is given a host and is not among the steps"), "\(text)")
        #expect(world.tip?.state == .awaitingApproval)
    }

    @Test("One that brought what it promised leaves the tip open for the rest, which an operator decides on")
    func kept() throws {
        var world = try world()
        #expect(world.tip?.promises?.map(\.host.text).contains("h1") == true)
        try carryOut(&world, source: 0.62, destination: 0.36)
        #expect(world.tip?.state == .awaitingApproval, "\(world.tip?.history.map(\.note) ?? [])")
        let note = world.tip?.history.last?.note ?? ""
        #expect(note.contains("a part of the plan is done (processor of h1 at 62 %"), "\(note)")
        #expect(world.tip?.actionsDone == 1 && world.tip?.remainingActions.isEmpty == false)
        #expect(world.loop.openHolds.isEmpty)
        world.set(.automatic)
        world.pass(61)
        world.reportAll()
        world.round([alert])
        #expect(
            world.tip?.history.last?.note
                == "waits: policy: ann approved a part of the plan, so an operator decides on what is left")
        guard case .done = world.ask(.approve(tip: 1)) else {
            Issue.record("the rest was not approved")
            return
        }
        #expect(world.tip?.promises == nil && world.tip?.operatorReason == nil)
    }

    @Test("One that did not is ineffective, and says what was promised")
    func broken() throws {
        var world = try world()
        try carryOut(&world, source: 0.9, destination: 0.36)
        #expect(world.tip?.state == .ineffective)
        let note = world.tip?.history.last?.note ?? ""
        #expect(note.contains("did not bring what it promised: processor of h1 at 90 %"), "\(note)")
    }

    @Test("Where nobody can say what it brought the tip goes on, once the time to look is over")
    func unknown() throws {
        var world = try world()
        try carryOut(&world, source: nil, destination: nil)
        #expect(world.tip?.state == .verifying)
        world.pass(300)
        world.reportAll()
        world.round([alert])
        #expect([.awaitingApproval, .planned].contains(world.tip?.state))
        #expect(world.tip?.history.contains { $0.note.contains("nobody can say what it brought") } == true)
    }

    @Test("What was done before a step was refused is held against what it promised itself", arguments: [0.62, 0.9])
    func refusedRest(source: Double) throws {
        var settings = ControlSettings()
        settings.planner.coolDown = .zero
        var world = World.roomy(settings: settings, level: .operator)
        world.round([alert])
        let plan = try #require(world.tip?.plan)
        #expect(plan.actions.count > 1)
        world.expect(.done(tip: 1, operation: 1), for: .approve(tip: 1))
        let move = try #require(world.operation?.move)
        // While the first one is under way all hosts become too busy for another.
        for name in ["h2", "h3"] { world.use[Sample.host(name)] = 0.95 }
        world.round([alert])
        world.carryOutAll()
        world.relocate((1...3).first { Sample.machine($0) == move.virtualMachine } ?? 1, to: move.destination.text)
        world.pass(5)
        world.reportAll()
        world.round([alert])
        #expect(world.tip?.state == .verifying && world.tip?.actionsDone == 1)
        #expect(world.tip?.history.last?.note.contains("was refused right before it began") == true)
        let promise = try #require(world.tip?.promises?.first { $0.host == move.source })
        let predicted = try #require(plan.actions.first?.prediction.sourceProcessor)
        #expect(promise.before == predicted.before && abs(promise.after - predicted.after) < 1e-9)
        world.use[move.source] = source
        world.use[move.destination] = 0.3
        world.pass(61)
        world.reportAll()
        world.round([alert])
        #expect(world.tip?.state == (source < 0.7 ? .planned : .ineffective), "\(world.tip?.history ?? [])")
    }

    @Test("A part that makes the host well resolves the tip")
    func well() throws {
        var world = try world()
        try carryOut(&world, source: 0.62, destination: 0.36)
        var other = try self.world()
        let move = try #require(other.operation?.move)
        other.carryOutAll()
        other.relocate((1...3).first { Sample.machine($0) == move.virtualMachine } ?? 1, to: move.destination.text)
        other.pass(5)
        other.reportAll()
        other.round(healthy: [Sample.key("h1")])
        #expect(other.tip?.state == .resolved)
        #expect(world.tip?.state != .resolved)
    }
}
