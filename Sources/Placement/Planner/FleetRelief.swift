/// What it takes to relieve every host of a fleet that is over the target.
public struct FleetRelief: Sendable, Hashable {
    /// The moves, host by host.
    public var moves: [DenseMove] = []
    /// Hosts that are over the target afterwards.
    public var unrelieved: [Int] = []
    /// Fewer moves cannot do: each host must lose at least its largest VMs.
    public var bound = 0
    /// Whether the search of one ended before it had tried everything.
    public var isCut = false
}

extension Reliever {
    /// Orders that are tried where the first leaves something to be desired.
    private static let orders = 24
    /// Moves that are tried for each host as long as any may be.
    private static let fewestTries = 1000

    /// Relieves every host that is over the target, the one with the largest excess first, and, where that takes more
    /// moves than the bound, in other orders. No host that takes a VM is over the target afterwards.
    public func relieveAll(_ fleet: DenseFleet, reserve: ReserveLedger?) -> FleetRelief {
        if ceiling > target {
            var strict = self
            strict.ceiling = target
            return strict.relieveAll(fleet, reserve: reserve)
        }
        var books = ReliefBooks(fleet, ceiling: ceiling, reserve: reserve, tries: tries)
        let excess = { [start = books] (host: Int) in start.excess(of: host, over: target, fleet) }
        var hosts = (0..<fleet.hosts).filter { books.isOver(target, $0, fleet) }.sorted {
            let left = excess($0)
            let right = excess($1)
            return left == right ? $0 < $1 : left > right
        }
        let bound = hosts.reduce(0) { $0 + fewest(fleet, books.members(of: $1, fleet), need: excess($1)) }
        var dice = Dice(seed: 1)
        var best = relieve(hosts, fleet, &books)
        best.bound = bound
        var isCut = best.isCut
        for attempt in 0..<Self.orders
        where !books.isSpent && (best.moves.count > bound || !best.unrelieved.isEmpty) {
            // Those that found nothing go first next time; the others change places.
            hosts.shuffle(using: &dice)
            let stuck = Set(best.unrelieved)
            hosts = hosts.filter(stuck.contains) + hosts.filter { !stuck.contains($0) }
            var other = self
            other.taste = Taste.all[attempt % Taste.all.count]
            var next = other.relieve(hosts, fleet, &books)
            next.bound = bound
            isCut = isCut || next.isCut
            if (next.unrelieved.count, next.moves.count) < (best.unrelieved.count, best.moves.count) { best = next }
        }
        best.isCut = isCut
        guard best.moves.count > bound || !best.unrelieved.isEmpty else { return best }
        return ReliefAnnealing(fleet: fleet, target: target, ceiling: ceiling).improve(best, reserve: reserve)
    }

    /// One host after the other, each with its share of the tries that are left. Of the books only these change.
    private func relieve(_ hosts: [Int], _ fleet: DenseFleet, _ start: inout ReliefBooks) -> FleetRelief {
        var books = start
        var relief = FleetRelief()
        defer { start.tries = books.tries }
        for (rank, host) in hosts.enumerated() {
            let share = max(books.tries / (hosts.count - rank), min(books.tries, Self.fewestTries))
            let kept = books.tries - share
            books.tries -= kept
            defer { books.tries += kept }
            relief.moves += plan(fleet, relieving: host, &books) ?? []
        }
        relief.unrelieved = (0..<fleet.hosts).filter { books.isOver(target, $0, fleet) }
        relief.isCut = books.isCut
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

extension ReliefBooks {
    /// What a host carries more than the share of its processors, in thousandths of an LP; below 0 where that is less.
    func excess(of host: Int, over share: Double, _ fleet: DenseFleet) -> Double {
        Double(loads[host]) - Double(fleet.processors[host]) * share
    }

    /// Whether a host carries more than the share of its processors; rounding does not decide.
    func isOver(_ share: Double, _ host: Int, _ fleet: DenseFleet) -> Bool {
        excess(of: host, over: share, fleet) > 1e-9
    }
}
