import Foundation

/// A random walk through placements that goes uphill less and less, and the best placement that it saw.
struct AnnealingWalk: ~Copyable {
    var dice: Dice
    var temperature = 0.0
    let best: Slab<Int32>
    private var bestCost: Int64 = .max
    private let mix: Annealing.Mix
    private var clearance: Clearance

    /// Of a costlier step's chance: e^-20 is as good as never.
    private static let hopeless = 20.0

    init(seed: UInt64, mix: Annealing.Mix, items: Int) {
        dice = Dice(seed: seed)
        self.mix = mix
        clearance = Clearance(depth: mix.depth, homeward: mix.homeward)
        best = Slab(repeating: 0, count: items)
    }

    /// Writes the placement down if it is the best so far. Asked before each step uphill.
    @inline(__always)
    mutating func keep<Rules: PackingRules & ~Copyable>(_ state: borrowing PackingState<Rules>) {
        guard state.cost < bestCost else { return }
        bestCost = state.cost
        state.save(in: best)
    }

    @inline(__always)
    mutating func step<Rules: PackingRules & ~Copyable>(_ state: inout PackingState<Rules>) {
        let kind = dice.share()
        if kind < mix.clearances {
            clear(&state)
        } else if kind < mix.clearances + mix.chains {
            chain(&state)
        } else if dice.share() <= mix.swaps {
            swap(&state)
        } else {
            move(&state)
        }
    }

    @inline(__always)
    private mutating func accepts(_ change: Int64) -> Bool {
        if change <= 0 { return true }
        let worse = Double(change)
        if worse > temperature * Self.hopeless { return false }
        return worse < -temperature * log(dice.share())
    }

    @inline(__always)
    private mutating func destination<Rules: PackingRules & ~Copyable>(
        of item: Int, _ state: borrowing PackingState<Rules>
    ) -> Int {
        dice.share() <= mix.homeward ? state.home(of: item) : dice.below(state.bins)
    }

    // MARK: Steps

    @inline(__always)
    private mutating func move<Rules: PackingRules & ~Copyable>(_ state: inout PackingState<Rules>) {
        let item = dice.below(state.items)
        let bin = destination(of: item, state)
        guard let change = state.change(moving: item, to: bin), accepts(change) else { return }
        if change > 0 { keep(state) }
        state.move(item, to: bin)
    }

    @inline(__always)
    private mutating func swap<Rules: PackingRules & ~Copyable>(_ state: inout PackingState<Rules>) {
        let first = dice.below(state.items)
        let second = dice.below(state.items)
        guard let change = state.change(swapping: first, second), accepts(change) else { return }
        if change > 0 { keep(state) }
        state.swap(first, second)
    }

    /// One item takes the place of another, which goes to a third bin.
    private mutating func chain<Rules: PackingRules & ~Copyable>(_ state: inout PackingState<Rules>) {
        let item = dice.below(state.items)
        let other = dice.below(state.items)
        let middle = state.bin(of: other)
        guard state.bin(of: item) != middle, state.fits(item, in: middle, leftBy: other) else { return }
        let end = destination(of: other, state)
        guard end != state.bin(of: item), let first = state.change(moving: other, to: end) else { return }
        keep(state)
        state.move(other, to: end)
        if let second = state.change(moving: item, to: middle), accepts(first + second) {
            state.move(item, to: middle)
        } else {
            state.move(other, to: middle)
        }
    }

    private mutating func clear<Rules: PackingRules & ~Copyable>(_ state: inout PackingState<Rules>) {
        keep(state)
        clearance.make(&state, &dice, costingAtMost: -temperature * log(dice.share()))
    }
}
