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

/// Evens the fleet out with as few moves as are worth their cost: the best move or swap at a time, each only where the
/// reserve still holds, until none is worth it.
public struct Balancer: Sendable {
    /// What is worth what.
    public var weights: BalanceWeights
    /// Most moves of a plan.
    public var maximumMoves: Int
    /// Hosts with the highest cost that VMs are taken from.
    public var donors = 16
    /// Hosts with the lowest load that VMs are brought to.
    public var receivers = 48

    /// A balancer.
    public init(weights: BalanceWeights = BalanceWeights(), maximumMoves: Int = 64) {
        self.weights = weights
        self.maximumMoves = maximumMoves
    }

    /// The moves in the order of their worth. The reserve's ledger, if there is one, counts each VM on both sides from
    /// now on, until `depart` or `withdraw` says how its move ended. Every subset of the moves can be made in any order.
    public func plan(
        _ fleet: DenseFleet, reserve: inout ReserveLedger?
    ) throws(PackingError) -> [DenseMove] {
        guard fleet.hosts > 1, fleet.machines > 0 else { return [] }
        var search = BalanceSearch(
            state: PackingState(
                try FleetRules.packing(fleet, weights: weights), rules: FleetRules(fleet, weights: weights)),
            fleet: fleet, donors: donors, receivers: receivers)
        while search.moves.count < maximumMoves, search.improve(&reserve, atMost: maximumMoves) {}
        return search.moves
    }
}

/// One balancing: the placement so far, and the moves that lead to it.
struct BalanceSearch: ~Copyable {
    var state: PackingState<FleetRules>
    let fleet: DenseFleet
    let donors: Int
    let receivers: Int
    private(set) var moves: [DenseMove] = []
    private var vetoed: Set<DenseMove> = []

    init(state: consuming PackingState<FleetRules>, fleet: DenseFleet, donors: Int, receivers: Int) {
        self.state = state
        self.fleet = fleet
        self.donors = donors
        self.receivers = receivers
    }

    /// Makes the best move, or the best swap where no move is worth it; `false` where neither is.
    mutating func improve(_ reserve: inout ReserveLedger?, atMost limit: Int) -> Bool {
        let byCost = (0..<state.bins).sorted {
            let left = state.ownCost(of: $0)
            let right = state.ownCost(of: $1)
            return left == right ? $0 < $1 : left > right
        }
        let byLoad = (0..<state.bins).filter { fleet.isOpen[$0] }.sorted {
            let left = share(of: $0)
            let right = share(of: $1)
            return left == right ? $0 < $1 : left < right
        }
        let sources = Array(byCost.prefix(donors))
        let destinations = Array(byLoad.prefix(receivers))
        while let move = bestMove(sources, destinations) {
            if make([move], &reserve) { return true }
        }
        while moves.count + 2 <= limit, let swap = bestSwap(sources, destinations) {
            if make(swap, &reserve) { return true }
        }
        return false
    }

    private func share(of host: Int) -> Double {
        fleet.processors[host] > 0 ? Double(state.held(in: host, 0)) / Double(fleet.processors[host]) : .infinity
    }

    private func bestMove(_ sources: [Int], _ destinations: [Int]) -> DenseMove? {
        var best: (move: DenseMove, change: Int64)?
        for source in sources {
            var machine = state.firstItem(in: source)
            while machine >= 0 {
                if state.home(of: machine) == source && fleet.isMovable[machine] {
                    for destination in destinations {
                        guard let change = state.change(moving: machine, to: destination),
                            change < best?.change ?? 0
                        else { continue }
                        let move = DenseMove(machine: machine, from: source, to: destination)
                        if !vetoed.contains(move) { best = (move, change) }
                    }
                }
                machine = state.nextItem(after: machine)
            }
        }
        return best?.move
    }

    private func bestSwap(_ sources: [Int], _ destinations: [Int]) -> [DenseMove]? {
        var best: (moves: [DenseMove], change: Int64)?
        for source in sources {
            var machine = state.firstItem(in: source)
            while machine >= 0 {
                if state.home(of: machine) == source && fleet.isMovable[machine] {
                    for destination in destinations where destination != source {
                        var other = state.firstItem(in: destination)
                        while other >= 0 {
                            if state.home(of: other) == destination, fleet.isMovable[other],
                                fleet.loads[other] < fleet.loads[machine],
                                let change = state.change(swapping: machine, other), change < best?.change ?? 0
                            {
                                let swap = [
                                    DenseMove(machine: machine, from: source, to: destination),
                                    DenseMove(machine: other, from: destination, to: source),
                                ]
                                if !swap.contains(where: vetoed.contains) { best = (swap, change) }
                            }
                            other = state.nextItem(after: other)
                        }
                    }
                }
                machine = state.nextItem(after: machine)
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
        for move in wanted { state.move(move.machine, to: move.to) }
        moves += wanted
        return true
    }
}
