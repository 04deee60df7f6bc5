/// Takes load off hosts with the fewest moves, over a fleet in dense form.
///
/// Destinations only gain and the host only loses, so every subset of the moves, in any order, keeps whatever the whole
/// keeps. The number of moves is the smallest for which a choice of VMs is large enough and each finds a host; of those
/// choices the one that moves the least memory is taken, then the one that leaves its hosts least loaded.
public struct Reliever: Sendable {
    /// Highest expected share of a host afterwards.
    public var target: Double
    /// Highest expected share of a host that takes a VM.
    public var ceiling: Double
    /// Most moves off one host.
    public var maximumMoves: Int
    /// What choices are preferred.
    var taste = Taste()
    /// Memory of all moves in MiB, by the first hard resource; `nil` for any amount.
    var budget: Int64?
    /// Steps for one host before the search settles for what it has; counted, so that the answer is the same on every
    /// machine.
    public var patience: Int
    /// Moves that relieving a whole fleet tries, in all orders together.
    var tries = Int.max

    /// What choices of equally many moves are preferred. The usual taste is what people want; others spare what a tight
    /// fleet is short of.
    struct Taste: Sendable, Hashable {
        /// Whether to move as little load as will do, and not as little memory.
        var sparesLoad = false
        /// Whether VMs go where they just fit, and not where most is left.
        var packs = false

        static let all = [
            Taste(), Taste(sparesLoad: true), Taste(packs: true), Taste(sparesLoad: true, packs: true),
        ]
    }

    /// A reliever; `ceiling` is `target` where it is not given.
    public init(target: Double = 0.8, ceiling: Double? = nil, maximumMoves: Int = 16, patience: Int = 20_000) {
        self.target = target
        self.ceiling = ceiling ?? target
        self.maximumMoves = maximumMoves
        self.patience = patience
    }

    /// The moves, the largest first; empty for a host that needs none, `nil` where nothing relieves it. The ledger is
    /// a copy of the reserve's, in which they are tried.
    public func plan(_ fleet: DenseFleet, relieving host: Int, reserve: ReserveLedger?) -> [DenseMove]? {
        var books = ReliefBooks(fleet, ceiling: ceiling, reserve: reserve)
        return plan(fleet, relieving: host, &books)
    }

    func plan(_ fleet: DenseFleet, relieving host: Int, _ books: inout ReliefBooks) -> [DenseMove]? {
        guard books.isOver(target, host, fleet) else { return [] }
        let excess = books.excess(of: host, over: target, fleet)
        let own = books.members(of: host, fleet)
        return choose(
            fleet, host, need: excess, own.map { ReliefCandidate($0, relief: Double(fleet.loads[$0])) }, &books)
    }

    /// The fewest of the candidates whose reliefs come to `need`, with a host for each; the books are as if they had
    /// moved. Each number of moves is given its share of the tries that are left.
    func choose(
        _ fleet: DenseFleet, _ host: Int, need: Double, _ candidates: [ReliefCandidate], _ books: inout ReliefBooks
    ) -> [DenseMove]? {
        var search = ReliefSearch(
            fleet: fleet, host: host, candidates: candidates, books: books, steps: patience, taste: taste)
        search.budget = budget ?? .max
        let most = min(maximumMoves, search.candidates.count)
        guard most > 0 else { return nil }
        let sizes = (1...most).filter { search.largest($0) >= need - 1e-9 }
        for (rank, size) in sizes.enumerated() {
            let moves = search.best(size, need: need, share: sizes.count - rank)
            books.tries = search.triesLeft
            if search.isCut { books.isCut = true }
            guard let moves else { continue }
            for move in moves { books.make(move, fleet) }
            return moves
        }
        return nil
    }
}

/// A VM that could leave, and what that gives back.
struct ReliefCandidate {
    let machine: Int
    let relief: Double
    /// How dear its moving is, where memory is what is spared.
    let weight: Int64

    init(_ machine: Int, relief: Double, weight: Int64 = 1) {
        self.machine = machine
        self.relief = relief
        self.weight = weight
    }
}

/// What hosts carry and have free while reliefs are planned one after the other. A VM that was taken is held on both
/// sides.
struct ReliefBooks {
    private(set) var loads: [Int64]
    /// What each host can still take of processor time.
    private(set) var room: [Int64]
    private(set) var free: [Int64]
    private(set) var reserve: ReserveLedger?
    /// Where VMs of this plan go.
    private(set) var moved: [Int32: Int32] = [:]
    /// How many moves may still be tried. Counted, so that the answer is the same on every machine.
    var tries: Int
    /// Whether a search ended before it had tried everything.
    var isCut = false
    private let ceiling: Double
    private let resources: Int
    private let first: [Int32]
    private let next: [Int32]

    init(_ fleet: DenseFleet, ceiling: Double, reserve: ReserveLedger?, tries: Int = .max) {
        self.ceiling = ceiling
        self.reserve = reserve
        self.tries = tries
        resources = fleet.hardResources
        var loads = fleet.ownLoads
        var free = fleet.room
        var first = [Int32](repeating: -1, count: fleet.hosts)
        var next = [Int32](repeating: -1, count: fleet.machines)
        let resources = resources
        for machine in (0..<fleet.machines).reversed() {
            let place = Int(fleet.places[machine])
            loads[place] += fleet.loads[machine]
            next[machine] = first[place]
            first[place] = Int32(machine)
            for resource in 0..<resources {
                free[place * resources + resource] -= fleet.needs[machine * resources + resource]
            }
        }
        self.first = first
        self.next = next
        room = loads.indices.map { Int64((Double(fleet.processors[$0]) * ceiling).rounded(.down)) - loads[$0] }
        self.loads = loads
        self.free = free
    }

