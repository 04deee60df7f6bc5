/// VMs of a host that leave it together, because a rule wants them on one host; most are alone.
struct EvacuationUnit: Hashable {
    /// In the order in which they leave; one at least.
    let machines: [Int]
    /// The only host that they may go to, where others of theirs are; `nil` for any.
    let target: Int?
    /// The highest of theirs.
    let priority: Int

    var first: Int { machines.first ?? 0 }

    /// The units of a host's VMs. One of which a VM cannot move, or that is torn over several hosts, is none.
    static func units(
        of machines: [Int], on host: Int, _ fleet: DenseFleet, priority: (Int) -> Int
    ) -> [EvacuationUnit] {
        var seen: Set<Int> = []
        var units: [EvacuationUnit] = []
        for machine in machines where seen.insert(machine).inserted {
            var group = [machine]
            var elsewhere: Set<Int> = []
            var next = 0
            while next < group.count {
                for mate in fleet.mates(of: group[next]) where !group.contains(mate) {
                    let place = Int(fleet.places[mate])
                    if place == host { group.append(mate) } else { elsewhere.insert(place) }
                }
                next += 1
            }
            seen.formUnion(group)
            guard elsewhere.count < 2, group.allSatisfy({ fleet.isMovable[$0] }) else { continue }
            units.append(
                EvacuationUnit(
                    machines: group.sorted(), target: elsewhere.first, priority: group.map(priority).max() ?? 0))
        }
        return units
    }
}

/// Finds hosts for all VMs of one: the largest first, each to the host that stays least loaded; where some find none,
/// in other orders, and where they just fit.
struct Emptying {
    let fleet: DenseFleet
    let host: Int
    let units: [EvacuationUnit]

    /// A unit and its new host.
    struct Move {
        let unit: EvacuationUnit
        let target: Int
    }

    private static let attempts = 64

    /// The moves of the attempt that left the fewest units, as far as the tries of the books go.
    func best(_ start: ReliefBooks) -> (moves: [Move], isCut: Bool) {
        var start = start
        var dice = Dice(seed: 1)
        var order = units.sorted { left, right in
            let one = size(left)
            let other = size(right)
            return one == other ? left.first < right.first : one > other
        }
        var best: [Move] = []
        for attempt in 0..<Self.attempts where best.count < units.count && !start.isSpent {
            var books = start
            var stuck: [EvacuationUnit] = []
            var moves: [Move] = []
            for unit in order {
                if let move = place(unit, packs: attempt % 2 == 1, &books) {
                    moves.append(move)
                } else {
                    stuck.append(unit)
                }
            }
            if moves.count > best.count { best = moves }
            start.spend(as: books)
            // Those that found no room come first next time, and two others change places.
            order = stuck + order.filter { !stuck.contains($0) }
            if attempt % 2 == 1 { order.swapAt(dice.below(order.count), dice.below(order.count)) }
        }
        return (best, start.isSpent || start.reserve?.isSpent == true)
    }

    private func size(_ unit: EvacuationUnit) -> Int64 {
        fleet.hardResources == 0 ? 0 : unit.machines.reduce(0) { $0 + fleet.need($1, 0) }
    }

    private func place(_ unit: EvacuationUnit, packs: Bool, _ books: inout ReliefBooks) -> Move? {
        let machine = unit.first
        let open = (0..<fleet.hosts).filter {
            $0 != host && unit.target ?? $0 == $0 && books.canTake(machine, on: $0, fleet)
        }
        let rated = open.map { target in
            let discomfort = fleet.discomfort(of: machine, on: target) { Int(fleet.places[$0]) }
            let pressure = books.pressure(of: target, with: machine, fleet)
            return (target: target, discomfort: discomfort, pressure: packs ? -pressure : pressure)
        }
        let sorted = rated.sorted { ($0.discomfort, $0.pressure, $0.target) < ($1.discomfort, $1.pressure, $1.target) }
        for candidate in sorted where takes(unit, candidate.target, &books) {
            return Move(unit: unit, target: candidate.target)
        }
        return nil
    }

    /// Takes the whole unit in, or nothing.
    private func takes(_ unit: EvacuationUnit, _ target: Int, _ books: inout ReliefBooks) -> Bool {
        var taken: [DenseMove] = []
        for machine in unit.machines {
            let move = DenseMove(machine: machine, from: host, to: target)
            guard books.canTake(machine, on: target, fleet), books.take(move, fleet) else {
                for move in taken.reversed() { books.drop(move, fleet) }
                return false
            }
            taken.append(move)
        }
        return true
    }
}
