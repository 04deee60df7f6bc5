import FleetModel
import Placement
import Testing

/// The VMs of hosts that are silent or dead need places, whatever else fails.
@Suite("The reserve of a cluster that has lost hosts already")
struct LostHostsTests {
    private static func tiny(_ seed: UInt64, failures: Int = 1) -> TinyPacker {
        var tiny = TinyPacker(
            seed: seed, hosts: 5, machines: 9, resources: Int(seed % 2) + 1,
            tightness: [1, 2, 3][Int(seed % 3)] * Double(failures))
        tiny.addRules(seed: seed)
        if failures == 2 { (tiny.only, tiny.spreads) = ([:], []) }
        tiny.together = []
        tiny.lost = [Int(seed) % 5]
        return tiny
    }

    @Test("holds and fails are what trying every packing of their VMs and those of each set says", arguments: 1...2)
    func againstEveryPacking(failures: Int) {
        var verdicts: [String: Int] = [:]
        for seed in UInt64(0)..<150 {
            let tiny = Self.tiny(seed, failures: failures)
            let losses = tiny.sets(failures).map { tiny.leastLoss($0) }
            switch ReserveCheck(tiny.dense).verdict(failures: failures) {
            case .holds:
                #expect(losses.allSatisfy { $0 == 0 }, "seed \(seed)")
                verdicts["holds", default: 0] += 1
            case .fails(let hosts, let why):
                #expect(tiny.leastLoss(hosts) > 0, "seed \(seed): \(why)")
                verdicts["fails", default: 0] += 1
            case .undecided: Issue.record("seed \(seed) is undecided")
            }
            if failures == 1 {
                #expect(ReserveLedger(tiny.dense).holds == losses.allSatisfy { $0 == 0 }, "seed \(seed)")
            }
        }
        #expect((verdicts["holds"] ?? 0) > 15 && (verdicts["fails"] ?? 0) > 15, "\(verdicts)")
    }

    @Test("no move that is taken in leaves more of their VMs, or of any failure's, without a host")
    func noFailureGetsWorse() {
        var (taken, refused) = (0, 0)
        for seed in UInt64(0)..<100 {
            let tiny = Self.tiny(seed)
            var ledger = ReserveLedger(tiny.dense)
            let moves = tiny.moveAtRandom(&ledger, seed: seed)
            taken += moves.taken
            refused += moves.refused
        }
        #expect(taken > 30 && refused > 30, "\(taken) \(refused)")
    }

    @Test("what nobody knows of a silent host's VMs counts as nothing before and after they start elsewhere")
    func unmeasured() throws {
        func host(_ number: Int, isSilent: Bool) -> PlacementHost {
            let machines = (1...4).map { place in
                var machine = Fleets.machine(number * 10 + place, use: isSilent ? nil : 1)
                machine.traits.diskUse = isSilent ? nil : 1e7
                return machine
            }
            var host = Fleets.host("h\(number)", processors: 16, use: isSilent ? nil : 0.3, machines)
            host.traits.diskBandwidth = isSilent ? nil : 2e8
            host.isSilent = isSilent
            host.unavailableReason = isSilent ? "its agent has not reported" : nil
            return host
        }
        let planner = Planner()
        let fleet = FleetSnapshot(
            version: 1, time: Fleets.time, hosts: (0..<5).map { host($0, isSilent: $0 == 0) }, reserve: 1)
        let before = planner.reserve(of: Fleets.cluster, failures: 1, on: fleet)
        let failure = try #require(planner.failure(of: Fleets.hostName("h0"), on: fleet))
        let after = planner.reserve(of: Fleets.cluster, failures: 1, on: failure.fleet)
        #expect(before.holds && after.holds, "\(before.reason); \(after.reason)")
        #expect(after.reason.contains("is not known and counts as nothing"))
        #expect(failure.restart.placements.count == 4)
        for placement in failure.restart.placements {
            #expect(placement.strain == nil && placement.unknown != nil, "unknown is not above a ceiling")
        }
    }

    @Test("a silent host's VMs need room for a check, its witness and a plan alike, but not those that went elsewhere")
    func silentHosts() throws {
        let host = { (name: String, room: Int64, machines: [PlacementVM]) in
            Fleets.host(name, use: 0.1, gib: room, machines)
        }
        var silent = host("a", 40, [Fleets.machine(1, use: 0.1, gib: 20)])
        let others = [
            host("b", 30, [Fleets.machine(2, use: 0.1, gib: 10), Fleets.machine(4, use: 0.1, gib: 1)]),
            host("c", 30, [Fleets.machine(3, use: 0.1, gib: 10)]),
        ]
        let picture = { (hosts: [PlacementHost]) in
            FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, reserve: 1)
        }
        let planner = Planner(limits: PlannerLimits(memoryCeiling: 1))
        #expect(planner.reserve(of: Fleets.cluster, failures: 1, on: picture([silent] + others)).holds)
        (silent.isSilent, silent.unavailableReason) = (true, "its agent has not reported")
        let lost = picture([silent] + others)
        let report = planner.reserve(of: Fleets.cluster, failures: 1, on: lost, witnessing: 10)
        #expect(!report.holds)
        #expect(report.reason.contains("with room for the VMs of a, which counts as lost already"), "\(report.reason)")
        // The only place for vm-1 is b or c, and both are needed for each other's.
        let moved = [
            others[0], host("c", 30, [Fleets.machine(3, use: 0.1, gib: 10), Fleets.machine(1, use: 0.1, gib: 20)]),
        ]
        #expect(
            planner.reserve(of: Fleets.cluster, failures: 1, on: picture([silent] + moved)).reason.contains("lost")
                == false)
        let roomy = [host("b", 60, others[0].virtualMachines), host("c", 60, others[1].virtualMachines)]
        let holds = planner.reserve(of: Fleets.cluster, failures: 1, on: picture([silent] + roomy), witnessing: 10)
        #expect(holds.holds && holds.witnesses.allSatisfy { $0.starts.contains { $0.virtualMachine == "vm-1" } })
        let asked = planner.reserve(of: Fleets.cluster, losing: [Fleets.hostName("b")], on: picture([silent] + roomy))
        #expect(asked?.witnesses.first?.starts.contains { $0.virtualMachine == "vm-1" } == true)
    }
}
