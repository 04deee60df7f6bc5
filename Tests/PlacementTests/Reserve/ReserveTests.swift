import FleetModel
import Placement
import Testing

@Suite("The cluster's reserve")
struct ReserveTests {
    @Test("trying every packing agrees: what is proved holds, what is certified fails, and nothing stays undecided")
    func againstBruteForce() {
        var verdicts: [String: Int] = [:]
        for seed in UInt64(0)..<300 {
            let fleet = RandomFleet(seed: seed, hosts: 4, machines: 10, tightness: [0.2, 0.5, 1][Int(seed % 3)])
            for failures in 1...2 {
                let truth = fleet.survivesAny(failures, at: fleet.places)
                switch ReserveCheck(fleet.dense).verdict(failures: failures) {
                case .holds:
                    #expect(truth, "seed \(seed)")
                    verdicts["holds", default: 0] += 1
                case .fails(let hosts, _):
                    #expect(!fleet.survives(hosts, at: fleet.places), "seed \(seed)")
                    verdicts["fails", default: 0] += 1
                case .undecided: verdicts["undecided", default: 0] += 1
                }
            }
        }
        #expect((verdicts["holds"] ?? 0) > 40)
        #expect((verdicts["fails"] ?? 0) > 40)
        #expect(verdicts["undecided"] == nil, "\(verdicts)")
    }

    @Test("what the ledger takes in leaves every subset and moment survivable; what it refuses changes nothing")
    func ledgerOverMoves() {
        var accepted = 0
        var refused = 0
        for seed in UInt64(0)..<150 {
            let fleet = RandomFleet(seed: seed, hosts: 5, machines: 10, tightness: 0.8)
            var ledger = ReserveLedger(fleet.dense)
            guard ledger.holds else { continue }
            var random = SeededGenerator(seed: seed)
            var places = fleet.places
            for _ in 0..<12 {
                let machine = Int.random(in: 0..<10, using: &random)
                let host = Int.random(in: 0..<5, using: &random)
                let from = places[machine]
                var after = places
                after[machine] = host
                guard from != host, !fleet.breaksRule(after), !fleet.isOverfull(after) else { continue }
                guard ledger.arrive(machine, on: host) else {
                    refused += 1
                    #expect(ledger.holds)
                    #expect(fleet.survivesAny(1, at: places), "seed \(seed)")
                    continue
                }
                accepted += 1
                #expect(fleet.survivesAny(1, at: places), "seed \(seed)")
                #expect(fleet.survivesAny(1, at: after), "seed \(seed)")
                if Bool.random(using: &random) {
                    ledger.depart(machine, from: from, nowOn: host)
                    places = after
                } else {
                    ledger.withdraw(machine, from: host)
                }
                #expect(ledger.holds)
            }
        }
        #expect(accepted > 100)
        #expect(refused > 10)
    }

    @Test("every refuge that the ledger names has room, and a VM that rules bind to its host has none")
    func refuges() {
        for seed in UInt64(0)..<60 {
            let fleet = RandomFleet(seed: seed, hosts: 5, machines: 12, tightness: 1.5)
            let ledger = ReserveLedger(fleet.dense)
            guard ledger.holds else { continue }
            var free = fleet.rooms
            for (machine, host) in fleet.places.enumerated() { free[host] -= fleet.needs[machine] }
            for failed in 0..<5 {
                var left = free
                for machine in fleet.places.indices where fleet.places[machine] == failed {
                    guard let refuge = ledger.refuge(of: machine) else {
                        #expect(fleet.pinned.contains(machine))
                        continue
                    }
                    #expect(refuge != failed)
                    left[refuge] -= fleet.needs[machine]
                    #expect(left[refuge] >= 0, "seed \(seed)")
                }
            }
        }
    }

    @Test("one giant VM fails with that VM as the certificate; slots say no where a packing exists")
    func certificates() {
        let host = { (room: Int64) in DenseFleet.Host(processor: 1000, room: [room]) }
        let machine = { (place: Int, need: Int64) in DenseFleet.Machine(host: place, needs: [need], load: 0) }
        let giant = DenseFleet(
            hosts: [host(100), host(50), host(50)], machines: [machine(0, 60), machine(1, 1), machine(2, 1)])
        #expect(ReserveCheck(giant).verdict(failures: 1) == .fails(hosts: [0], because: .fitsNowhere(machine: 0)))
        // 10 + 5 x 4 of one host go to two others of 12 and 18 free: 10 into 12, five fours into 2 + 18.
        let exact = DenseFleet(
            hosts: [host(100), host(14), host(20)],
            machines: [machine(0, 10)] + (0..<4).map { _ in machine(0, 4) } + [machine(1, 2), machine(2, 2)])
        #expect(ReserveCheck(exact).verdict(failures: 1) == .holds)
        #expect(ReserveCheck(exact).isOverCommittedBySlots())
        #expect(ReserveCheck(exact).verdict(failures: 3) == .fails(hosts: [0, 1, 2], because: .noHosts))
        #expect(ReserveCheck(exact).verdict(failures: 0) == .holds)
    }

    @Test("a check of many sets can be stopped, and is undecided then")
    func stopping() {
        let fleet = RandomFleet(seed: 3, hosts: 8, machines: 16, tightness: 3)
        #expect(ReserveCheck(fleet.dense).verdict(failures: 2) == .holds)
        let stopped = ReserveCheck(fleet.dense).verdict(failures: 2, shouldStop: { true })
        #expect(!stopped.isYes)
        let empty = ReserveCheck(DenseFleet(hosts: [], machines: []))
        #expect(empty.verdict(failures: 1) == .fails(hosts: [], because: .noHosts))
    }

    @Test("a check of very many sets ends after so many looks, undecided, and says how many sets it has seen")
    func looks() {
        let hosts = (0..<20).map { Fleets.host("h\(10 + $0)", use: 0.1, gib: 64, [Fleets.machine($0 + 1, use: 0.1)]) }
        let fleet = FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, reserve: 3)
        let planner = Planner()
        #expect(planner.reserve(of: Fleets.cluster, failures: 3, on: fleet).holds)
        let cut = planner.reserve(of: Fleets.cluster, failures: 3, on: fleet, looks: 400)
        #expect(!cut.holds && cut.proved == 100)
        #expect(
            cut.reason
                == "of 1140 sets of hosts 100 were looked at, and hold, before the check was cut short")
        #expect(planner.reserve(of: Fleets.cluster, failures: 0, on: fleet).reason == "it need not lose any host")
    }

    @Test("a reserve says amounts in units that people read, and what of its VMs is not known")
    func words() {
        var hosts = ["a", "b", "c"].map { Fleets.host($0, use: 0.1) }
        hosts[0].virtualMachines = (1...3).map { Fleets.machine($0, use: 0.1) }
        for place in hosts.indices { hosts[place].traits.diskBandwidth = 10 * 1_048_576 }
        let reason = { (hosts: [PlacementHost]) in
            let fleet = FleetSnapshot(version: 1, time: Fleets.time, hosts: hosts, reserve: 1)
            return Planner().reserve(of: Fleets.cluster, failures: 1, on: fleet).reason
        }
        #expect(
            reason(hosts).hasSuffix(
                "what vm-1 and 2 others take of disks, network or processors is not known and counts as nothing"))
        for place in 0..<3 { hosts[0].virtualMachines[place].traits.diskUse = 6 * 1_048_576 }
        #expect(
            reason(hosts)
                == "if a failed, 3 of the VMs need \(Bytes(6 << 20)) a second of disk bandwidth or more each, "
                + "and the others have room for 2 like that")
    }
}
