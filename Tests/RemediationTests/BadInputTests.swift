import FleetModel
import Placement
import Remediation
import Testing

@Suite("What comes at the wrong time")
struct BadInputTests {
    @Test("Whatever a tip's end, approving it is refused with who ended it, when and why")
    func ended() {
        let ends: [(TipState, (inout World) -> Void)] = [
            (.dismissed, { $0.ask(.dismiss(tip: 1, reason: "batch"), by: "bob") }),
            (.expired, { $0.pass(3601) }),
            (.superseded, { $0.round([Sample.hot("h1"), Sample.hot("h1", alert: "Burning", level: .critical)]) }),
            (.cleared, { $0.round(healthy: [Sample.key("h1")]) }),
        ]
        for (state, end) in ends {
            var world = World.hot()
            world.round([Sample.hot("h1")])
            world.pass(5)
            world.reportAll()
            end(&world)
            #expect(world.loop.tip(1)?.state == state)
            for _ in 0..<2 {
                guard case .refused(let reason) = world.ask(.approve(tip: 1)) else {
                    Issue.record("a tip that was \(state.rawValue) was approved")
                    continue
                }
                #expect(reason.contains("tip 1 has ended: \(state.rawValue) by "), "\(reason)")
                #expect(world.loop.openOperations.isEmpty)
                world.restart()
            }
        }
    }

    @Test("Two who approve at the same moment: one plan is carried out, and the other hears who was first")
    func twice() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        let version = world.tip?.plan?.snapshotVersion
        world.expect(.done(tip: 1, operation: 1), for: .approve(tip: 1, snapshotVersion: version), by: "ann")
        world.expect(
            .refused("tip 1 was approved already by ann at 1970-01-01T00:16:40Z"),
            for: .approve(tip: 1, snapshotVersion: version), by: "bob")
        #expect(world.loop.openOperations.count == 1)
    }

    @Test("A plan whose destination bears another name by now is made anew, and its approval is void")
    func renamedDestination() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        let version = world.tip?.plan?.snapshotVersion
        #expect(world.tip?.plan?.actions.first?.hosts.map(\.text) == ["h1", "h2"])
        // The agent of h2 was set up again as h9: h2 says nothing any more.
        world.pass(20)
        world.report("h1")
        world.add("h9", use: 0.05, machines: [:])
        world.round([Sample.hot("h1")])
        world.pass(30)
        world.report("h1")
        world.report("h9")
        guard case .refused(let reason) = world.ask(.approve(tip: 1, snapshotVersion: version)) else {
            Issue.record("a VM was sent to a host that is not there")
            return
        }
        #expect(reason.contains("the plan no longer holds") && reason.contains("h2"), "\(reason)")
        #expect(world.loop.openOperations.isEmpty && world.tip?.state == .awaitingApproval)
        #expect(world.tip?.plan?.actions.first?.hosts.map(\.text) == ["h1", "h9"])
        world.expect(.done(tip: 1, operation: 1), for: .approve(tip: 1))
    }

    @Test("A plan whose source bears another name by now is refused in words, and no VM is moved twice")
    func renamedSource() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        for number in 1...3 { world.relocate(number, to: "h2") }
        world.reportAll()
        guard case .refused(let reason) = world.ask(.approve(tip: 1)) else {
            Issue.record("a VM was moved from where it is not")
            return
        }
        #expect(
            reason.contains("is on h2 now, not on h1") && reason.contains("no VM runs on it"), "\(reason)")
        #expect(world.openCommands.isEmpty)
    }

    @Test("A clock that jumps a day ahead expires nothing, and says so; set right again, policy goes on")
    func clockAhead() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.pass(86_400)
        #expect(world.tip?.state == .awaitingApproval)
        #expect(
            world.journal.audit.contains {
                $0.event == "clock.set" && $0.detail.contains("no tip expires for that")
            })
        world.pass(3500)
        #expect(world.tip?.state == .awaitingApproval)
        world.pass(-86_400)
        world.reportAll()
        world.ask(.changePolicy(.setAutomation(AutomationRule(scope: .fleet, level: .automatic))))
        #expect(world.loop.openOperations.isEmpty, "nothing is measured yet")
        world.look(after: 61)
        #expect(world.tip?.state == .running, "\(world.tip?.history.last?.note ?? "")")
    }

    @Test("After a leap of the clock tips expire when they are as old as they may be")
    func expiresAfterLeap() {
        var world = World.hot()
        world.round([Sample.hot("h1")])
        world.pass(86_400)
        world.pass(3601)
        #expect(world.tip?.state == .expired)
    }

    @Test("A clock that is set back by a day keeps policy from acting, and says until when; operators go on")
    func clockBack() {
        var world = World.hot(level: .automatic)
        world.now = Timestamp(milliseconds: 1_800_000_000_000)
        world.restart()
        world.reportAll()
        world.look(after: -86_400)
        #expect(world.tip?.state == .awaitingApproval)
        #expect(world.tip?.history.last?.note.contains("the server's clock was set back by") == true)
        #expect(world.tip?.history.last?.note.contains("after a restart of the server") == true)
        world.expect(.done(tip: 1, operation: 1), for: .approve(tip: 1))
    }
}
