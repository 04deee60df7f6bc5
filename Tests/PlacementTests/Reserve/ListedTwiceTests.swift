import FleetModel
import Placement
import Testing

/// After a host died its VMs run elsewhere, and for a while the silent host's last report lists them as well.
@Suite("VMs that a silent host and a live one list")
struct ListedTwiceTests {
    private let planner = Planner(limits: PlannerLimits(memoryCeiling: 1))

    private func picture(_ hosts: [PlacementHost], _ rules: [PlacementRule] = []) -> FleetSnapshot {
        FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, rules: rules, reserve: 1)
    }

    private func silent(_ name: String, _ machines: [PlacementVM]) -> PlacementHost {
        var host = Fleets.host(name, use: nil, available: .some(nil), machines, unavailable: "its agent is silent")
        host.isSilent = true
        return host
    }

    @Test("rules hold for where the VM runs, whatever the silent host is called", arguments: ["a", "z"])
    func rules(name: String) throws {
        let stale = silent(name, [Fleets.machine(1, use: nil), Fleets.machine(2, use: nil)])
        let live = [
            Fleets.host("m", use: 0.2, [Fleets.machine(1, use: 1), Fleets.machine(2, use: 0.1)]),
            Fleets.host("n", use: 0.2, [Fleets.machine(10, use: 1)]),
        ]
        let rules = [PlacementRule.apart([Fleets.id(1), Fleets.id(10)])]
        let tight = planner.reserve(of: Fleets.cluster, failures: 1, on: picture([stale] + live, rules))
        #expect(!tight.holds && tight.reason == "if m failed, vm-1 would fit nowhere", "\(tight.reason)")
        #expect(tight.uncovered.isEmpty, "\(tight.uncovered)")
        let roomy = picture([stale] + live + [Fleets.host("o", use: 0.1)], rules)
        let report = planner.reserve(of: Fleets.cluster, failures: 1, on: roomy, witnessing: 100)
        #expect(report.holds && report.uncovered.isEmpty && report.witnesses.count == 3)
        let starts = report.witnesses.flatMap(\.starts)
        #expect(starts.filter { ["vm-1", "vm-10"].contains($0.virtualMachine) }.map(\.refuge?.text) == ["o", "o"])
        let restart = try #require(planner.restart(of: Fleets.hostName("m"), on: picture([stale] + live, rules)))
        #expect(restart.unplaced.map(\.virtualMachine) == ["vm-1"])
    }

    @Test("what the silent host does not know of the VM is no gap in what is known", arguments: ["a", "z"])
    func measured(name: String) {
        var machine = Fleets.machine(1, use: 1, processors: 8)
        machine.traits.diskUse = 1e6
        machine.traits.usualPeak = 0.5
        var live = Fleets.host("m", use: 0.2, [machine])
        live.traits.diskBandwidth = 1e9
        var old = machine
        (old.processorUse, old.traits.diskUse) = (nil, nil)
        let fleet = picture([silent(name, [old]), live, Fleets.host("n", use: 0.1)])
        #expect(planner.sizeAdvice(on: fleet).count == 1)
        let report = planner.reserve(of: Fleets.cluster, failures: 1, on: fleet)
        #expect(report.holds && report.reason == "for every host a place was found for each VM", "\(report.reason)")
    }

    @Test("a restart that follows the proof keeps to rules, too", arguments: ["b", "c"])
    func followsRules(rival: String) throws {
        let machines = [6, 4, 4, 3, 3].enumerated().map { Fleets.machine($0 + 1, use: 0.1, gib: Int64($1)) }
        let others = ["b", "c"].map {
            Fleets.host($0, use: 0, gib: 11, [Fleets.machine($0 == rival ? 9 : 8, use: 0.1, gib: 1)])
        }
        let stale = silent("a", [Fleets.machine(8, use: nil, gib: 1), Fleets.machine(9, use: nil, gib: 1)])
        let fleet = picture(
            [stale, Fleets.host("d", use: 0.1, machines)] + others, [.apart([Fleets.id(1), Fleets.id(9)])])
        let plan = try #require(planner.restart(of: Fleets.hostName("d"), on: fleet))
        #expect(plan.unplaced.isEmpty && plan.placements.count == 5)
        #expect(plan.placements.first { $0.name == "vm-1" }?.host.text == (rival == "b" ? "c" : "b"))
    }

    @Test("a restart does not follow a proof that knows nothing of a VM's mate in another cluster")
    func mateElsewhere() throws {
        let machines = [6, 4, 4, 3, 3].enumerated().map { Fleets.machine($0 + 1, use: 0.1, gib: Int64($1)) }
        let other = try #require(ClusterName("other"))
        let fleet = picture(
            [
                Fleets.host("a", use: 0.1, machines), Fleets.host("b", use: 0, gib: 10),
                Fleets.host("c", use: 0, gib: 10),
                Fleets.host("x", use: 0.1, [Fleets.machine(20, use: 0.1)], cluster: other),
            ], [.together([Fleets.id(1), Fleets.id(20)])])
        let plan = try #require(planner.restart(of: Fleets.hostName("a"), on: fleet))
        #expect(plan.unplaced.contains { $0.virtualMachine == "vm-1" && $0.reason.contains("must share") })
    }

    @Test("the verdict, and whether a plan is found, do not depend on what hosts are called")
    func renamed() {
        var (holds, fails, plans) = (0, 0, 0)
        for seed in UInt64(0)..<150 {
            var random = SeededGenerator(seed: seed)
            let original = Doubled(seed)
            let report = original.report(planner)
            let moves = original.moves(planner)
            if report.holds { holds += 1 } else { fails += 1 }
            if !moves.isEmpty { plans += 1 }
            for witness in report.witnesses { #expect(original.keepsApart(witness), "seed \(seed): \(witness)") }
            for _ in 0..<3 {
                let other = original.renamed(original.names.shuffled(using: &random))
                let again = other.report(planner)
                #expect(again.holds == report.holds, "seed \(seed): \(report.reason); \(again.reason)")
                #expect(Set(again.uncovered) == Set(report.uncovered), "seed \(seed)")
                #expect(other.moves(planner).count == moves.count, "seed \(seed)")
                for witness in again.witnesses { #expect(other.keepsApart(witness), "seed \(seed): \(witness)") }
            }
        }
        #expect(holds > 30 && fails > 30 && plans > 20, "\(holds) \(fails) \(plans)")
    }
}

/// A small random cluster of which some VMs are listed twice.
private struct Doubled {
    var hosts: [PlacementHost] = []
    var names: [String] { hosts.map(\.name.text) }
    var rules: [PlacementRule] = []
    private var apart: [Set<String>] = []

    init(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed &+ 4711)
        for host in 0..<5 {
            let machines = (0..<2).map {
                Fleets.machine(
                    host * 2 + $0 + 1, use: .random(in: 0.2...(host == 4 ? 3.9 : 1), using: &random),
                    gib: .random(in: 1...6, using: &random))
            }
            let use = machines.reduce(0) { $0 + ($1.processorUse ?? 0) } / 8
            hosts.append(
                Fleets.host("h\(host)", use: use, gib: .random(in: 12...28, using: &random), machines))
        }
        // What ran on the first, which is silent, runs elsewhere now; what runs on the second was seen there, too, at times.
        hosts[0].isSilent = true
        (hosts[0].unavailableReason, hosts[0].memoryAvailable, hosts[0].processorUse) = ("silent", nil, nil)
        for machine in hosts[0].virtualMachines {
            hosts[Int.random(in: 1..<4, using: &random)].virtualMachines.append(machine)
        }
        for place in hosts[0].virtualMachines.indices { hosts[0].virtualMachines[place].processorUse = nil }
        if seed % 3 == 0 { hosts[2].virtualMachines.append(hosts[3].virtualMachines[0]) }
        let order = (1...10).shuffled(using: &random)
        let groups = [Array(order.prefix(3)), [1, order[4]]]
        rules = groups.map { .apart($0.map(Fleets.id)) }
        apart = groups.map { Set($0.map { "vm-\($0)" }) }
        if seed % 2 == 0 { rules.append(.spread([2, order[5], order[6]].map(Fleets.id), domains: 2)) }
    }

    func renamed(_ names: [String]) -> Doubled {
        var copy = self
        for place in hosts.indices { copy.hosts[place].name = Fleets.hostName(names[place]) }
        return copy
    }

    private var picture: FleetSnapshot {
        FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, rules: rules, reserve: 1)
    }

    func report(_ planner: Planner) -> ReserveReport {
        planner.reserve(of: Fleets.cluster, failures: 1, on: picture, witnessing: 1000)
    }

    func moves(_ planner: Planner) -> [String] {
        planner.plan(.relieveHost(hosts[4].name, resource: .processor, target: 0.5), on: picture).moves
    }

    /// Whether no VM starts with one that it must stay apart from.
    func keepsApart(_ witness: ReserveWitness) -> Bool {
        let gone = Set(witness.failed)
        return witness.starts.allSatisfy { start in
            let staying = hosts.first { $0.name == start.refuge }?.virtualMachines.map(\.name) ?? []
            let coming = witness.starts.filter { $0.refuge == start.refuge }.map(\.virtualMachine)
            let others = Set(staying + coming).subtracting([start.virtualMachine])
            return start.refuge.map { !gone.contains($0) } ?? false
                && !apart.contains { $0.contains(start.virtualMachine) && !$0.isDisjoint(with: others) }
        }
    }
}
