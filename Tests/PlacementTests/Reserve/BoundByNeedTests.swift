import FleetModel
import Placement
import Testing

/// What rules bind to a host an operator has given up for lost with it; what need binds there nobody has.
@Suite("VMs that only their own host can run")
struct BoundByNeedTests {
    enum Need: CaseIterable, Sendable {
        case network, processorModel, datastore
    }

    private let planner = Planner(limits: PlannerLimits(memoryCeiling: 1))

    private func host(_ name: String, has need: Need?, use: Double = 0.1, _ machines: [PlacementVM] = [])
        -> PlacementHost
    {
        var host = Fleets.host(name, use: use, machines)
        host.traits.networks = need == .network ? ["br0", "br9"] : ["br0"]
        host.traits.processorModels = need == .processorModel ? ["usual", "rare"] : ["usual"]
        host.traits.datastores = need == .datastore ? ["shared", "own"] : ["shared"]
        return host
    }

    private func needing(_ need: Need?, _ number: Int = 1, use: Double = 1, gib: Int64 = 4) -> PlacementVM {
        var machine = Fleets.machine(number, use: use, gib: gib)
        machine.traits.networks = need == .network ? ["br9"] : []
        machine.traits.processorModel = need == .processorModel ? "rare" : nil
        machine.traits.datastores = need == .datastore ? ["own"] : []
        return machine
    }

    private func report(_ hosts: [PlacementHost], _ rules: [PlacementRule] = []) -> ReserveReport {
        planner.reserve(
            of: Fleets.cluster, failures: 1,
            on: FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, rules: rules, reserve: 1))
    }

    @Test("by need: the reserve fails, whether or not a host in maintenance could run it", arguments: Need.allCases)
    func need(need: Need) {
        let hosts = [host("a", has: need, [needing(need)]), host("b", has: nil), host("c", has: nil)]
        var closed = host("d", has: need)
        closed.closedReason = "it is in maintenance"
        for fleet in [hosts, hosts + [closed]] {
            let report = report(fleet)
            #expect(!report.holds && report.reason == "if a failed, vm-1 would fit nowhere", "\(report.reason)")
            #expect(report.uncovered.isEmpty)
        }
        closed.closedReason = nil
        #expect(report(hosts + [closed]).holds)
    }

    @Test("by rules: the reserve holds and names it, whatever it needs", arguments: Need.allCases)
    func rules(need: Need) {
        let here = PlacementRule.only(Fleets.id(1), on: [Fleets.hostName("a")])
        let nowhereElse = PlacementRule.never(Fleets.id(1), on: ["b", "c"].map(Fleets.hostName))
        for (machine, rule) in [(needing(need), here), (needing(nil), here), (needing(nil), nowhereElse)] {
            let report = report([host("a", has: need, [machine]), host("b", has: nil), host("c", has: nil)], [rule])
            #expect(report.holds && report.uncovered == ["vm-1"], "\(report.reason)")
        }
        // Rules leave it two hosts, need one of them.
        let either = PlacementRule.only(Fleets.id(1), on: ["a", "b"].map(Fleets.hostName))
        let fleet = [host("a", has: need, [needing(need)]), host("b", has: nil), host("c", has: nil)]
        #expect(!report(fleet, [either]).holds)
    }

    @Test("a cluster with such a VM is planned for as any other, and keeps what it can")
    func isNotParalysed() {
        let hot = host(
            "a", has: .network, use: 0.9, [needing(.network), needing(nil, 2, use: 3), needing(nil, 3, use: 3)])
        let hosts = [hot, host("b", has: nil), host("c", has: nil)]
        let fleet = FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, reserve: 1)
        let relief = planner.plan(.relieveHost(hot.name, resource: .processor, target: 0.6), on: fleet)
        #expect(relief.moves.count == 1)
        #expect(planner.plan(.balanceCluster(Fleets.cluster, aggressiveness: 5), on: fleet).moves.count >= 1)
        #expect(planner.plan(.drainHost(hot.name), on: fleet).moves.count == 2)
    }

    @Test("that one host loses such a VM is no excuse for another VM, of a host in maintenance, to be lost with it")
    func isNoExcuse() {
        func moves(_ gib: Int64) -> [String] {
            var leaving = host("d", has: nil, [needing(nil, 9, use: 0.1, gib: 40)])
            leaving.closedReason = "it is in maintenance"
            var full = host("b", has: nil, [needing(nil, 8, use: 0.1, gib: 40)])
            full.memory = .gibibytes(64)
            let hosts = [
                host("a", has: .network, [needing(.network, gib: 4)]), full,
                host("c", has: nil, [needing(nil, 7, use: 0.1, gib: gib)]), leaving,
            ]
            let fleet = FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, reserve: 1)
            return planner.plan(.evacuateHost(leaving.name), on: fleet).moves
        }
        #expect(moves(40).isEmpty, "vm-9 would be lost with a, where there is room for it")
        #expect(moves(1) == ["vm-9>c"] || moves(1) == ["vm-9>a"])
    }

    private func tiny(_ seed: UInt64) -> TinyPacker {
        var tiny = TinyPacker(
            seed: seed, hosts: 5, machines: 9, resources: Int(seed % 2) + 1, tightness: [1, 2, 3][Int(seed % 3)])
        tiny.addRules(seed: seed)
        tiny.together = []
        tiny.reach = [0: [tiny.places[0]], 1: [tiny.places[1], tiny.places[2]]]
        return tiny
    }

    @Test("verdicts are what trying every packing says, and no move that is taken in makes any failure cost more")
    func againstEveryPacking() {
        var (taken, failing) = (0, 0)
        for seed in UInt64(0)..<150 {
            let tiny = tiny(seed)
            let before = tiny.sets(1).map { tiny.leastLoss($0) }
            let isFine = before.allSatisfy { $0 == 0 }
            if !isFine { failing += 1 }
            #expect(ReserveCheck(tiny.dense).verdict(failures: 1).isYes == isFine, "seed \(seed)")
            var ledger = ReserveLedger(tiny.dense)
            #expect(ledger.holds == isFine, "seed \(seed)")
            taken += tiny.moveAtRandom(&ledger, seed: seed).taken
        }
        #expect(taken > 50 && failing > 100, "\(taken) \(failing)")
    }
}
