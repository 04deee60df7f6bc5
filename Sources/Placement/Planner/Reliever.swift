/// Takes load off one host with the fewest moves, over a fleet in dense form.
///
/// Destinations only gain and the host only loses, so every subset of the moves, in any order, keeps whatever the whole
/// keeps. The number of moves is the smallest for which a choice of VMs is large enough and each finds a host; choices
/// are tried the smallest excess first, so that what moves is no more than need be.
public struct Reliever: Sendable {
    /// Highest expected share of the host afterwards, and of every host that takes a VM.
    public var target: Double
    /// Most moves.
    public var maximumMoves: Int
    /// Choices that are tried for each number of moves before the search settles for what it has.
    public var patience: Int

    /// A reliever.
    public init(target: Double = 0.8, maximumMoves: Int = 16, patience: Int = 2000) {
        self.target = target
        self.maximumMoves = maximumMoves
        self.patience = patience
    }

    /// The moves, the largest first; empty for a host that needs none, `nil` where nothing relieves it. The ledger is
    /// a copy of the reserve's, in which they are tried.
    public func plan(
        _ fleet: DenseFleet, relieving host: Int, reserve: ReserveLedger?
    ) -> [DenseMove]? {
        var search = ReliefSearch(fleet: fleet, host: host, target: target, reserve: reserve)
        if search.excess <= 0 { return [] }
        guard !search.candidates.isEmpty else { return nil }
        for size in 1...max(1, min(maximumMoves, search.candidates.count)) {
            if search.largest(size) < search.excess { continue }
            if let moves = search.choose(size, patience: patience) { return moves }
        }
        return nil
    }
}

/// One relief: the VMs that may leave, and where there is room.
struct ReliefSearch {
    let fleet: DenseFleet
    let host: Int
    let target: Double
    let reserve: ReserveLedger?
    /// What has to leave, in thousandths of a logical processor.
    let excess: Int64
    /// Movable VMs with a load, the largest load first.
    let candidates: [Int]
    /// What each host can still take of processor time.
    private var room: [Int64]
    private var free: [Int64]
    /// Hosts by what they can take, the most first.
    private let order: [Int]
    private var patience = 0
    private var chosen: [Int] = []

    init(fleet: DenseFleet, host: Int, target: Double, reserve: ReserveLedger?) {
        self.fleet = fleet
        self.host = host
        self.target = target
        self.reserve = reserve
        var loads = fleet.ownLoads
        var free = fleet.room
        let resources = fleet.hardResources
        for machine in 0..<fleet.machines {
            let place = Int(fleet.places[machine])
            loads[place] += fleet.loads[machine]
            for resource in 0..<resources {
                free[place * resources + resource] -= fleet.needs[machine * resources + resource]
            }
        }
        let room = loads.indices.map { Int64((Double(fleet.processors[$0]) * target).rounded(.down)) - loads[$0] }
        excess = -room[host]
        self.room = room
        self.free = free
        order = room.indices.filter { fleet.isOpen[$0] && $0 != host && room[$0] > 0 }.sorted {
            room[$0] == room[$1] ? $0 < $1 : room[$0] > room[$1]
        }
        candidates = (0..<fleet.machines).filter {
            Int(fleet.places[$0]) == host && fleet.isMovable[$0] && fleet.loads[$0] > 0 && !fleet.isPaired($0)
        }.sorted {
            fleet.loads[$0] == fleet.loads[$1] ? $0 < $1 : fleet.loads[$0] > fleet.loads[$1]
        }
    }

    /// What the largest so many VMs come to.
    func largest(_ size: Int) -> Int64 { candidates.prefix(size).reduce(0) { $0 + fleet.loads[$1] } }

    /// A choice of exactly `size` VMs that is enough, with a host for each.
    mutating func choose(_ size: Int, patience: Int) -> [DenseMove]? {
        self.patience = patience
        chosen.removeAll()
        return extend(from: 0, size: size, need: excess)
    }

    private mutating func extend(from first: Int, size: Int, need: Int64) -> [DenseMove]? {
        if chosen.count == size { return need <= 0 ? assign() : nil }
        let missing = size - chosen.count
        guard first + missing <= candidates.count else { return nil }
        // Of the VMs that can still lead to enough, the smallest first.
        var last = first
        while last + missing < candidates.count, sum(from: last + 1, missing) >= need { last += 1 }
        guard sum(from: first, missing) >= need else { return nil }
        for place in (first...last).reversed() where patience > 0 {
            patience -= 1
            chosen.append(candidates[place])
            if let moves = extend(from: place + 1, size: size, need: need - fleet.loads[candidates[place]]) {
                return moves
            }
            chosen.removeLast()
        }
        return nil
    }

    private func sum(from first: Int, _ count: Int) -> Int64 {
        candidates[first..<min(first + count, candidates.count)].reduce(0) { $0 + fleet.loads[$1] }
    }

    /// A host for each chosen VM, each time the one with most room first, with second thoughts; `nil` where there is no
    /// such choice of hosts.
    private mutating func assign() -> [DenseMove]? {
        var moves: [DenseMove] = []
        return assign(&moves, reserve) ? moves : nil
    }

    private mutating func assign(_ moves: inout [DenseMove], _ ledger: ReserveLedger?) -> Bool {
        guard moves.count < chosen.count else { return true }
        let machine = chosen[moves.count]
        let rivals = fleet.rivals(of: machine)
        for candidate in order where canTake(machine, candidate, rivals, moves) {
            var after = ledger
            guard after?.arrive(machine, on: candidate) ?? true else { continue }
            give(machine, to: candidate, sign: 1)
            moves.append(DenseMove(machine: machine, from: host, to: candidate))
            if assign(&moves, after) { return true }
            moves.removeLast()
            give(machine, to: candidate, sign: -1)
            patience -= 1
            if patience <= 0 { return false }
        }
        return false
    }

    private mutating func give(_ machine: Int, to host: Int, sign: Int64) {
        let resources = fleet.hardResources
        room[host] -= sign * fleet.loads[machine]
        for resource in 0..<resources {
            free[host * resources + resource] -= sign * fleet.needs[machine * resources + resource]
        }
    }

    private func canTake(_ machine: Int, _ candidate: Int, _ rivals: [Int32], _ moves: [DenseMove]) -> Bool {
        room[candidate] >= fleet.loads[machine] && fleet.allows(machine, on: candidate)
            && hasRoom(for: machine, on: candidate)
            && !rivals.contains { fleet.places[Int($0)] == Int32(candidate) }
            && !moves.contains { $0.to == candidate && rivals.contains(Int32($0.machine)) }
    }

    private func hasRoom(for machine: Int, on host: Int) -> Bool {
        let resources = fleet.hardResources
        for resource in 0..<resources
        where free[host * resources + resource] < fleet.needs[machine * resources + resource] { return false }
        return true
    }
}
