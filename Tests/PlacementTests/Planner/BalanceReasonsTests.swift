import FleetModel
import Placement
import Testing

@Suite("What balancing leaves alone, and why")
struct BalanceReasonsTests {
    private func balance(
        _ hosts: [PlacementHost], hours: Int = 12, reserve: Int = 0, moves: Int = 8
    ) -> PlanOutcome {
        var limits = PlannerLimits(maximumMoves: moves)
        limits.stabilityWindow = .seconds(3600 * hours)
        return Planner(limits: limits).plan(
            .balanceCluster(Fleets.cluster, aggressiveness: 3),
            on: FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, reserve: reserve))
    }

    /// `a` is at 45 % with three VMs of one LP each, `b` at 20 %.
    private func uneven(_ machines: [PlacementVM]? = nil) -> [PlacementHost] {
        [
            Fleets.host("a", use: 0.45, machines ?? (1...3).map { Fleets.machine($0, use: 1) }),
            Fleets.host("b", use: 0.2),
        ]
    }

    private func reason(_ outcome: PlanOutcome, _ machine: String, to host: String? = nil) -> String? {
        outcome.rejected.first {
            $0.virtualMachine == machine && $0.destination == host.map(Fleets.hostName)
        }?.reason
    }

    @Test("a move that is not worth its cost is named with what it would save of it")
    func notWorth() throws {
        let outcome = balance(uneven(), hours: 1)
        #expect(outcome.plan == nil)
        for number in 1...3 {
            let words = try #require(reason(outcome, "vm-\(number)", to: "b"))
            #expect(words.hasPrefix("over 60 min it would save ") && words.hasSuffix(" % of what it costs"), "\(words)")
            let share = try #require(words.split(separator: " ").compactMap { Int($0) }.last)
            #expect((1..<100).contains(share), "\(words)")
        }
    }

    @Test("the longer the plan is to hold, the larger the share that a move saves, until it is made")
    func window() {
        let share = { (hours: Int) -> Int in
            let words = reason(balance(uneven(), hours: hours), "vm-1", to: "b") ?? ""
            return words.split(separator: " ").compactMap { Int($0) }.last ?? 0
        }
        #expect(share(2) > share(1))
        #expect(!balance(uneven(), hours: 48).moves.isEmpty)
    }

    @Test("a move that would make things worse is said to")
    func worse() {
        let giant = Fleets.machine(1, use: 3)
        let outcome = balance([Fleets.host("a", use: 0.4, [giant]), Fleets.host("b", use: 0.3)])
        #expect(reason(outcome, "vm-1", to: "b") == "it would make the balance no better")
    }

    @Test("what only the number of moves forbids is said, beside the moves that are made")
    func full() throws {
        let outcome = balance(uneven((1...6).map { Fleets.machine($0, use: 0.55) }), hours: 480, moves: 1)
        let plan = try #require(outcome.plan)
        #expect(plan.actions.count == 1)
        #expect(outcome.rejected.contains { $0.reason.contains("a plan makes at most 1 move") }, "\(outcome.rejected)")
        let moved = Set(plan.actions.map(\.virtualMachineName))
        #expect(!outcome.rejected.contains { moved.contains($0.virtualMachine) })
    }

    @Test("a VM that rests, one that must stay, and one that no host may take have their own reasons")
    func obstacles() {
        let machines = [
            Fleets.machine(1, use: 1, lastMoved: Fleets.time - .seconds(60)),
            Fleets.machine(2, use: 1, immovable: "it is a pet"), Fleets.machine(3, use: 1),
        ]
        let outcome = balance(uneven(machines), hours: 1)
        #expect(reason(outcome, "vm-1")?.hasPrefix("it was moved 60 s ago") == true)
        #expect(reason(outcome, "vm-2") == "it must stay: it is a pet")
        let full = [uneven()[0], Fleets.host("b", use: 0.2, gib: 4, [Fleets.machine(9, use: 0.1, gib: 3)])]
        #expect(reason(balance(full), "vm-1", to: "b")?.contains("promised") == true)
    }

    @Test("a host that takes nothing is named once")
    func closedHost() {
        let hosts = uneven() + [Fleets.host("c", use: 0.1, unavailable: "it is drained")]
        #expect(reason(balance(hosts, hours: 1), "any VM", to: "c") == "it is not available: it is drained")
    }

    @Test("what the reserve forbids is named")
    func reserve() {
        // b would do well for either VM of a, but only as long as it is empty can it take c's VM if c fails.
        let hosts = [
            Fleets.host("a", use: 0.6, gib: 10, [Fleets.machine(1, use: 2), Fleets.machine(2, use: 2)]),
            Fleets.host("b", use: 0.1, gib: 33),
            Fleets.host("c", use: 0.35, gib: 33, [Fleets.machine(4, use: 1, gib: 30)]),
        ]
        #expect(!balance(hosts, hours: 48).moves.isEmpty)
        let kept = balance(hosts, hours: 48, reserve: 1)
        #expect(kept.moves.isEmpty)
        #expect(
            kept.rejected.contains {
                $0.reason == "with the moves before it the cluster could no longer lose any host"
            },
            "\(kept.rejected)")
    }
}
