import FleetModel
import Remediation
import RulePacks
import Testing

@Suite("The life of a tip")
struct TipMachineTests {
    @Test("What has ended stays ended", arguments: TipState.allCases.filter(\.isFinal))
    func endsAreFinal(state: TipState) {
        for step in TipStep.allCases { #expect(TipMachine.next(state, step) == nil) }
    }

    @Test("From every station there is a way to an end", arguments: TipState.allCases)
    func everyStationLeadsToAnEnd(state: TipState) {
        #expect(!Self.reachable(from: state).filter(\.isFinal).isEmpty)
    }

    @Test("Every station can be reached from the first")
    func everyStationIsReachable() {
        #expect(Self.reachable(from: .raised) == Set(TipState.allCases))
    }

    @Test("Nothing runs that was not approved, nothing is resolved that did not run")
    func orderOfStations() {
        for state in TipState.allCases {
            if TipMachine.next(state, .begin) != nil { #expect([.approved, .running].contains(state)) }
            if TipMachine.next(state, .approve) != nil { #expect(state == .awaitingApproval) }
            for step in TipStep.allCases {
                let next = TipMachine.next(state, step)
                if next == .verifying { #expect(state == .running) }
                if next == .resolved || next == .ineffective { #expect(state == .verifying) }
            }
        }
    }

    @Test("A step that is taken is in the history; one that is not allowed changes nothing")
    func history() {
        var machine = TipMachine(Self.tip)
        let first = Timestamp(milliseconds: 1000)
        let tooEarly = machine.take(.approve, at: first, by: "ann", "yes")
        #expect(!tooEarly)
        #expect(machine.tip == Self.tip)
        machine.take(.ask, at: first, by: Actor.evenkeel, "plan")
        let second = Timestamp(milliseconds: 2000)
        machine.take(.approve, at: second, by: "ann", "yes")
        machine.note("still there", at: Timestamp(milliseconds: 2500))
        #expect(machine.tip.state == .approved)
        #expect(machine.tip.approval?.actor == "ann")
        #expect(machine.tip.inStateSince == second)
        #expect(machine.tip.history.map(\.state) == [.awaitingApproval, .approved, .approved])
    }

    @Test("Of a wait only the latest reason is kept")
    func waits() {
        var machine = TipMachine(Self.tip)
        let first = machine.wait(for: "h2 is at 80 %", at: Timestamp(milliseconds: 1))
        let second = machine.wait(for: "h2 is at 81 %", at: Timestamp(milliseconds: 2))
        #expect(first && !second)
        #expect(machine.tip.history.map(\.note) == ["waits: h2 is at 81 %"])
        machine.take(.ask, at: Timestamp(milliseconds: 3), by: Actor.evenkeel, "plan")
        let third = machine.wait(for: "h2 is at 82 %", at: Timestamp(milliseconds: 4))
        #expect(third)
        #expect(machine.tip.history.count == 3)
    }

    private static let tip = Tip(
        number: 1, pack: "p", alert: "a", subject: Sample.key("h1").subject, level: .warning, title: "t", body: "b",
        knowledge: "k", evidence: [], remediation: "relieve-host", raised: Timestamp(milliseconds: 0),
        updated: Timestamp(milliseconds: 0))

    private static func reachable(from state: TipState) -> Set<TipState> {
        var found: Set<TipState> = [state]
        var open = [state]
        while let next = open.popLast() {
            for step in TipStep.allCases {
                if let after = TipMachine.next(next, step), found.insert(after).inserted { open.append(after) }
            }
        }
        return found
    }
}
