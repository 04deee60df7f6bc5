/// Brings an item into a bin, whether it has room or not, and sends away what is too much then. What nobody has room for
/// goes by force, home if it is not there, and its new bin is cleared in turn.
///
/// Where an item that moves is held at its home too, only those that came from elsewhere can make room in a bin; and for
/// a large item few bins could ever have room. A chain of such steps that ends with room everywhere is next to never hit
/// upon by moves and swaps, and a bin that is best left empty keeps its large items without it.
struct Clearance: ~Copyable {
    private var moved: [(item: Int, from: Int)] = []
    private var overfull: [Int] = []

    /// Most items that are sent by force, as `Annealing.Mix` says.
    private let depth: Int
    /// The share of thorough clearances that bring an item home.
    private let homeward: Double

    /// Bins that an item which must go is tried in.
    private static let exits = 20
    /// Most items that one clearance moves.
    private static let mostMoved = 32
    /// Bins that a thorough one looks at for one that could have room.
    private static let draws = 50
    /// Items that are looked at for one of a costly bin.
    private static let picks = 8

    init(depth: Int, homeward: Double) {
        self.depth = depth
        self.homeward = homeward
    }

    /// Clears a random bin for an item, unless that costs more than `limit` or there is no room for what must go: then
    /// everything is as it was.
    mutating func make<Rules: PackingRules & ~Copyable>(
        _ state: inout PackingState<Rules>, _ dice: inout Dice, costingAtMost limit: Double
    ) {
        guard let (item, target) = choice(state, &dice) else { return }
        let origin = state.bin(of: item)
        let before = state.cost
        moved.removeAll(keepingCapacity: true)
        overfull.removeAll(keepingCapacity: true)
        shift(item, to: target, &state)
        overfull.append(target)
        var forced = 0
        while let bin = overfull.popLast() {
            // What sends items away can save at most the bin's own cost.
            guard Double(state.cost - before - state.ownCost(of: bin)) <= limit else { return takeBack(&state) }
            sendAway(from: bin, orTo: origin, &state, &dice)
            guard state.isOverfull(bin) else { continue }
            guard forced < depth, moved.count < Self.mostMoved, force(from: bin, &state, &dice) else {
                return takeBack(&state)
            }
            forced += 1
        }
        if Double(state.cost - before) > limit { takeBack(&state) }
    }

    private mutating func shift<Rules: PackingRules & ~Copyable>(
        _ item: Int, to bin: Int, _ state: inout PackingState<Rules>
    ) {
        moved.append((item, state.bin(of: item)))
        state.move(item, to: bin)
    }

    private mutating func takeBack<Rules: PackingRules & ~Copyable>(_ state: inout PackingState<Rules>) {
        while let move = moved.popLast() { state.move(move.item, to: move.from) }
    }

    private func hasMoved(_ item: Int) -> Bool { moved.contains { $0.item == item } }

    /// Sends items of a bin where they do least harm, until it is no longer too full. What it is better without then is
    /// left to plain moves: to look for that here took most of the time.
    private mutating func sendAway<Rules: PackingRules & ~Copyable>(
        from bin: Int, orTo origin: Int, _ state: inout PackingState<Rules>, _ dice: inout Dice
    ) {
        var candidate = state.firstItem(in: bin)
        while candidate >= 0, moved.count < Self.mostMoved, state.isOverfull(bin) {
            let item = candidate
            candidate = state.nextItem(after: candidate)
            guard state.relieves(item, bin), !hasMoved(item),
                let exit = Self.exit(for: item, orTo: origin, state, &dice)
            else { continue }
            shift(item, to: exit, &state)
        }
    }

