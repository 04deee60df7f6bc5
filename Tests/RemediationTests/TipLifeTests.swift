import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("Tips: parts, silence, stories, effects")
struct TipLifeTests {
    @Test("A part of a plan can be approved, and a step sent elsewhere within the rules")
    func parts() throws {
        var world = World.roomy()
        world.round([Sample.hot("h1")])
        let planned = try #require(world.tip?.plan?.actions.first)
        let other = planned.hosts.last?.text == "h2" ? "h3" : "h2"
        world.expect(
            .refused("the plan of tip 1 has no step 4: it has 1"),
            for: .approvePart(tip: 1, snapshotVersion: nil, PlanChoice(steps: [4])))
        guard
            case .refused(let reason) = world.ask(
                .approvePart(tip: 1, snapshotVersion: nil, PlanChoice(destinations: [1: Sample.host("h1")])))
        else {
            Issue.record("a VM was sent to where it is")
            return
        }
        #expect(reason.contains("step 1 cannot go to h1"))
        #expect(world.tip?.state == .awaitingApproval)
        world.expect(
            .done(tip: 1, operation: 1),
            for: .approvePart(tip: 1, snapshotVersion: nil, PlanChoice(destinations: [1: Sample.host(other)])))
        #expect(world.operation?.move?.destination.text == other)
        #expect(world.journal.audit.contains { $0.detail.contains("approved step 1 to \(other)") })
    }

    @Test("What was dismissed for a time stays quiet for so long")
    func dismissedFor() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.expect(.done(tip: 1), for: .dismiss(tip: 1, reason: "batch", quietFor: .seconds(7200)))
        world.look(after: 7000)
        #expect(world.loop.openTips.isEmpty)
        world.restart()
        world.round([Sample.hot("h1")])
        #expect(world.loop.openTips.isEmpty, "another run of the server knows as well")
        world.look(after: 300)
        #expect(world.loop.openTips.map(\.number) == [2])
    }

    @Test("A time that is shorter than the pack's own counts as well")
    func dismissedForLess() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.expect(.done(tip: 1), for: .dismiss(tip: 1, reason: "batch", quietFor: .seconds(120)))
        world.look(after: 61)
        #expect(world.loop.openTips.isEmpty)
        world.look(after: 61)
        #expect(world.loop.openTips.map(\.number) == [2])
    }

    @Test("Tips of one rule in one cluster that come together are one story, and each keeps since when it is true")
    func story() {
        var world = World.hot()
        world.add("h3", use: 0.9, machines: [4: 1])
        world.round([Sample.hot("h1")])
        world.pass(60)
        world.reportAll()
        world.round([Sample.hot("h1"), Sample.hot("h3")])
        #expect(world.loop.tip(1)?.story == nil && world.loop.tip(2)?.story == 1)
        #expect(world.loop.tip(1)?.since == Timestamp(milliseconds: 0))
    }

    @Test("A dead switch is one story: the same alert of every host behind it, and the alerts of their VMs")
    func deadSwitch() {
        var world = World.hot()
        for number in 3...8 { world.add("h\(number)", use: 0.1, machines: [number + 1: 0.1]) }
        func gone(_ host: Int) -> ActiveAlert {
            var alert = Sample.hot("h\(host)", alert: "LinkDown", approval: .advise)
            alert.tip?.remediation = "notify"
            return alert
        }
        func unheard(_ machine: Int) -> ActiveAlert {
            var alert = gone(3)
            alert.alert = "GuestSilent"
            alert.tip?.subject = .virtualMachine(Sample.machine(machine), cluster: World.cluster)
            return alert
        }
        world.round((3...8).map(gone))
        world.pass(60)
        world.reportAll()
        world.round((3...8).map(gone) + (4...9).map(unheard))
        let tips = world.loop.openTips
        #expect(tips.count == 12)
        #expect(tips.filter { $0.story == nil }.map(\.number) == [1] && tips.allSatisfy { ($0.story ?? 1) == 1 })
        world.restart()
        #expect(world.loop.openTips.map(\.story) == tips.map(\.story))
        // What comes much later, or elsewhere, is another story.
        world.pass(700)
        world.reportAll()
        world.round((3...8).map(gone) + (4...9).map(unheard) + [gone(2)])
        #expect(world.loop.openTips.last?.story == nil)
    }

    @Test("The values that led to a tip are kept with it, once, over a restart")
    func windows() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        let series = EvidenceSeries(labels: ["host": "h1"], values: [0.5, nil, 0.9])
        let window = EvidenceWindow(query: "q", from: world.now, stepSeconds: 20, series: [series])
        world.take(.evidence(tip: 1, [window], time: world.now))
        world.take(.evidence(tip: 1, [], time: world.now))
        world.take(.evidence(tip: 9, [window], time: world.now))
        world.restart()
        #expect(world.loop.tip(1)?.windows == [window])
    }

    @Test("A tip that is not about loads clears without speaking of them")
    func clearedWithoutLoads() {
        var world = World.hot()
        var fan = Sample.hot("h1", alert: "FanFails", hasVerification: false)
        fan.tip?.remediation = "notify"
        fan.tip?.terms.arguments = [:]
        world.round([fan])
        world.pass(5)
        world.round()
        #expect(world.tip?.state == .cleared && world.tip?.history.last?.note == "its rule finds it no more")
    }

    @Test("What was predicted is held against what came, once the loads show it")
    func measured() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.ask(.approve(tip: 1))
        world.carryOutAll()
        world.look(after: 30)
        #expect(world.operation?.measured == nil, "the window reaches back before the move")
        world.use = [Sample.host("h1"): 0.58, Sample.host("h2"): 0.4]
        world.look(after: 60)
        #expect(world.operation?.measured?.sourceProcessor == 0.58)
        #expect(world.operation?.measured?.sourceMemory != nil)
        #expect(world.journal.state.endedOperations.last?.measured?.destinationProcessor == 0.4)
        #expect(world.operation?.log.last?.text.contains("measured 58 %") == true)
    }
}
