import FleetModel
import Placement
import Testing

@Suite("Relief for which others make room")
struct ReliefChainTests {
    private static let limits = PlannerLimits(processorCeiling: 0.8, maximumMoves: 4)

    private func relief(_ hosts: [PlacementHost], reserve: Int = 0, limits: PlannerLimits = limits) -> PlanOutcome {
        Planner(limits: limits).plan(
            .relieveHost(Fleets.hostName("a"), resource: .processor, target: 0.6),
            on: FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, reserve: reserve))
    }

    /// The VM of `a` is too large for the memory of `b`, which a small VM could leave for `c`; `c` has too little
    /// processor time for it.
    private let hosts = [
        Fleets.host("a", use: 0.9, gib: 64, [Fleets.machine(1, use: 3, gib: 20)]),
        Fleets.host(
            "b", use: 0.2, gib: 32, [Fleets.machine(2, use: 0.5, gib: 14), Fleets.machine(3, use: 0.5, gib: 4)]),
        Fleets.host("c", use: 0.6, gib: 64),
    ]

    @Test("a small VM leaves the destination first, and the step that needs its room waits for it")
    func makesRoom() throws {
        let outcome = relief(hosts)
        let plan = try #require(outcome.plan)
        #expect(outcome.moves == ["vm-2>c", "vm-1>b"])
        #expect(plan.actions[0].after == [] && plan.actions[1].after == [0])
        #expect(plan.explanation.contains("In this order: vm-2 from b to c, vm-1 from a to b."))
        #expect(try #require(plan.actions[1].prediction.sourceProcessor).after <= 0.6)
    }

    @Test("not beyond the budget of moves, not with a VM that must stay, and not where a move alone will do")
    func withinLimits() {
        var few = Self.limits
        few.maximumMoves = 1
        #expect(relief(hosts, limits: few).moves.isEmpty)
        var bound = hosts
        bound[1].virtualMachines[0].immovable = "it is paused"
        #expect(relief(bound).moves.isEmpty)
        var roomy = hosts
        roomy[1].memory = .gibibytes(64)
        roomy[1].memoryAvailable = .gibibytes(46)
        #expect(relief(roomy).moves == ["vm-1>b"])
    }

    @Test("not where a host could then no longer be lost")
    func reserve() {
        let spare = Fleets.host("d", use: 0.75, gib: 22)
        let withSpare = hosts + [spare]
        let plain = relief(withSpare)
        #expect(plain.moves == ["vm-2>c", "vm-1>b"])
        let guarded = relief(withSpare, reserve: 1)
        #expect(guarded.moves.isEmpty || guarded.moves == plain.moves)
        for action in guarded.plan?.actions ?? [] where action.after?.isEmpty != false {
            let snapshot = FleetSnapshot(version: 1, time: Fleets.time, hosts: withSpare, reserve: 1)
            #expect(Planner(limits: Self.limits).objection(to: action, on: snapshot, automatic: true) == nil)
        }
    }
}