    /// The VMs of a host that may move, have a load, and do not move already.
    func members(of host: Int, _ fleet: DenseFleet) -> [Int] {
        var members: [Int] = []
        var machine = first[host]
        while machine >= 0 {
            let number = Int(machine)
            if fleet.isMovable[number] && fleet.loads[number] > 0 && moved[machine] == nil { members.append(number) }
            machine = next[number]
        }
        return members
    }

    /// Whether rules, room and processors let the VM come to the host; the reserve is asked by `take`.
    func canTake(_ machine: Int, on host: Int, _ fleet: DenseFleet) -> Bool {
        guard room[host] >= fleet.loads[machine], fleet.isOpen[host], fleet.allows(machine, on: host) else {
            return false
        }
        for resource in 0..<resources
        where free[host * resources + resource] < fleet.needs[machine * resources + resource] { return false }
        let isAtOdds = fleet.hasRival(of: machine) { rival in
            fleet.places[rival] == Int32(host) || moved[Int32(rival)] == Int32(host)
        }
        return !isAtOdds
            && !fleet.breaksSpread(
                machine, on: host, { Int(fleet.places[$0]) }, target: { moved[Int32($0)].map(Int.init) })
    }

    /// What other books, which were a copy of these, have used up of tries and of the reserve's steps is used up here, too.
    mutating func spend(as other: ReliefBooks) {
        tries = other.tries
        isCut = isCut || other.isCut
        if let steps = other.reserve?.stepsLeft { reserve?.stepsLeft = steps }
    }

    /// Whether as many moves were tried as may be: nothing is taken in any more.
    var isSpent: Bool { tries <= 0 }

    /// Takes a move in; `false`, and nothing changed, where more would be lost with hosts that fail than now, or nothing
    /// may be tried any more.
    @discardableResult
    mutating func take(_ move: DenseMove, _ fleet: DenseFleet) -> Bool {
        if isSpent { return false }
        let before = reserve?.packings ?? 0
        let isTaken = make(move, fleet)
        tries -= 1 + ((reserve?.packings ?? 0) - before) / Self.packingsOfTry
        return isTaken
    }

    /// A move for which the reserve packs many failures anew counts for several.
    private static let packingsOfTry = 4

    /// The same with a move that is no trial.
    @discardableResult
    mutating func make(_ move: DenseMove, _ fleet: DenseFleet) -> Bool {
        if reserve?.arrive(move.machine, on: move.to) == false { return false }
        count(move, 1, fleet)
        moved[Int32(move.machine)] = Int32(move.to)
        return true
    }

    /// Somebody else means to make the move: its VM counts at its destination, and where it is as well, since it may
    /// never go.
    mutating func expect(_ move: DenseMove, _ fleet: DenseFleet) {
        guard moved[Int32(move.machine)] == nil else { return }
        _ = reserve?.arrive(move.machine, on: move.to)
        arrive(move, 1, fleet)
        moved[Int32(move.machine)] = Int32(move.to)
    }

    /// A move of this plan has been made: what its VM held is free again where it was. Moves from now on need it.
    mutating func vacate(_ move: DenseMove, _ fleet: DenseFleet) {
        free(of: move, 1, fleet)
    }

    /// Takes back that a move has been made, and the move.
    mutating func unmake(_ move: DenseMove, _ fleet: DenseFleet) {
        free(of: move, -1, fleet)
        drop(move, fleet)
    }

    private mutating func free(of move: DenseMove, _ sign: Int64, _ fleet: DenseFleet) {
        for resource in 0..<resources {
            free[move.from * resources + resource] += sign * fleet.needs[move.machine * resources + resource]
        }
    }

    /// Takes a move back.
    mutating func drop(_ move: DenseMove, _ fleet: DenseFleet) {
        reserve?.withdraw(move.machine, from: move.to)
        count(move, -1, fleet)
        moved[Int32(move.machine)] = nil
    }

    private mutating func count(_ move: DenseMove, _ sign: Int64, _ fleet: DenseFleet) {
        loads[move.from] -= sign * fleet.loads[move.machine]
        room[move.from] += sign * fleet.loads[move.machine]
        arrive(move, sign, fleet)
    }

    private mutating func arrive(_ move: DenseMove, _ sign: Int64, _ fleet: DenseFleet) {
        loads[move.to] += sign * fleet.loads[move.machine]
        room[move.to] -= sign * fleet.loads[move.machine]
        for resource in 0..<resources {
            free[move.to * resources + resource] -= sign * fleet.needs[move.machine * resources + resource]
        }
    }

    /// The higher of the shares of processors and of the first hard resource that a host would have with the VM.
    func pressure(of host: Int, with machine: Int, _ fleet: DenseFleet) -> Double {
        let load = Double(loads[host] + fleet.loads[machine]) / Double(max(1, fleet.processors[host]))
        guard resources > 0 else { return load }
        let room = Double(max(1, fleet.room[host * resources]))
        return max(load, 1 - Double(free[host * resources] - fleet.needs[machine * resources]) / room)
    }
}
