import FleetModel
import Placement
import Testing

/// Plans of a fleet that cannot lose every host as it is.
@Suite("Plans and failures")
struct PlansAndFailuresTests {
    private static let requests: [PlanRequest] = [
        .relieveHost(Fleets.hostName("h0"), resource: .processor, target: 0.5),
        .relieveCluster(Fleets.cluster, target: 0.6), .balanceCluster(Fleets.cluster, aggressiveness: 5),
        .evacuateHost(Fleets.hostName("h1")), .drainHost(Fleets.hostName("h1")), .consolidateCluster(Fleets.cluster),
    ]

    @Test("at no prefix of any plan, and with any step failed, does the loss of any host cost more than at the start")
    func everyPrefix() {
        let planner = Planner(limits: PlannerLimits(processorCeiling: 0.8, memoryCeiling: 1, maximumMoves: 20))
        var (plans, unproved) = (0, 0)
        for seed in UInt64(0)..<120 {
            var tiny = TinyPacker(
                seed: seed, hosts: 4, machines: 9, resources: 1, tightness: [0.5, 1, 1.6][Int(seed % 3)])
            tiny.addRules(seed: seed)
            tiny.together = []
            let before = tiny.sets(1).map { tiny.leastLoss($0) }
            let snapshot = tiny.snapshot(reserve: 1, seed: seed)
            for request in Self.requests {
                guard let plan = planner.plan(request, on: snapshot).plan else { continue }
                plans += 1
                unproved += before.contains { $0 > 0 } ? 1 : 0
                for skipped in [nil] + plan.actions.indices.map(Optional.some) {
                    var now = tiny.places
                    for (step, action) in plan.actions.enumerated() where step != skipped {
                        if let skipped, action.after?.contains(skipped) == true { continue }
                        tiny.apply(action, &now)
                        for failed in tiny.rooms.indices {
                            let loss = tiny.leastLoss([failed], at: now)
                            #expect(
                                loss <= before[failed], "seed \(seed), \(request), step \(step), without h\(failed)")
                        }
                    }
                }
            }
        }
        #expect(plans > 40 && unproved > 15, "\(plans) \(unproved)")
    }

    @Test("a host in maintenance is emptied in a cluster that cannot lose another one, but not if that costs a proof")
    func maintenance() {
        let planner = Planner(limits: PlannerLimits(memoryCeiling: 1))
        let empties = { (gib: [Int64], room: Int64, isClosed: Bool) in
            var hosts = (0..<3).map { place in
                let machines = gib.enumerated().map { Fleets.machine(place * 10 + $0 + 1, use: 0.1, gib: $1) }
                return Fleets.host("h\(place)", use: 0.1, gib: room, machines)
            }
            if isClosed { hosts[0].closedReason = "new memory" }
            let fleet = FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, reserve: 1)
            return planner.plan(.evacuateHost(Fleets.hostName("h0")), on: fleet).plan != nil
        }
        #expect(empties([3, 3], 20, true), "two hosts with 9 GiB each can lose one another")
        #expect(!empties([4, 4], 16, true), "with h0 closed h1 and h2 can lose one another: not any more without it")
        #expect(empties([5, 5], 16, true), "with h0 closed they cannot anyway")
        #expect(!empties([5, 5], 16, false))
    }

    @Test("a host that rests after a move counts as a refuge for a plan, for its re-check and for the reserve alike")
    func restingHosts() throws {
        let hosts = { (moved: Timestamp?) in
            [
                Fleets.host("a", use: 0.9, gib: 16, [Fleets.machine(1, use: 3), Fleets.machine(2, use: 3.5)]),
                Fleets.host("b", use: 0.1, gib: 16), Fleets.host("c", use: 0.1, gib: 16, lastMoved: moved),
            ]
        }
        let planner = Planner()
        let request = PlanRequest.relieveHost(Fleets.hostName("a"), resource: .processor, target: 0.6)
        for moved in [nil, Fleets.time - .seconds(60)] {
            let fleet = FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts(moved), reserve: 1)
            #expect(planner.reserve(of: Fleets.cluster, failures: 1, on: fleet).holds)
            let plan = try #require(planner.plan(request, on: fleet).plan)
            #expect(planner.objection(to: plan.actions[0], on: fleet, automatic: true) == nil)
        }
    }
}
