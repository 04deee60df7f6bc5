import Foundation

/// A random walk through placements that goes uphill less and less, and the best placement that it saw.
struct AnnealingWalk: ~Copyable {
    var dice: Dice
    var temperature = 0.0
    let best: Slab<Int32>
    private var bestCost: Int64 = .max
    private let mix: Annealing.Mix
    private var ejected: [Int] = []

    /// Of a costlier step's chance: e^-20 is as good as never.
    private static let hopeless = 20.0
    /// Bins that an item which must go is tried in.
    private static let exits = 20
    /// Most items that one clearance sends away.
    private static let mostEjected = 32

    init(seed: UInt64, mix: Annealing.Mix, items: Int) {
        dice = Dice(seed: seed)
        self.mix = mix
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
        } else if dice.next() & 1 == 0 {
            move(&state)
        } else {
            swap(&state)
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

    /// A bin takes an item of a costly one, whether it has room or not, and sends away what is too much then: where it
    /// does least harm, above all to where the item came from.
    private mutating func clear<Rules: PackingRules & ~Copyable>(_ state: inout PackingState<Rules>) {
        let item = itemOfCostlyBin(state)
        let from = state.bin(of: item)
        let target = dice.below(state.bins)
        guard target != from, state.rules.allows(item, from: from, to: target) else { return }
        keep(state)
        let before = state.cost
        state.move(item, to: target)
        eject(from: target, orTo: from, keeping: item, &state)
        if !state.isOverfull(target), accepts(state.cost - before) { return }
        while let other = ejected.popLast() { state.move(other, to: target) }
        state.move(item, to: from)
    }

    private mutating func eject<Rules: PackingRules & ~Copyable>(
        from target: Int, orTo first: Int, keeping item: Int, _ state: inout PackingState<Rules>
    ) {
        ejected.removeAll(keepingCapacity: true)
        var candidate = state.nextItem(after: item)
        while candidate >= 0, ejected.count < Self.mostEjected {
            let other = candidate
            candidate = state.nextItem(after: candidate)
            let isOverfull = state.isOverfull(target)
            if isOverfull && !state.relieves(other, target) { continue }
            if !isOverfull && state.ownCost(of: target) == 0 { return }
            guard let exit = exit(for: other, orTo: first, state), isOverfull || exit.change < 0 else { continue }
            state.move(other, to: exit.bin)
            ejected.append(other)
        }
    }

    private mutating func itemOfCostlyBin<Rules: PackingRules & ~Copyable>(
        _ state: borrowing PackingState<Rules>
    ) -> Int {
        var item = dice.below(state.items)
        for _ in 0..<8 {
            let other = dice.below(state.items)
            if state.ownCost(of: state.bin(of: other)) > state.ownCost(of: state.bin(of: item)) { item = other }
        }
        return item
    }

    private mutating func exit<Rules: PackingRules & ~Copyable>(
        for item: Int, orTo first: Int, _ state: borrowing PackingState<Rules>
    ) -> (bin: Int, change: Int64)? {
        var best: (bin: Int, change: Int64)?
        for attempt in 0..<Self.exits {
            let bin = attempt == 0 ? first : attempt == 1 ? state.home(of: item) : dice.below(state.bins)
            if let change = state.change(moving: item, to: bin), change < best?.change ?? .max {
                best = (bin, change)
            }
        }
        return best
    }
}
