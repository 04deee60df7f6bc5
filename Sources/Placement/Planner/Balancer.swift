/// A move of a VM by numbers.
public struct DenseMove: Sendable, Hashable {
    /// The VM.
    public let machine: Int
    /// Where it is.
    public let from: Int
    /// Where it goes.
    public let to: Int

    /// A move.
    public init(machine: Int, from: Int, to: Int) {
        self.machine = machine
        self.from = from
        self.to = to
    }
}

/// Evens the fleet out with as few moves as are worth their cost: in rounds, the costliest hosts first, the best move or
/// swap of each, only where the reserve still holds, until none is worth it.
public struct Balancer: Sendable {
    /// What is worth what.
    public var weights: BalanceWeights
    /// Most moves of a plan.
    public var maximumMoves: Int
    /// Hosts with the highest cost that VMs are taken from in a round; an eighth of them in large fleets.
    public var donors = 16
    /// Hosts with a low load that a host's VMs are tried on.
    public var receivers = 48

    /// A balancer.
    public init(weights: BalanceWeights = BalanceWeights(), maximumMoves: Int = 64) {
        self.weights = weights
        self.maximumMoves = maximumMoves
    }

    /// The moves, those off the costliest hosts first. The reserve's ledger, if there is one, counts each VM on both sides from
    /// now on, until `depart` or `withdraw` says how its move ended. Every subset of the moves can be made in any order.
    public func plan(
        _ fleet: DenseFleet, reserve: inout ReserveLedger?
    ) throws(PackingError) -> [DenseMove] {
        try search(fleet, reserve: &reserve).moves
    }

    /// The same with what else was looked at.
    func search(_ fleet: DenseFleet, reserve: inout ReserveLedger?) throws(PackingError) -> BalanceSearch {
        var search = BalanceSearch(
            state: PackingState(
                try FleetRules.packing(fleet, weights: weights), rules: FleetRules(fleet, weights: weights)),
            fleet: fleet, donors: donors, receivers: receivers)
        while search.moves.count < maximumMoves, search.improve(&reserve, atMost: maximumMoves) {}
        return search
    }
}

/// One balancing: the placement so far, and the moves that lead to it.
struct BalanceSearch: ~Copyable {
    var state: PackingState<FleetRules>
    let fleet: DenseFleet
    let donors: Int
    let receivers: Int
    private(set) var moves: [DenseMove] = []
    /// Moves that the reserve does not allow.
    private(set) var vetoed: Set<DenseMove> = []
    /// Hosts of which no move, or no swap, was worth it since they last changed.
    private var isIdle: [Bool]
    private var isIdleInSwaps: [Bool]

    init(state: consuming PackingState<FleetRules>, fleet: DenseFleet, donors: Int, receivers: Int) {
        isIdle = Array(repeating: false, count: state.bins)
        isIdleInSwaps = isIdle
        self.state = state
        self.fleet = fleet
        self.donors = donors
        self.receivers = receivers
    }

    /// One round: each of the costliest hosts makes its best move, the costliest first; where none is worth it, its best
    /// swap. `false` where nothing was worth it. Hosts for which nothing was found are not asked again until they change.
    mutating func improve(_ reserve: inout ReserveLedger?, atMost limit: Int) -> Bool {
        let sources = costliest()
        let destinations = coolest()
        let before = moves.count
        for (rank, source) in sources.enumerated() where moves.count < limit && !isIdle[source] {
            let window = window(of: destinations, rank: rank, size: receivers)
            if !makeBest(of: source, window, &reserve) { isIdle[source] = true }
        }
        if moves.count > before { return true }
        for (rank, source) in sources.enumerated() where moves.count + 2 <= limit && !isIdleInSwaps[source] {
            let window = window(of: destinations, rank: rank, size: receivers / 4)
            if !makeBestSwap(of: source, window, &reserve) { isIdleInSwaps[source] = true }
        }
        return moves.count > before
    }

