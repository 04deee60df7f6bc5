import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

@Suite("Moves that an operator calls off")
struct CalledOffTests {
    /// Policy moves a VM off h1.
    private func world() -> World {
        var settings = ControlSettings()
        settings.brakes.failures = 1
        var world = World.roomy(settings: settings, level: .automatic)
        world.round([Sample.hot("h1")])
        #expect(world.tip?.state == .running)
        return world
    }

    private func answerAll(_ world: inout World) {
        while let command = world.openCommands.first { world.answer(command, .done) }
        #expect(world.operation?.state == .cancelled)
    }

    @Test("After stop --cancel a tip waits again, says who called its move off, and goes on once the stop is over")
    func stop() {
        var world = world()
        world.ask(.hold(.fleet, reason: "storm", cancelling: true))
        answerAll(&world)
        #expect(world.tip?.state == .awaitingApproval)
        let told = world.tip?.history.map(\.note).joined(separator: "\n") ?? ""
        #expect(told.contains("cancelled by ann") && told.contains("being called off is no failure"), "\(told)")
        #expect(world.journal.audit.contains { $0.event == "operation.cancel" && $0.actor == "ann" })
        #expect(
            world.journal.audit.contains {
                $0.event == "tip.awaitingApproval" && $0.detail.contains("cancelled by ann")
            })
        world.look(after: 61)
        #expect(world.tip?.state == .awaitingApproval && world.openCommands.isEmpty)
        world.restart()
        world.look(after: 61)
        world.expect(.done(), for: .release(.fleet))
        // One failure would have opened the breaker.
        #expect(world.tip?.number == 1 && world.tip?.state == .running, "\(world.tip?.history.last?.note ?? "")")
        #expect(world.loop.openHolds.isEmpty)
    }

    @Test("One that was called off by its number is not begun again by policy, and may be by an operator")
    func byNumber() {
        var world = world()
        world.expect(.done(tip: 1, operation: 1), for: .cancel(operation: 1))
        answerAll(&world)
        for _ in 0..<3 {
            world.look(after: 61)
            #expect(world.tip?.state == .awaitingApproval)
            let note = world.tip?.history.last?.note ?? ""
            #expect(note.contains("ann called operation 1 off, so an operator decides on what is left"), "\(note)")
            world.restart()
        }
        world.look(after: 61)
        world.expect(.done(tip: 1, operation: 2), for: .approve(tip: 1), by: "bob")
        world.carryOutAll()
        #expect(world.tip?.state == .verifying)
    }

    @Test("What was done before stays done, and only what is left is planned anew")
    func partly() throws {
        var world = World.roomy()
        world.round(
            [Sample.hot("h1", approval: .automatic)].map { alert in
                var alert = alert
                alert.tip?.terms.arguments["target"] = "0.2"
                return alert
            })
        let plan = try #require(world.tip?.plan)
        #expect(plan.actions.count > 1)
        world.ask(.approve(tip: 1))
        let first = try #require(world.operation?.move)
        world.carryOutAll()
        world.relocate((1...3).first { Sample.machine($0) == first.virtualMachine } ?? 1, to: first.destination.text)
        world.pass(5)
        world.reportAll()
        let second = try #require(world.loop.openOperations.first?.number)
        world.ask(.cancel(operation: second))
        answerAll(&world)
        #expect([.awaitingApproval, .planned].contains(world.tip?.state))
        #expect(world.tip?.actionsDone == 1 && world.tip?.operations.count == 2)
    }
}
