import Placement
import Testing

@Suite("Balancing a fleet in dense form")
struct BalancerTests {
    @Test("any subset of a plan, in any order, with each VM on both sides meanwhile, keeps rules, room and reserve")
    func everySubset() throws {
        var plans = 0
        for seed in UInt64(0)..<120 {
            let fleet = RandomFleet(seed: seed, hosts: 5, machines: 12, tightness: 1.2)
            let dense = fleet.dense
            var ledger: ReserveLedger? = ReserveLedger(dense)
            guard ledger?.holds == true else { continue }
            var balancer = Balancer(maximumMoves: 6)
            balancer.weights.move = 0.001
            let moves = try balancer.plan(dense, reserve: &ledger)
            #expect(Set(moves.map(\.machine)).count == moves.count, "no VM moves twice")
            if !moves.isEmpty { plans += 1 }
            for subset in 0..<(1 << moves.count) {
                var places = fleet.places
                var both = fleet.rooms
                for (machine, host) in places.enumerated() { both[host] -= fleet.needs[machine] }
                for (number, move) in moves.enumerated() where subset & (1 << number) != 0 {
                    #expect(places[move.machine] == move.from)
                    places[move.machine] = move.to
                    both[move.to] -= fleet.needs[move.machine]
                }
                #expect(both.allSatisfy { $0 >= 0 }, "seed \(seed)")
                #expect(!fleet.breaksRule(places), "seed \(seed)")
                #expect(fleet.survivesAny(1, at: places), "seed \(seed)")
            }
        }
        #expect(plans > 30)
    }

    @Test("the same fleet gives the same plan, and a fleet that is even gives none")
    func sameInput() throws {
        let fleet = RandomFleet(seed: 9, hosts: 5, machines: 12, tightness: 2)
        var none: ReserveLedger?
        let first = try Balancer().plan(fleet.dense, reserve: &none)
        #expect(try Balancer().plan(fleet.dense, reserve: &none) == first)
        let even = DenseFleet(
            hosts: (0..<4).map { _ in DenseFleet.Host(processor: 4000, room: [64]) },
            machines: (0..<8).map { DenseFleet.Machine(host: $0 % 4, needs: [4], load: 1000) })
        #expect(try Balancer().plan(even, reserve: &none).isEmpty)
    }

    @Test("what a move must be worth decides how many are made")
    func priceOfMoves() throws {
        let hosts = (0..<6).map { _ in DenseFleet.Host(processor: 8000, room: [64]) }
        let machines = (0..<24).map {
            DenseFleet.Machine(host: $0 < 12 ? 0 : 1 + $0 % 5, needs: [2], load: Int64(300 + 40 * ($0 % 7)))
        }
        var counts: [Int] = []
        for aggressiveness in 1...5 {
            var none: ReserveLedger?
            let balancer = Balancer(weights: BalanceWeights(aggressiveness: aggressiveness))
            counts.append(try balancer.plan(DenseFleet(hosts: hosts, machines: machines), reserve: &none).count)
        }
        #expect(counts == counts.sorted())
        #expect((counts.first ?? 0) < (counts.last ?? 0))
    }

    @Test("hosts without processors, closed hosts, pinned VMs and fleets without any come to no plan, not to a crash")
    func pathological() throws {
        var none: ReserveLedger?
        #expect(try Balancer().plan(DenseFleet(hosts: [], machines: []), reserve: &none).isEmpty)
        let zero = DenseFleet(
            hosts: (0..<3).map { _ in DenseFleet.Host(processor: 0, room: [0]) },
            machines: [DenseFleet.Machine(host: 0, needs: [1], load: 5)])
        #expect(try Balancer().plan(zero, reserve: &none).isEmpty)
        let closed = DenseFleet(
            hosts: (0..<3).map { DenseFleet.Host(processor: 8000, room: [64], isOpen: $0 == 0) },
            machines: (0..<9).map { _ in DenseFleet.Machine(host: 0, needs: [1], load: 900) })
        #expect(try Balancer().plan(closed, reserve: &none).isEmpty)
        let pinned = DenseFleet(
            hosts: (0..<3).map { _ in DenseFleet.Host(processor: 8000, room: [64]) },
            machines: (0..<9).map { _ in
                DenseFleet.Machine(host: 0, needs: [1], load: 900, isMovable: false, allowed: [0])
            })
        #expect(try Balancer().plan(pinned, reserve: &none).isEmpty)
    }
}