    /// Sends an item that makes a bin too full to its home or to a bin that could have room. `false` where none can go.
    private mutating func force<Rules: PackingRules & ~Copyable>(
        from bin: Int, _ state: inout PackingState<Rules>, _ dice: inout Dice
    ) -> Bool {
        var chosen = -1
        var seen = 0
        var candidate = state.firstItem(in: bin)
        while candidate >= 0 {
            if state.relieves(candidate, bin), !hasMoved(candidate) {
                seen += 1
                if dice.below(seen) == 0 { chosen = candidate }
            }
            candidate = state.nextItem(after: candidate)
        }
        guard chosen >= 0 else { return false }
        let home = state.home(of: chosen)
        let isOpen = home != bin && state.rules.allows(chosen, from: bin, to: home)
        guard let exit = isOpen ? home : harbour(for: chosen, state, &dice) else { return false }
        shift(chosen, to: exit, &state)
        for bin in [bin, exit] where state.isOverfull(bin) { overfull.append(bin) }
        return true
    }

    // MARK: Choices

    /// An item and the bin to clear for it.
    private func choice<Rules: PackingRules & ~Copyable>(
        _ state: borrowing PackingState<Rules>, _ dice: inout Dice
    ) -> (item: Int, target: Int)? {
        if depth > 0, homeward > 0, dice.share() <= homeward {
            guard let item = Self.strayItem(state, &dice) else { return nil }
            let home = state.home(of: item)
            return state.rules.allows(item, from: state.bin(of: item), to: home) ? (item, home) : nil
        }
        let isCostly = depth == 0 || dice.next() & 1 == 0
        let item = isCostly ? Self.itemOfCostlyBin(state, &dice) : Self.itemOfAnyBin(state, &dice)
        guard item >= 0, let target = harbour(for: item, state, &dice) else { return nil }
        return (item, target)
    }

    /// An item that is not at home, if one soon turns up.
    private static func strayItem<Rules: PackingRules & ~Copyable>(
        _ state: borrowing PackingState<Rules>, _ dice: inout Dice
    ) -> Int? {
        for _ in 0..<draws {
            let item = dice.below(state.items)
            if state.bin(of: item) != state.home(of: item) { return item }
        }
        return nil
    }

    private static func itemOfCostlyBin<Rules: PackingRules & ~Copyable>(
        _ state: borrowing PackingState<Rules>, _ dice: inout Dice
    ) -> Int {
        var item = dice.below(state.items)
        for _ in 0..<picks {
            let other = dice.below(state.items)
            if state.ownCost(of: state.bin(of: other)) > state.ownCost(of: state.bin(of: item)) { item = other }
        }
        return item
    }

    /// So that the few items of a bin that is nearly empty have their turn; -1 for an empty one.
    private static func itemOfAnyBin<Rules: PackingRules & ~Copyable>(
        _ state: borrowing PackingState<Rules>, _ dice: inout Dice
    ) -> Int {
        var bin = dice.below(state.bins)
        let other = dice.below(state.bins)
        if state.ownCost(of: other) > state.ownCost(of: bin) { bin = other }
        var item = state.firstItem(in: bin)
        for _ in 0..<dice.below(max(1, state.count(in: bin))) { item = state.nextItem(after: item) }
        return item
    }

    /// A bin that could have room for the item, were everything else sent away that can be.
    private func harbour<Rules: PackingRules & ~Copyable>(
        for item: Int, _ state: borrowing PackingState<Rules>, _ dice: inout Dice
    ) -> Int? {
        let from = state.bin(of: item)
        for _ in 0..<(depth == 0 ? 1 : Self.draws) {
            let bin = dice.below(state.bins)
            if bin != from, state.couldFit(item, in: bin), state.rules.allows(item, from: from, to: bin) { return bin }
        }
        return nil
    }

    private static func exit<Rules: PackingRules & ~Copyable>(
        for item: Int, orTo origin: Int, _ state: borrowing PackingState<Rules>, _ dice: inout Dice
    ) -> Int? {
        var best: Int?
        var least = Int64.max
        let saved = state.change(leaving: item)
        for attempt in 0..<exits {
            let bin = attempt == 0 ? origin : attempt == 1 ? state.home(of: item) : dice.below(state.bins)
            if let change = state.change(moving: item, to: bin, afterLeaving: saved), change < least {
                (least, best) = (change, bin)
            }
        }
        return best
    }
}
