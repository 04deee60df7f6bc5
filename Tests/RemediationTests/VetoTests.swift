import FleetModel
import Placement
import Testing

@testable import Remediation

@Suite("What stands against an action, each by itself")
struct VetoTests {
    @Test("Holds it back, and says why", arguments: Veto.later + Veto.notByPolicy + Veto.never)
    func holds(veto: Veto) {
        var world = veto.base()
        let before = veto.verdict(in: world)
        veto.cause(&world)
        let after = veto.verdict(in: world)
        let reason: String
        switch (veto.kind, after) {
        case (.later, .later(let text)), (.notByPolicy, .notByPolicy(let text)), (.never, .never(let text)):
            reason = text
        default:
            Issue.record("\(String(describing: after))")
            return
        }
        #expect(reason.contains(veto.words), "\(reason)")
        // What is wrong with the action itself was so before.
        #expect(before == nil || before == after, "\(String(describing: before))")
        if let spared = veto.spared {
            #expect(Veto.verdict(on: spared, by: veto.standing, in: world) == nil, "it holds back what is well")
        }
    }

    @Test("An operator's approval is held back by its turn, and not by what only policy heeds")
    func approved() {
        for veto in Veto.later {
            var world = veto.base()
            veto.cause(&world)
            #expect(Veto.verdict(on: veto.move, by: .approved, in: world) == veto.verdict(in: world), "\(veto)")
        }
        for veto in Veto.notByPolicy {
            var world = veto.base()
            veto.cause(&world)
            if case .notByPolicy(let reason) = Veto.verdict(on: veto.move, by: .approved, in: world) {
                Issue.record("\(veto): \(reason)")
            }
        }
    }

    @Test("Where nothing is wrong nothing is said against an action", arguments: [Standing.policy, .approved, .named])
    func nothing(standing: Standing) {
        #expect(Veto.verdict(on: (1, "h1", "h2"), by: standing, in: Veto.calm()) == nil)
    }

    @Test("Failures are those of this hour, and no others")
    func breakerEnds() {
        var world = Veto.calm()
        Veto.limit(.failuresPerHour, 1, &world)
        #expect(Veto.verdict(on: (1, "h1", "h2"), by: .policy, in: world) == nil)
        world.set(.automatic)
        while let command = world.openCommands.first { world.answer(command, .failed("no room")) }
        #expect(world.operation?.state == .failed && world.operation?.requestedBy == Actor.policy)
        world.set(.operator)
        world.pass(5)
        Veto.again(&world)
        guard case .notByPolicy = Veto.verdict(on: (1, "h1", "h2"), by: .policy, in: world) else {
            Issue.record("policy goes on after a failure")
            return
        }
        world.pass(3700)
        Veto.again(&world)
        #expect(Veto.verdict(on: (1, "h1", "h2"), by: .policy, in: world) == nil)
    }

    @Test("Policy approves nothing while everything is stopped")
    func stoppedApproval() {
        var world = Veto.calm()
        world.ask(.hold(.fleet, reason: "storm"))
        world.set(.automatic)
        #expect(world.tip?.state == .awaitingApproval)
        #expect(world.tip?.history.last?.note.contains("policy: everything is stopped by ann") == true)
    }
}