    /// The best move that the reserve allows; those that it does not are vetoed for good.
    private mutating func makeBest(
        of source: Int, _ window: ArraySlice<Int>, _ reserve: inout ReserveLedger?
    ) -> Bool {
        while let move = bestMove(source, window) {
            if make([move], &reserve) { return true }
        }
        return false
    }

    private mutating func makeBestSwap(
        of source: Int, _ window: ArraySlice<Int>, _ reserve: inout ReserveLedger?
    ) -> Bool {
        while let swap = bestSwap(source, window) {
            if make(swap, &reserve) { return true }
        }
        return false
    }

    /// The hosts that cost most as they are, the costliest first.
    func costliest() -> [Int] {
        let hosts = (0..<state.bins).sorted {
            let left = state.ownCost(of: $0)
            let right = state.ownCost(of: $1)
            return left == right ? $0 < $1 : left > right
        }
        return Array(hosts.prefix(max(donors, hosts.count / 8)))
    }

    /// The hosts that VMs may come to, the least loaded first.
    func coolest() -> [Int] {
        let shares = (0..<state.bins).map { share(of: $0) }
        return (0..<state.bins).filter { fleet.isOpen[$0] }.sorted {
            shares[$0] == shares[$1] ? $0 < $1 : shares[$0] < shares[$1]
        }
    }

    /// In large fleets each donor looks at other receivers, so that they do not all fill the same few.
    private func window(of destinations: [Int], rank: Int, size: Int) -> ArraySlice<Int> {
        let start = min(rank, max(0, destinations.count - size))
        return destinations[start..<min(destinations.count, start + size)]
    }

    /// Share of a host's processors that is expected to be wanted.
    func share(of host: Int) -> Double {
        fleet.processors[host] > 0 ? Double(state.held(in: host, 0)) / Double(fleet.processors[host]) : .infinity
    }

    /// The VMs of a host that were there at the start and may move.
    func movable(on host: Int) -> [Int] {
        var found: [Int] = []
        var machine = state.firstItem(in: host)
        while machine >= 0 {
            if state.home(of: machine) == host && fleet.isMovable[machine] { found.append(machine) }
            machine = state.nextItem(after: machine)
        }
        return found
    }

    private func bestMove(_ source: Int, _ destinations: ArraySlice<Int>) -> DenseMove? {
        var best: (move: DenseMove, change: Int64)?
        for machine in movable(on: source) {
            for destination in destinations {
                guard let change = state.change(moving: machine, to: destination), change < best?.change ?? 0 else {
                    continue
                }
                let move = DenseMove(machine: machine, from: source, to: destination)
                if !vetoed.contains(move) { best = (move, change) }
            }
        }
        return best?.move
    }

    private func bestSwap(_ source: Int, _ destinations: ArraySlice<Int>) -> [DenseMove]? {
        var best: (moves: [DenseMove], change: Int64)?
        let own = movable(on: source)
        for destination in destinations where destination != source {
            for other in movable(on: destination) {
                for machine in own where fleet.loads[other] < fleet.loads[machine] {
                    guard let change = state.change(swapping: machine, other), change < best?.change ?? 0 else {
                        continue
                    }
                    let swap = [
                        DenseMove(machine: machine, from: source, to: destination),
                        DenseMove(machine: other, from: destination, to: source),
                    ]
                    if !swap.contains(where: vetoed.contains) { best = (swap, change) }
                }
            }
        }
        return best?.moves
    }

    private mutating func make(_ wanted: [DenseMove], _ reserve: inout ReserveLedger?) -> Bool {
        for (count, move) in wanted.enumerated() where reserve?.arrive(move.machine, on: move.to) == false {
            for made in wanted[..<count] { reserve?.withdraw(made.machine, from: made.to) }
            vetoed.insert(move)
            return false
        }
        for move in wanted {
            state.move(move.machine, to: move.to)
            for host in [move.from, move.to] { (isIdle[host], isIdleInSwaps[host]) = (false, false) }
        }
        moves += wanted
        return true
    }
}
