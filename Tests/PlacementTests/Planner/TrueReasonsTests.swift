import FleetModel
import Placement
import Testing

@Suite("What a plan says is so")
struct TrueReasonsTests {
    private func consolidate(_ hosts: [PlacementHost], reserve: Int = 0) -> PlanOutcome {
        Planner().plan(
            .consolidateCluster(Fleets.cluster),
            on: FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, reserve: reserve))
    }

    private func hosts(_ machines: Int, immovable: String? = nil) -> [PlacementHost] {
        (0..<3).map { host in
            Fleets.host(
                "h\(host)", processors: 32, use: 0.1, gib: 256,
                (1...machines).map { Fleets.machine(host * 10 + $0, use: 0.1, immovable: immovable) })
        }
    }

    @Test("each host that cannot be emptied has its own reason, which is not always room")
    func consolidation() {
        let many = consolidate(hosts(9))
        #expect(many.rejected.count == 3)
        #expect(many.rejected.allSatisfy { $0.reason.contains("its 9 VMs are more than the 8 moves that are left") })
        let pinned = consolidate(hosts(1, immovable: "it is a pet"))
        #expect(pinned.rejected.first?.reason == "h0: it must stay: it is a pet")
        #expect(pinned.reason?.contains("room") == false)
        let full = (0..<3).map { Fleets.host("h\($0)", use: 0.7, [Fleets.machine($0 + 1, use: 4)]) }
        #expect(consolidate(full).rejected.first?.reason == "h0: no other host has room for it")
        let giant = [
            Fleets.host("a", use: 0.1, [Fleets.machine(1, use: 0.1, gib: 60)]), Fleets.host("b", use: 0, gib: 8),
        ]
        #expect(consolidate(giant, reserve: 1).reason?.hasSuffix("its reserve does not hold as it is") == true)
        #expect(
            consolidate(hosts(2)).rejected.contains {
                $0.reason.contains("must be left") || $0.reason.contains("takes VMs")
            })
    }

    @Test("a plan that relieves some of a cluster's hot hosts does not say that it relieves all")
    func clusterRelief() throws {
        let hot = (0..<4).map { host in
            Fleets.host("h\(host)", use: 0.9, (1...4).map { Fleets.machine(host * 10 + $0, use: 1.8) })
        }
        let cool = (4..<8).map { Fleets.host("h\($0)", use: 0.05) }
        let plan = { (moves: Int) in
            Planner(limits: PlannerLimits(maximumMoves: moves)).plan(
                .relieveCluster(Fleets.cluster, target: 0.75), on: Fleets.snapshot(hot + cool)
            ).plan
        }
        let whole = try #require(plan(8))
        #expect(whole.explanation.contains("fewer than 4 cannot"))
        let part = try #require(plan(2))
        #expect(part.actions.count == 2)
        #expect(part.explanation.contains("2 moves relieve 2 of the 4 hosts"))
        #expect(part.explanation.contains("a plan makes at most 2 moves"))
    }

    @Test("where virtual processors are limited, those that are unknown are not taken for none")
    func unknownProcessors() {
        let hosts = { (known: Int?) in
            [
                Fleets.host(
                    "a", use: 0.9, [Fleets.machine(1, use: 3, processors: 4), Fleets.machine(2, use: 3, processors: 4)]),
                Fleets.host("b", use: 0.1, [Fleets.machine(3, use: 0.1, processors: known)]),
            ].map { host in
                var host = host
                host.traits.processorOverCommit = 1
                return host
            }
        }
        let relieve = { (known: Int?) in
            Planner().plan(
                .relieveHost(Fleets.hostName("a"), resource: .processor, target: 0.6), on: Fleets.snapshot(hosts(known))
            )
        }
        #expect(relieve(2).moves.count == 1)
        #expect(relieve(6).moves.isEmpty)
        #expect(relieve(nil).moves.isEmpty)
        #expect(relieve(nil).rejected.contains { $0.reason == "the virtual processors of its VMs are unknown" })
    }
}

@Suite("Emptying hosts under rules")
struct EmptyingTests {
    private func evacuate(_ hosts: [PlacementHost], _ rules: [PlacementRule]) -> PlanOutcome {
        Planner().plan(
            .evacuateHost(Fleets.hostName("a")),
            on: FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, rules: rules))
    }

    private func host(_ name: String, _ domain: String, _ machines: [PlacementVM] = []) -> PlacementHost {
        var host = Fleets.host(name, use: 0.2, machines)
        host.traits.failureDomain = domain
        return host
    }

    @Test("several VMs of one spread leave a host in one plan, wherever any outcome of their moves keeps it")
    func spread() {
        let machines = [Fleets.machine(1, use: 0.1), Fleets.machine(2, use: 0.1)]
        let rule = PlacementRule.spread([1, 2, 3].map(Fleets.id), domains: 2)
        // The third VM is in the other domain. Were both to go there, all three could end up in one.
        let hosts = [host("a", "1", machines), host("b", "2", [Fleets.machine(3, use: 0.1)]), host("c", "1")]
        let moves = evacuate(hosts, [rule]).moves
        #expect(moves.count == 2 && moves.contains { $0.hasSuffix(">c") })
        let bad = evacuate([hosts[0], hosts[1]], [rule])
        #expect(bad.reason?.contains("would have to stay") == true)
        #expect(
            bad.rejected.contains {
                $0.reason.contains("failure domains if a move of another one fails")
                    || $0.reason.contains("failure domains, at")
            })
        // All are in one domain already: nothing gets worse.
        #expect(evacuate([hosts[0], host("c", "1")], [rule]).moves.count == 2)
    }

    @Test("a VM that must share a host with one that stays says that, and not that room is short")
    func pair() {
        let machines = [Fleets.machine(1, use: 0.1), Fleets.machine(2, use: 0.1, immovable: "it is paused")]
        let outcome = evacuate(
            [host("a", "1", machines), host("b", "2")], [.together([Fleets.id(1), Fleets.id(2)])])
        #expect(
            outcome.rejected.map(\.reason) == [
                "it must share a host with vm-2: it must stay: it is paused", "it must stay: it is paused",
            ])
    }
}
