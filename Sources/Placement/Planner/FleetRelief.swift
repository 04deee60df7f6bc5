/// What it takes to relieve every host of a fleet that is over the target.
public struct FleetRelief: Sendable, Hashable {
    /// The moves, host by host.
    public var moves: [DenseMove] = []
    /// Hosts for which nothing was found.
    public var unrelieved: [Int] = []
    /// Fewer moves cannot do: each host must lose at least its largest VMs.
    public var bound = 0
}

extension Reliever {
    /// Orders that are tried where the first leaves something to be desired.
    private static let orders = 24

    /// Relieves every host that is over the target, the one with the largest excess first, and, where that takes more
    /// moves than the bound, in other orders.
    public func relieveAll(_ fleet: DenseFleet, reserve: ReserveLedger?) -> FleetRelief {
        let books = ReliefBooks(fleet, ceiling: ceiling, reserve: reserve)
        let excess = { (host: Int) in Double(books.loads[host]) - Double(fleet.processors[host]) * target }
        var hosts = (0..<fleet.hosts).filter { excess($0) > 1e-9 }.sorted {
            let left = excess($0)
            let right = excess($1)
            return left == right ? $0 < $1 : left > right
        }
        let bound = hosts.reduce(0) { $0 + fewest(fleet, books.members(of: $1, fleet), need: excess($1)) }
        var dice = Dice(seed: 1)
        var best = relieve(hosts, fleet, books)
        best.bound = bound
        for attempt in 0..<Self.orders where best.moves.count > bound || !best.unrelieved.isEmpty {
            // Those that found nothing go first next time; the others change places.
            hosts.shuffle(using: &dice)
            let stuck = Set(best.unrelieved)
            hosts = hosts.filter(stuck.contains) + hosts.filter { !stuck.contains($0) }
            var other = self
            other.taste = Taste.all[attempt % Taste.all.count]
            var next = other.relieve(hosts, fleet, books)
            next.bound = bound
            if (next.unrelieved.count, next.moves.count) < (best.unrelieved.count, best.moves.count) { best = next }
        }
        guard best.moves.count > bound || !best.unrelieved.isEmpty else { return best }
        return ReliefAnnealing(fleet: fleet, target: target, ceiling: ceiling).improve(best, reserve: reserve)
    }

    private func relieve(_ hosts: [Int], _ fleet: DenseFleet, _ start: ReliefBooks) -> FleetRelief {
        var books = start
        var relief = FleetRelief()
        for host in hosts {
            if let moves = plan(fleet, relieving: host, &books) {
                relief.moves += moves
            } else {
                relief.unrelieved.append(host)
            }
        }
        return relief
    }

    /// How many of a host's largest VMs come to the need; 0 where all of them do not.
    private func fewest(_ fleet: DenseFleet, _ machines: [Int], need: Double) -> Int {
        var sum = 0.0
        for (count, load) in machines.map({ Double(fleet.loads[$0]) }).sorted(by: >).enumerated() {
            sum += load
            if sum >= need - 1e-9 { return count + 1 }
        }
        return 0
    }
}
