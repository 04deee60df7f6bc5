/// Lets several ways to anneal run against each other for a small part of the budget, each from the start, and gives the
/// rest to the one that came furthest. Which mix of steps pays depends on the problem: where room is scarce swaps do,
/// where moves hold their room on both sides coming home does, elsewhere plain moves.
///
/// Two runs of one way end far apart, and half-way through the cooling it shows already which will end lower. So the way
/// that won cools down to there several times, with other dice, and only the lowest of these goes on, at leisure.
public struct AnnealingRace: Sendable {
    /// The ways.
    public var ways: [Annealing]
    /// The share of the budget that each gets to show what it can do.
    public var trialShare: Double
    /// How often the winner cools down half-way.
    public var heats = 4
    /// The share of the budget for each of them.
    public var heatShare = 0.1

    /// Where the heats end, as a share of the cooling.
    private static let half = 0.5

    /// A race.
    public init(ways: [Annealing], trialShare: Double = 0.06) {
        self.ways = ways
        self.trialShare = trialShare
    }

    /// Ways that between them have done well on problems of very different kinds.
    ///
    /// Where what moves is held at its home too, a short trial tells which of two ways is better. Where nothing is, few
    /// moves have room but swaps do, and the slower one of them cools down, the lower it ends: one has the whole budget.
    public static func usual(seed: UInt64, for packing: Packing) -> AnnealingRace {
        guard packing.isHeldWhileMoving.contains(true) else {
            let mix = Annealing.Mix(homeward: 0, chains: 0.1, clearances: 0.004, swaps: 0.95)
            // Warmer than that nothing is decided: costs are those of a random placement.
            var race = AnnealingRace(ways: [Annealing(seed: seed, mix: mix, warmth: 0.7, chill: 2e-2)])
            race.heats = 0
            return race
        }
        let mixes = [
            Annealing.Mix(homeward: 0, chains: 0, clearances: 0.003, depth: 6),
            Annealing.Mix(homeward: 0.5, chains: 0.05, clearances: 0.003, depth: 6),
        ]
        return AnnealingRace(ways: mixes.map { Annealing(seed: seed, mix: $0, warmth: 2, chill: 2.5e-3) })
    }

    /// Improves `state`, which ends as the best placement that any of them found, never worse than it was. Returns the
    /// steps taken.
    @discardableResult
    public func run<Rules: PackingRules & ~Copyable, Budget: SearchBudget>(
        _ state: inout PackingState<Rules>, budget: inout Budget
    ) -> Int {
        let start = Slab<Int32>(state.assignment)
        let best = Slab<Int32>(state.assignment)
        var bestCost = state.cost
        var winner = 0
        var lowest = Int64.max
        var steps = 0
        for (number, way) in ways.enumerated() where ways.count > 1 {
            state.restore(start)
            var slice = BudgetSlice(budget, after: steps, share: trialShare)
            steps += way.run(&state, budget: &slice)
            budget = slice.whole
            if state.cost < lowest { (lowest, winner) = (state.cost, number) }
            if state.cost < bestCost {
                bestCost = state.cost
                state.save(in: best)
            }
        }
        guard ways.indices.contains(winner) else { return 0 }
        state.restore(start)
        steps += finish(ways[winner], &state, budget: &budget, after: steps)
        if bestCost < state.cost { state.restore(best) }
        return steps
    }

    /// Heats from where `state` is, and the rest of the cooling from where the best of them came to.
    private func finish<Rules: PackingRules & ~Copyable, Budget: SearchBudget>(
        _ way: Annealing, _ state: inout PackingState<Rules>, budget: inout Budget, after before: Int
    ) -> Int {
        var way = way
        let start = Slab<Int32>(state.assignment)
        let front = Slab<Int32>(state.assignment)
        let first = way.firstTemperature(state)
        var lowest = Int64.max
        var steps = before
        for _ in 0..<heats {
            state.restore(start)
            var slice = BudgetSlice(budget, after: steps, share: heatShare)
            steps += way.cool(&state, from: first, over: 0...Self.half, budget: &slice)
            budget = slice.whole
            way.seed &+= 1
            if state.cost < lowest {
                lowest = state.cost
                state.save(in: front)
            }
        }
        state.restore(front)
        var slice = BudgetSlice(budget, after: steps, share: 1)
        steps += way.cool(&state, from: first, over: (heats > 0 ? Self.half : 0)...1, budget: &slice)
        budget = slice.whole
        return steps - before
    }
}

/// A part of a budget, from where it is now.
private struct BudgetSlice<Whole: SearchBudget>: SearchBudget {
    private(set) var whole: Whole
    private let stepsBefore: Int
    private let first: Double
    private let last: Double

    init(_ whole: Whole, after steps: Int, share: Double) {
        var whole = whole
        first = whole.used(after: steps)
        last = min(1, first + share)
        stepsBefore = steps
        self.whole = whole
    }

    mutating func used(after steps: Int) -> Double {
        guard last > first else { return 1 }
        return (whole.used(after: stepsBefore + steps) - first) / (last - first)
    }
}
