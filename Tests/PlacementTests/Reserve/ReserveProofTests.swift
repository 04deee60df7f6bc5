import FleetModel
import Placement
import Testing

@Suite("Proofs of the reserve, against every packing")
struct ReserveProofTests {
    private static func host(_ room: Int64) -> DenseFleet.Host { DenseFleet.Host(processor: 1000, room: [room]) }

    private static func machines(_ needs: [Int64], on host: Int = 0) -> [DenseFleet.Machine] {
        needs.map { DenseFleet.Machine(host: host, needs: [$0], load: 0) }
    }

    @Test("what the largest first, each where there is room, does not pack is packed all the same")
    func beyondFirstFit() {
        let needs: [Int64] = [4, 4, 3, 3, 3, 3]
        let fleet = DenseFleet(hosts: [Self.host(20), Self.host(10), Self.host(10)], machines: Self.machines(needs))
        #expect(ReserveCheck(fleet).verdict(failures: 1) == .holds)
        let ledger = ReserveLedger(fleet)
        #expect(ledger.holds)
        var left: [Int64] = [0, 10, 10]
        for machine in needs.indices { left[ledger.refuge(of: machine) ?? 0] -= needs[machine] }
        #expect(left == [0, 0, 0])
    }

    @Test("a proof that nothing packs says which: a VM, too little, too many large ones, or every way was tried")
    func certificates() {
        let verdict = { (rooms: [Int64], needs: [Int64]) in
            let hosts = [Self.host(100)] + rooms.map(Self.host)
            return ReserveCheck(DenseFleet(hosts: hosts, machines: Self.machines(needs))).verdict(failures: 1)
        }
        #expect(verdict([5, 5], [3, 6]) == .fails(hosts: [0], because: .fitsNowhere(machine: 1)))
        #expect(verdict([5, 5], [4, 4, 3]) == .fails(hosts: [0], because: .tooLittle(resource: 0)))
        #expect(
            verdict([8, 8], [5, 5, 5])
                == .fails(hosts: [0], because: .tooMany(count: 3, places: 2, size: 5, resource: 0)))
        #expect(verdict([10, 10], [6, 5, 5, 4]) == .holds)
        #expect(verdict([10, 11], [6, 6, 3, 3, 3]) == .fails(hosts: [0], because: .tried))
    }

    @Test(
        "under every kind of rule and with two resources, holds and fails are what trying everything says",
        arguments: 1...2)
    func againstEveryPacking(failures: Int) {
        var verdicts: [String: Int] = [:]
        for seed in UInt64(0)..<250 {
            var tiny = TinyPacker(
                seed: seed, hosts: 4, machines: failures == 1 ? 10 : 8, resources: Int(seed % 2) + 1,
                tightness: [0.4, 0.8, 1.2][Int(seed % 3)] * Double(failures * failures))
            tiny.addRules(seed: seed)
            if failures == 2 {
                // Two of four hosts are soon all that a VM may be on, or all that is left of two domains.
                tiny.only = [:]
                if seed % 2 == 0 { tiny.spreads = [] }
            }
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
        }
        #expect((verdicts["holds"] ?? 0) > 25 && (verdicts["fails"] ?? 0) > 25, "\(verdicts)")
    }

    @Test("no move that is taken in makes any failure cost more, proved before or not, during the move and after it")
    func noFailureGetsWorse() {
        var (taken, refused, unproved) = (0, 0, 0)
        for seed in UInt64(0)..<160 {
            var tiny = TinyPacker(
                seed: seed, hosts: 4, machines: 9, resources: Int(seed % 2) + 1,
                tightness: [0.3, 0.6, 1][Int(seed % 3)])
            tiny.addRules(seed: seed)
            tiny.together = []
            var ledger = ReserveLedger(tiny.dense)
            let before = tiny.sets(1).map { tiny.leastLoss($0) }
            if !ledger.holds { unproved += 1 }
            #expect(ledger.holds == before.allSatisfy { $0 == 0 }, "seed \(seed)")
            var random = SeededGenerator(seed: seed)
            var now = tiny.places
            for _ in 0..<8 {
                let machine = Int.random(in: now.indices, using: &random)
                let host = Int.random(in: tiny.rooms.indices, using: &random)
                guard tiny.takes(machine, on: host, now) else { continue }
                guard ledger.arrive(machine, on: host) else {
                    refused += 1
                    continue
                }
                taken += 1
                for failed in tiny.rooms.indices where failed != now[machine] && failed != host {
                    let during = tiny.leastLoss([failed], at: now, holding: [(machine, host)])
                    #expect(during <= before[failed], "seed \(seed), while \(machine) moves to \(host)")
                }
                let old = now[machine]
                now[machine] = host
                for failed in tiny.rooms.indices {
                    #expect(tiny.leastLoss([failed], at: now) <= before[failed], "seed \(seed), \(machine) on \(host)")
                }
                if Bool.random(using: &random) {
                    ledger.depart(machine, from: old, nowOn: host)
                } else {
                    ledger.withdraw(machine, from: host)
                    now[machine] = old
                }
            }
        }
        #expect(taken > 60 && refused > 60 && unproved > 30, "\(taken) \(refused) \(unproved)")
    }

    @Test("the same for two hosts at a time")
    func noPairGetsWorse() {
        var (taken, refused) = (0, 0)
        let limits = PlannerLimits(processorCeiling: 1, memoryCeiling: 1)
        for seed in UInt64(0)..<60 {
            var tiny = TinyPacker(
                seed: seed, hosts: 4, machines: 8, resources: 1, tightness: [0.6, 1.2][Int(seed % 2)])
            if seed % 4 > 1 {
                tiny.addRules(seed: seed)
                (tiny.together, tiny.only) = ([], [:])
            }
            let before = tiny.sets(2).map { tiny.leastLoss($0) }
            let snapshot = tiny.snapshot(reserve: 2)
            for machine in tiny.places.indices {
                for host in tiny.rooms.indices where tiny.takes(machine, on: host, tiny.places) {
                    let request = PlanRequest.migrate(Fleets.id(machine + 1), to: Fleets.hostName("h\(host)"))
                    guard Planner(limits: limits).plan(request, on: snapshot).plan != nil else {
                        refused += 1
                        continue
                    }
                    taken += 1
                    var after = tiny.places
                    after[machine] = host
                    #expect(
                        zip(tiny.sets(2), before).allSatisfy { tiny.leastLoss($0, at: after) <= $1 }, "seed \(seed)")
                }
            }
        }
        #expect(taken > 30 && refused > 30, "\(taken) \(refused)")
    }
}
