import FleetModel

/// Finds the fewest moves that give a host enough relief, and among those the ones that move the least memory and
/// leave the busiest of the touched hosts least busy.
///
/// Destinations only gain, so a choice that is within limits at its end is within limits after each of its moves, in
/// any order. For a choice of k moves only the k best destinations of each VM are tried: the other k - 1 moves cannot
/// take them all, so nothing feasible is missed. The number of moves is therefore proven the smallest, as long as the
/// budget of steps lasts; beyond it a greedy choice has to do.
struct MoveSearch {
    /// A VM that may move.
    struct Candidate: Hashable {
        let machine: PlacementVM
        let load: MachineLoad
        /// What its leaving gives back, in LPs or bytes; above zero.
        let relief: Double
        /// Indexes of the destinations that could take it alone.
        let destinations: [Int]

        /// The same VM, which may not go to one of its destinations; `nil` where none is left.
        func without(_ destination: Int) -> Candidate? {
            let left = destinations.filter { $0 != destination }
            return left.isEmpty
                ? nil : Candidate(machine: machine, load: load, relief: relief, destinations: left)
        }

        static func == (left: Candidate, right: Candidate) -> Bool { left.machine.id == right.machine.id }

        func hash(into hasher: inout Hasher) { hasher.combine(machine.id) }
    }

    /// One move of a choice.
    struct Move {
        let candidate: Candidate
        let destination: Int
    }

    /// Steps of the exact search, counted and not timed, so that the answer does not depend on the machine.
    private static let budget = 100_000

    private let candidates: [Candidate]
    private let source: HostLoad
    private let destinations: [HostLoad]
    private let check: MoveCheck

    /// Candidates may come in any order; the first of equals is the one with the lower identity.
    init(source: HostLoad, candidates: [Candidate], destinations: [HostLoad], check: MoveCheck) {
        self.source = source
        self.candidates = candidates.sorted {
            $0.relief == $1.relief ? $0.machine.id < $1.machine.id : $0.relief > $1.relief
        }
        self.destinations = destinations
        self.check = check
    }

    /// The best choice of the smallest size; `nil` where none of at most `limit` moves reaches `need`.
    func fewestMoves(need: Double, atMost limit: Int) -> [Move]? {
        var steps = Self.budget
        for size in 1...max(1, min(limit, candidates.count)) where size <= limit {
            var attempt = Attempt(search: self, size: size, steps: steps)
            attempt.extend(from: 0, need: need)
            if let best = attempt.best { return best.moves }
            steps = attempt.steps
            if steps <= 0 { return greedy(need: need, atMost: limit) }
        }
        return nil
    }

    /// The relief that moves, the largest first, come to, whether that is enough or not; `nil` without candidates.
    func mostRelief(atMost limit: Int) -> Double? {
        candidates.isEmpty ? nil : fill(need: .infinity, atMost: limit).reduce(0) { $0 + $1.candidate.relief }
    }

    // MARK: Greedy

    private func greedy(need: Double, atMost limit: Int) -> [Move]? {
        let moves = fill(need: need, atMost: limit)
        return moves.reduce(0) { $0 + $1.candidate.relief } >= need ? moves : nil
    }

    /// The largest relief first, each to the destination that stays least busy, until `need` is reached.
    private func fill(need: Double, atMost limit: Int) -> [Move] {
        var loads = destinations
        var moves: [Move] = []
        var open = need
        for candidate in candidates where open > 0 && moves.count < limit {
            guard let destination = best(1, for: candidate, on: loads).first else { continue }
            loads[destination].add(candidate.load)
            moves.append(Move(candidate: candidate, destination: destination))
            open -= candidate.relief
        }
        return moves
    }

    /// At most `count` destinations that can take the candidate on top of `loads`, the least busy afterwards first.
    fileprivate func best(_ count: Int, for candidate: Candidate, on loads: [HostLoad]) -> [Int] {
        var found: [(index: Int, pressure: Double)] = []
        for index in candidate.destinations where check.limitBroken(by: candidate.load, on: loads[index]) == nil {
            found.append((index, loads[index].adding(candidate.load).pressure))
        }
        found.sort { ($0.pressure, $0.index) < ($1.pressure, $1.index) }
        return found.prefix(count).map(\.index)
    }
}

extension HostLoad {
    /// The higher of both shares; unknown counts as full.
    var pressure: Double { max(processorShare ?? 1, memoryShare ?? 1) }

    func adding(_ machine: MachineLoad) -> HostLoad {
        var sum = self
        sum.add(machine)
        return sum
    }
}

/// The exact search for one number of moves: depth first, largest relief first, cut where even the largest VMs that
/// remain are too little, and where more memory is moved than in the best choice so far.
private struct Attempt {
    let search: MoveSearch
    let size: Int
    var steps: Int
    private(set) var best: (moves: [MoveSearch.Move], memory: Double, peak: Double)?
    private var loads: [HostLoad]
    private var moves: [MoveSearch.Move] = []
    private var memory = 0.0
    /// Sums of the reliefs before each index, for the bound.
    private let sums: [Double]
    private let preferred: [[Int]]

    init(search: MoveSearch, size: Int, steps: Int) {
        self.search = search
        self.size = size
        self.steps = steps
        loads = search.initialLoads
        sums = search.reliefs.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
        preferred = search.preferences(size)
    }

    mutating func extend(from first: Int, need: Double) {
        let missing = size - moves.count
        if missing == 0 {
            if need <= 0 { keepIfBetter() }
            return
        }
        var index = first
        while index + missing < sums.count, steps > 0 {
            steps -= 1
            // The largest that remain stand next to each other.
            if sums[index + missing] - sums[index] < need { return }
            for destination in preferred[index] { tryMove(index, to: destination, need: need) }
            index += 1
        }
    }

    private mutating func tryMove(_ index: Int, to destination: Int, need: Double) {
        let candidate = search.candidate(index)
        if let best, memory + candidate.load.memory > best.memory { return }
        steps -= 1
        guard search.canTake(candidate, on: loads[destination]) else { return }
        let before = (load: loads[destination], memory: memory)
        loads[destination].add(candidate.load)
        memory += candidate.load.memory
        moves.append(MoveSearch.Move(candidate: candidate, destination: destination))
        extend(from: index + 1, need: need - candidate.relief)
        moves.removeLast()
        loads[destination] = before.load
        memory = before.memory
    }

    private mutating func keepIfBetter() {
        let peak = moves.reduce(search.sourcePressure(without: moves)) { max($0, loads[$1.destination].pressure) }
        if let best, (best.memory, best.peak) <= (memory, peak) { return }
        best = (moves, memory, peak)
    }
}

extension MoveSearch {
    fileprivate var initialLoads: [HostLoad] { destinations }

    fileprivate func sourcePressure(without moves: [Move]) -> Double {
        var load = source
        for move in moves { load.remove(move.candidate.load) }
        return load.pressure
    }

    fileprivate var reliefs: [Double] { candidates.map(\.relief) }

    fileprivate func candidate(_ index: Int) -> Candidate { candidates[index] }

    fileprivate func preferences(_ count: Int) -> [[Int]] {
        candidates.map { best(count, for: $0, on: destinations) }
    }

    fileprivate func canTake(_ candidate: Candidate, on load: HostLoad) -> Bool {
        check.limitBroken(by: candidate.load, on: load) == nil
    }
}
