import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("From a finding to a checked result")
struct ApprovalTests {
    @Test("A hot host: tip, plan, approval, migration, measurement, resolved")
    func wholeWay() throws {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        let raised = try #require(world.tip)
        #expect(raised.state == .awaitingApproval)
        #expect(raised.plan?.actions.count == 1)
        #expect(raised.evidence.first?.text == "processor at 90 %")

        world.expect(.done(tip: 1, operation: 1), for: .approve(tip: 1))
        #expect(world.tip?.state == .running)
        #expect(world.operation?.requestedBy == "ann")
        let command = try #require(world.issued.first)
        #expect(command.host.text == "h2")
        guard case .prepareIncoming = command.task else {
            Issue.record("the destination is not asked first: \(command.task)")
            return
        }
        world.carryOutAll()
        #expect(world.operation?.state == .succeeded)
        #expect(world.operation?.location?.text == "h2")
        #expect(world.operation?.figures?.downtimeMilliseconds == 12)
        #expect(world.tip?.state == .verifying)

        world.relocate(1, to: "h2")
        world.look(after: 30)
        #expect(world.tip?.state == .verifying, "not healthy yet")
        world.pass(60)
        world.use[Sample.host("h1")] = 0.6
        world.round(healthy: [Sample.key("h1")])
        #expect(world.tip?.state == .resolved)
        #expect(world.tip?.history.last?.note == "measured healthy: processor at 60 % over 60 s")
        #expect(world.journal.state.tips.isEmpty)
        #expect(
            world.journal.audit.map(\.event) == [
                "tip.raised", "tip.awaitingApproval", "tip.approved", "tip.running", "operation.start",
                "operation.succeeded", "tip.verifying", "tip.resolved",
            ])
    }

    @Test("The intent is durable before any host hears of it, and everything that goes with it is one commit")
    func writeAhead() throws {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.ask(.approve(tip: 1))
        guard case .commit(let changes) = world.actions.first else {
            Issue.record("the first action is no commit: \(world.actions)")
            return
        }
        let commits = world.actions.filter { if case .commit = $0 { true } else { false } }
        #expect(commits.count == 1)
        let command = try #require(world.issued.first)
        #expect(changes.contains(.saveCommand(command)))
        #expect(changes.contains { if case .saveOperation(let one) = $0 { !one.checkpoint.isEmpty } else { false } })
        #expect(changes.contains { if case .saveTip(let tip) = $0 { tip.state == .running } else { false } })
    }

    @Test("Approving twice, or what has ended, or what never was, is refused in words")
    func refusals() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.expect(.notFound("there is no tip 9"), for: .approve(tip: 9))
        world.ask(.approve(tip: 1), by: "ann")
        world.expect(
            .refused("tip 1 was approved already by ann at 1970-01-01T00:16:40Z"), for: .approve(tip: 1), by: "bob")
        world.expect(
            .refused("tip 1 is being carried out by operation 1; cancel that first"),
            for: .dismiss(tip: 1, reason: "no"))

        var other = World.hot()
        other.round([Sample.hot("h1")])
        other.expect(
            .refused("say why tip 1 is dismissed: whoever reads the audit log wants to know"),
            for: .dismiss(tip: 1, reason: " "))
        other.expect(.done(tip: 1), for: .dismiss(tip: 1, reason: "planned load test"), by: "bob")
        other.expect(
            .refused("tip 1 has ended: dismissed by bob at 1970-01-01T00:16:40Z (planned load test)"),
            for: .approve(tip: 1))
        other.pass(60)
        other.round([Sample.hot("h1")])
        #expect(other.loop.openTips.isEmpty, "what was dismissed is not raised again at once")
        other.pass(600)
        other.round([Sample.hot("h1")])
        #expect(other.loop.openTips.map(\.number) == [2])
    }

    @Test("What is approved is what was shown: another plan is refused, the same plan made anew is not")
    func shownPlan() throws {
        var world = World.hot()
        world.add("h3", use: 0.1, machines: [:])
        world.round([Sample.hot("h1")])
        let shown = try #require(world.tip?.plan?.snapshotVersion)
        world.expect(
            .refused("the plan of tip 1 has changed since it was shown; look again"),
            for: .approve(tip: 1, snapshotVersion: shown + 1))

        var same = world
        same.set(.operator)
        #expect(same.tip?.plan?.snapshotVersion == shown, "planned anew, with the same actions")
        same.expect(.done(tip: 1, operation: 1), for: .approve(tip: 1, snapshotVersion: shown))

        world.use[Sample.host("h2")] = 0.9
        world.round([Sample.hot("h1")])
        world.set(.operator)
        #expect(world.tip?.plan?.snapshotVersion != shown)
        world.expect(
            .refused("the plan of tip 1 has changed since it was shown; look again"),
            for: .approve(tip: 1, snapshotVersion: shown))
        #expect(world.openCommands.isEmpty)
        world.expect(.done(tip: 1, operation: 1), for: .approve(tip: 1))
    }

    @Test("Nobody approves in the name of policy", arguments: ["policy", "evenkeel"])
    func borrowedName(name: String) {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.expect(
            .refused("'\(name)' is what Evenkeel calls itself: ask under another name"), for: .approve(tip: 1), by: name
        )
        #expect(world.tip?.state == .awaitingApproval)
    }

    @Test("One finding is one tip, updated and not repeated")
    func oneTipPerFinding() {
        var world = World.hot()
        for _ in 0..<5 {
            world.round([Sample.hot("h1")])
            world.pass(10)
            world.reportAll()
        }
        #expect(world.loop.openTips.count == 1)
        #expect(world.journal.lastNumbers.tip == 1)
    }

    @Test("A warning gives way to what is critical about the same host")
    func superseded() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.pass(10)
        let critical = Sample.hot("h1", alert: "HostProcessorSaturated", level: .critical)
        world.round([Sample.hot("h1"), critical])
        #expect(world.loop.tip(1)?.state == .superseded)
        #expect(world.loop.openTips.map(\.level) == [.critical])
        world.round([Sample.hot("h1"), critical])
        #expect(world.loop.openTips.count == 1, "the warning does not come back beside it")
    }

    @Test("While one tip acts on a host, no other is raised for the same remedy")
    func noDuel() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.ask(.approve(tip: 1))
        world.round([Sample.hot("h1"), Sample.hot("h1", alert: "HostProcessorSaturated", level: .critical)])
        #expect(world.loop.openTips.map(\.number) == [1])
    }

    @Test("A host that gets well by itself clears its tip; silence alone is not health")
    func cleared() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.pass(10)
        world.round()
        #expect(world.tip?.state == .awaitingApproval, "nothing is known of h1, which is not the same as well")
        world.round(healthy: [Sample.key("h1")])
        #expect(world.tip?.state == .cleared)
    }

    @Test("Where a pack does not say how health is measured, the alert's silence has to do, unless its rule failed")
    func silence() {
        var world = World.hot()
        world.round([Sample.hot("h1", hasVerification: false)])
        let failure = RuleFailure(
            pack: "host-pressure", rule: "HostProcessorHot", place: SourcePlace(file: "f", line: 1, column: 1),
            reason: "r")
        world.round(failures: [failure])
        #expect(world.tip?.state == .awaitingApproval)
        world.round()
        #expect(world.tip?.state == .cleared)
    }

    @Test("A tip that nobody answers expires")
    func expires() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.pass(3590)
        #expect(world.tip?.state == .awaitingApproval)
        world.pass(20)
        #expect(world.tip?.state == .expired)
    }

    @Test("What is not measured healthy in time was ineffective")
    func ineffective() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.ask(.approve(tip: 1))
        world.carryOutAll()
        world.relocate(1, to: "h2")
        world.pass(290)
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .verifying)
        world.pass(20)
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .ineffective)
    }

    @Test("Level advise plans, and nobody can approve", arguments: [AutomationLevel.advise, .off])
    func advise(level: AutomationLevel) {
        var world = World.hot(level: level)
        world.round([Sample.hot("h1")])
        if level == .off {
            #expect(world.loop.openTips.isEmpty)
        } else {
            #expect(world.tip?.state == .planned)
            #expect(world.tip?.plan != nil)
            world.expect(
                .refused("tip 1 cannot be approved: policy is 'advise' (fleet: advise, policy version 1)"),
                for: .approve(tip: 1))
        }
    }

    @Test("A tip whose host cannot be relieved says why")
    func noPlan() {
        var world = World.hot()
        world.use[Sample.host("h2")] = 0.9
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .planned)
        #expect(world.tip?.planProblem != nil)
        world.use[Sample.host("h2")] = 0.05
        world.look(after: 61)
        #expect(world.tip?.state == .awaitingApproval, "there is room now")
    }
}
