import FleetModel
import Placement
import Testing

@Suite("Requests about a whole cluster")
struct ClusterRequestTests {
    private let planner = Planner()

    @Test("every hot host is relieved, with the fewest moves, and the plan says which fewer cannot")
    func relieveCluster() throws {
        let hot = { (name: String, first: Int) in
            Fleets.host(name, use: 0.9, (first..<(first + 3)).map { Fleets.machine($0, use: 2) })
        }
        let fleet = [hot("a", 1), hot("b", 11), Fleets.host("c", use: 0.1), Fleets.host("d", use: 0.1)]
        let outcome = planner.plan(.relieveCluster(Fleets.cluster, target: 0.7), on: Fleets.snapshot(fleet))
        #expect(outcome.moves.count == 2)
        #expect(try #require(outcome.plan).explanation.contains("fewer than 2 cannot"))
        let cool = planner.plan(.relieveCluster(Fleets.cluster, target: 0.95), on: Fleets.snapshot(fleet))
        #expect(cool.reason == "no host of cluster c is over 95 %")
        #expect(
            planner.plan(.relieveCluster(Fleets.cluster, target: .nan), on: Fleets.snapshot(fleet)).reason != nil)
    }

    @Test("where the only host with room has to be made room on, the VM that leaves it goes first and is waited for")
    func makingRoom() throws {
        // a's VM of 4 LPs fits only on b, which must give its own VM of 2 LPs to c for it.
        let limits = PlannerLimits(processorCeiling: 0.8)
        let fleet = [
            Fleets.host("a", use: 0.9, [Fleets.machine(1, use: 4), Fleets.machine(2, use: 3.2, immovable: "pinned")]),
            Fleets.host("b", use: 0.5, [Fleets.machine(3, use: 2), Fleets.machine(4, use: 2, immovable: "pinned")]),
            Fleets.host("c", use: 0.45, [Fleets.machine(5, use: 3.6, immovable: "pinned")]),
        ]
        let plan = try #require(
            Planner(limits: limits).plan(.relieveCluster(Fleets.cluster, target: 0.8), on: Fleets.snapshot(fleet)).plan)
        #expect(plan.actions.map(\.virtualMachineName) == ["vm-3", "vm-1"])
        #expect(plan.actions.map(\.after) == [[], [0]])
        #expect(plan.actions.map(\.wave) == [0, 1])
    }

    @Test("steps of one wave are at most two at a time on each host")
    func waves() throws {
        let source = Fleets.host("a", use: 0.3, (1...5).map { Fleets.machine($0, use: 0.3) })
        let plan = try #require(
            planner.plan(.evacuateHost(source.name), on: Fleets.snapshot([source, Fleets.host("b", use: 0.1)])).plan)
        #expect(plan.actions.compactMap(\.wave) == [0, 0, 1, 1, 2])
        #expect(plan.actions.allSatisfy { $0.after == [] })
    }

    @Test("hosts are emptied as long as the others carry their VMs and the reserve holds; nothing moves twice")
    func consolidation() throws {
        let fleet = (0..<4).map { index in
            Fleets.host("h\(index)", use: 0.1, [Fleets.machine(index + 1, use: 0.5, gib: 8)])
        }
        let snapshot = { (reserve: Int) in
            FleetSnapshot(version: 1, time: Fleets.time, hosts: fleet, reserve: reserve)
        }
        let request = PlanRequest.consolidateCluster(Fleets.cluster)
        let plan = try #require(planner.plan(request, on: snapshot(0)).plan)
        #expect(plan.actions.count == 3)
        #expect(Set(plan.actions.compactMap(\.virtualMachine)).count == 3)
        #expect(plan.explanation.contains("can be powered down"))
        #expect(planner.plan(request, on: snapshot(1)).moves.count == 2)
        let full = (0..<3).map { Fleets.host("h\($0)", use: 0.7, [Fleets.machine($0 + 1, use: 4)]) }
        #expect(planner.plan(request, on: Fleets.snapshot(full)).reason?.contains("can be emptied") == true)
    }

    @Test("after a failure the most important VMs start first, each where it breaks nothing, and the rest is named")
    func restart() throws {
        var important = Fleets.machine(1, use: nil, gib: 30, processors: 2)
        important.traits.priority = 900
        var optional = Fleets.machine(3, use: 0.1)
        optional.traits.isHighlyAvailable = false
        let failed = Fleets.host(
            "a", use: nil, [Fleets.machine(2, use: 0.1, gib: 40), important, optional], unavailable: "it is dead")
        let fleet = [failed, Fleets.host("b", use: 0.1), Fleets.host("c", use: 0.2, gib: 16)]
        let plan = try #require(planner.restart(of: failed.name, on: Fleets.snapshot(fleet)))
        #expect(plan.placements.map(\.name) == ["vm-1"])
        #expect(plan.placements.map(\.host.description) == ["b"])
        #expect(plan.unplaced.map(\.virtualMachine) == ["vm-2"])
        #expect(plan.left == ["vm-3"])
        #expect(planner.restart(of: Fleets.hostName("z"), on: Fleets.snapshot(fleet)) == nil)
    }

    @Test("on busy hosts VMs start slowly rather than not at all; memory and rules stay hard")
    func slowRestart() throws {
        let failed = Fleets.host(
            "a", use: nil, [Fleets.machine(1, use: 0.5, gib: 8), Fleets.machine(2, use: 3, gib: 4)],
            unavailable: "it is dead")
        let fleet = [failed, Fleets.host("b", use: 0.97), Fleets.host("c", use: 0.75, gib: 6)]
        let plan = try #require(planner.restart(of: failed.name, on: Fleets.snapshot(fleet)))
        #expect(plan.placements.map(\.name) == ["vm-1", "vm-2"])
        #expect(plan.placements.map(\.host.description) == ["b", "c"], "the calmer host has no memory for the first")
        #expect(plan.placements.allSatisfy { $0.strain != nil })
        let only = PlacementRule.only(Fleets.machine(2, use: 3).id, on: [Fleets.hostName("a")])
        let ruled = FleetSnapshot(version: 7, time: Fleets.time, hosts: fleet, rules: [only])
        let kept = try #require(planner.restart(of: failed.name, on: ruled))
        #expect(kept.unplaced.map(\.virtualMachine) == ["vm-2"])
        let calm = [failed, Fleets.host("b", use: 0.97), Fleets.host("c", use: 0.1)]
        let easy = try #require(planner.restart(of: failed.name, on: Fleets.snapshot(calm)))
        #expect(easy.placements.allSatisfy { $0.host.description == "c" && $0.strain == nil })
    }

    @Test("a VM with twice the processors or memory that it ever wants is told so, one that is short as well")
    func sizes() {
        var idle = Fleets.machine(1, use: 0.1, gib: 16, processors: 8)
        idle.traits.usualPeak = 1
        idle.traits.memoryPeak = 0.2
        var short = Fleets.machine(2, use: 1.9, processors: 2)
        short.traits.usualPeak = 1.95
        let unseen = Fleets.machine(3, use: 0.1, processors: 8)
        let advice = planner.sizeAdvice(on: Fleets.snapshot([Fleets.host("a", use: 0.4, [idle, short, unseen])]))
        #expect(advice.map(\.name) == ["vm-1", "vm-2"])
        #expect(advice.first?.virtualProcessors?.to == 2)
        #expect(advice.first?.memory?.to == .mebibytes(4864))
        #expect(advice.last?.virtualProcessors?.to == 3)
        #expect(advice.last?.memory == nil)
    }

    @Test("a longer window makes a move worth more: what is not worth it for an hour is for a day")
    func stabilityWindow() {
        let fleet = [
            Fleets.host("a", use: 0.45, (1...3).map { Fleets.machine($0, use: 1) }), Fleets.host("b", use: 0.2),
        ]
        let moves = { (hours: Int) in
            var limits = PlannerLimits()
            limits.stabilityWindow = .seconds(3600 * hours)
            return Planner(limits: limits).plan(
                .balanceCluster(Fleets.cluster, aggressiveness: 3), on: Fleets.snapshot(fleet)
            ).moves.count
        }
        #expect(moves(1) == 0)
        #expect(moves(48) > 0)
    }

    @Test("a cluster of which every load is unknown says that, and not that it is closed")
    func nothingKnown() {
        let fleet = Fleets.snapshot([Fleets.host("a", use: nil), Fleets.host("b", use: nil)])
        let reason = Planner().plan(.consolidateCluster(Fleets.cluster), on: fleet).reason
        #expect(reason == "no host of cluster c can be emptied: of each of them, its processor use is unknown")
    }
}
