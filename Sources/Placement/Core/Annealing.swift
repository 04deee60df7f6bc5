import Foundation

/// Simulated annealing (Kirkpatrick, Gelatt and Vecchi, 1983) over moves, swaps, chains and clearances, with the best
/// placement kept at all times. The same seed and the same budget of steps come to the same placement.
public struct Annealing: Sendable {
    /// Which way the dice fall.
    public var seed: UInt64
    /// How warm it is at first: a share of what a random move changes the cost by, on average.
    public var warmth: Double
    /// How warm it is when most of the budget is used up, as a share of `warmth`: so slow is the decisive part.
    public var chill: Double
    /// The share of the budget for that part; in the rest it freezes, which settles what costs little.
    public var slowShare = 0.93
    /// How warm it is at the end, as a share of what it was after the slow part.
    public var frost = 1e-5
    /// How warm it is at first, in units of cost, where that is known better than by trying.
    public var temperature: Double?
    /// What is tried how often.
    public var mix: Mix

    /// Shares of the kinds of steps.
    public struct Mix: Sendable, Hashable {
        /// Of all moves and thorough clearances, those back home. Where what moves is held at its home too, only coming
        /// home frees room.
        public var homeward: Double
        /// Of all steps, those in which one item takes the place of another, which goes to a third bin.
        public var chains: Double
        /// Of all steps, those that clear a bin for an item, as `Clearance` does; hundreds of times as dear as others.
        public var clearances: Double
        /// Of the steps that are neither, those in which two items change places; the others move one.
        public var swaps: Double
        /// Most items that a clearance sends by force to where they have no room either. With 0 it takes any bin for its
        /// item and gives up early: many cheap tries instead of fewer thorough ones.
        public var depth: Int

        /// A mix; what is left is moves.
        public init(
            homeward: Double = 0, chains: Double = 0.1, clearances: Double = 0.002, swaps: Double = 0.5, depth: Int = 0
        ) {
            self.homeward = homeward
            self.chains = chains
            self.clearances = clearances
            self.swaps = swaps
            self.depth = depth
        }
    }

    /// An annealing with that seed.
    public init(seed: UInt64, mix: Mix = Mix(), warmth: Double = 5, chill: Double = 1e-2) {
        self.seed = seed
        self.mix = mix
        self.warmth = warmth
        self.chill = chill
    }

    private static let stepsBetweenLooks = 4096

    /// Improves `state`, which ends as the best placement found, never worse than it was. Returns the steps taken.
    @discardableResult
    public func run<Rules: PackingRules & ~Copyable, Budget: SearchBudget>(
        _ state: inout PackingState<Rules>, budget: inout Budget
    ) -> Int {
        guard state.items > 0, state.bins > 1 else { return 0 }
        return cool(&state, from: firstTemperature(state), over: 0...1, budget: &budget)
    }

    /// Goes through a part of the cooling, whose first temperature is `first`. One that goes on to the end ends at the
    /// best placement that it saw, another one where it happens to be.
    func cool<Rules: PackingRules & ~Copyable, Budget: SearchBudget>(
        _ state: inout PackingState<Rules>, from first: Double, over part: ClosedRange<Double>, budget: inout Budget
    ) -> Int {
        guard state.items > 0, state.bins > 1 else { return 0 }
        var walk = AnnealingWalk(seed: seed, mix: mix, items: state.items)
        walk.keep(state)
        var steps = 0
        var used = budget.used(after: 0)
        while used < 1 {
            walk.temperature =
                first * cooling(after: part.lowerBound + used * (part.upperBound - part.lowerBound))
            for _ in 0..<Self.stepsBetweenLooks { walk.step(&state) }
            steps += Self.stepsBetweenLooks
            used = budget.used(after: steps)
        }
        if part.upperBound < 1 { return steps }
        walk.keep(state)
        state.restore(walk.best)
        return steps
    }

    private func cooling(after used: Double) -> Double {
        used < slowShare
            ? pow(chill, used / slowShare) : chill * pow(frost, (used - slowShare) / max(1 - slowShare, 1e-9))
    }

    /// How warm it is at first.
    func firstTemperature<Rules: PackingRules & ~Copyable>(_ state: borrowing PackingState<Rules>) -> Double {
        temperature ?? meanChange(state) * warmth
    }

    /// What a move changes the cost by, on average over random moves that are allowed.
    private func meanChange<Rules: PackingRules & ~Copyable>(_ state: borrowing PackingState<Rules>) -> Double {
        var dice = Dice(seed: ~seed)
        var sum = 0.0
        var count = 0.0
        for _ in 0..<min(20_000, 20 * state.items * state.bins) {
            let item = dice.below(state.items)
            guard let change = state.change(moving: item, to: dice.below(state.bins)), change != 0 else { continue }
            sum += Double(change.magnitude)
            count += 1
        }
        return count == 0 ? 1 : sum / count
    }
}
