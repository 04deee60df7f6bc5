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
