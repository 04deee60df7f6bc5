import Placement
import Testing

@Suite("Relief over a fleet in dense form")
struct RelieverTests {
    /// The fewest moves by trying every destination of every VM; `nil` where nothing relieves the host.
    private func fewest(_ fleet: RandomFleet, host: Int, target: Double, hasReserve: Bool) -> Int? {
        var best: Int?
        let own = fleet.places.indices.filter { fleet.places[$0] == host && !fleet.pinned.contains($0) }
        let limit = Int64(8000 * target)
        func isRelieved(_ places: [Int]) -> Bool {
            var loads = [Int64](repeating: 0, count: fleet.rooms.count)
            for (machine, place) in places.enumerated() { loads[place] += fleet.loads[machine] }
            let touched = Set(own.filter { places[$0] != host }.map { places[$0] }).union([host])
            return touched.allSatisfy { loads[$0] <= limit } && !fleet.isOverfull(places) && !fleet.breaksRule(places)
                && (!hasReserve || fleet.survivesAny(1, at: places))
        }
        func extend(_ index: Int, _ places: [Int], _ moves: Int) {
            if let best, moves >= best { return }
            if isRelieved(places) { best = moves }
            guard index < own.count else { return }
            extend(index + 1, places, moves)
            for target in fleet.rooms.indices where target != host {
                var places = places
                places[own[index]] = target
                extend(index + 1, places, moves + 1)
            }
        }
        extend(0, fleet.places, 0)
        return best
    }

    private func hotFleet(_ seed: UInt64) -> RandomFleet {
        var fleet = RandomFleet(seed: seed, hosts: 4, machines: 12, tightness: 1.5)
        for machine in fleet.places.indices where fleet.places[machine] != 0 { fleet.loads[machine] /= 2 }
        return fleet
    }

    private let reliever = Reliever(target: 0.5, patience: 100_000)

    @Test("on tiny fleets trying everything finds no plan with fewer moves, and none where the search finds none")
    func bruteForce() {
        var sizes: [Int: Int] = [:]
        for seed in UInt64(0)..<300 {
            let fleet = hotFleet(seed)
            let expected = fewest(fleet, host: 0, target: 0.5, hasReserve: false)
            let moves = reliever.plan(fleet.dense, relieving: 0, reserve: nil)
            #expect(moves?.count == expected, "seed \(seed)")
            sizes[expected ?? -1, default: 0] += 1
        }
        #expect(sizes.keys.count >= 3, "the fleets are too much alike: \(sizes)")
    }

    @Test("with a reserve every plan keeps it, with rules and room; few that are possible are missed")
    func withReserve() {
        var relieved = 0
        var missed = 0
        for seed in UInt64(0)..<300 {
            let fleet = hotFleet(seed)
            let ledger = ReserveLedger(fleet.dense)
            guard ledger.holds, let expected = fewest(fleet, host: 0, target: 0.5, hasReserve: true), expected > 0
            else { continue }
            guard let moves = reliever.plan(fleet.dense, relieving: 0, reserve: ledger), moves.count == expected else {
                missed += 1
                continue
            }
            relieved += 1
            for subset in 0..<(1 << moves.count) {
                var places = fleet.places
                for (number, move) in moves.enumerated() where subset & (1 << number) != 0 {
                    places[move.machine] = move.to
                }
                #expect(!fleet.breaksRule(places) && !fleet.isOverfull(places), "seed \(seed)")
                #expect(fleet.survivesAny(1, at: places), "seed \(seed)")
            }
        }
        #expect(relieved > 20)
        // A VM counts on both sides while its move is under way: that costs plans on hosts as small as these.
        #expect(missed <= relieved, "\(missed) of \(relieved)")
    }

    @Test("a host that is cool needs no move, one that nothing relieves gets no plan")
    func extremes() {
        let cool = DenseFleet(
            hosts: (0..<2).map { _ in DenseFleet.Host(processor: 8000, room: [64]) },
            machines: [DenseFleet.Machine(host: 0, needs: [1], load: 100)])
        #expect(Reliever().plan(cool, relieving: 0, reserve: nil) == [])
        let giant = DenseFleet(
            hosts: (0..<2).map { _ in DenseFleet.Host(processor: 8000, room: [64]) },
            machines: [DenseFleet.Machine(host: 0, needs: [1], load: 7900)])
        #expect(Reliever().plan(giant, relieving: 0, reserve: nil) == nil)
        let busyItself = DenseFleet(
            hosts: (0..<2).map { _ in DenseFleet.Host(processor: 8000, room: [64], ownLoad: 7900) }, machines: [])
        #expect(Reliever().plan(busyItself, relieving: 0, reserve: nil) == nil)
    }
}
