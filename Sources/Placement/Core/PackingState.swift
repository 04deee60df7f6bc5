/// A placement that is being changed: which item is in which bin, what each bin holds, what all of it costs. A move is
/// judged in time that depends on the number of resources alone.
public struct PackingState<Rules: PackingRules & ~Copyable>: ~Copyable {
    /// Resources of each item and bin.
    public let resources: Int
    /// How many items there are.
    public let items: Int
    /// How many bins there are.
    public let bins: Int
    /// What else is to be kept, and what costs.
    public var rules: Rules
    /// Cost of the placement, from wherever the rules count.
    public private(set) var cost: Int64

    private let needs: Slab<Int64>
    /// By item, what it takes of a bin that is not its home, then what it takes of its home.
    private let claims: Slab<Int64>
    private let home: Slab<Int32>
    private let place: Slab<Int32>
    private let held: Slab<Int64>
    /// What is left of each bin; less than `room - held` where items that left still hold something.
    private let slack: Slab<Int64>
    /// What would be left of each bin without its items, less what those that belong there hold wherever they are.
    private let scope: Slab<Int64>
    private let binCost: Slab<Int64>
    private let nothing: Slab<Int64>
    private let roster: Roster
    private let filter: RoomFilter

    /// The placement in which every item is at home. `rules` must know that placement too, and `otherCost` be what it
    /// costs apart from the bins' own costs.
    public init(_ packing: borrowing Packing, rules: consuming Rules, otherCost: Int64 = 0) {
        resources = packing.resources
        items = packing.items
        bins = packing.bins
        self.rules = rules
        needs = Slab(packing.needs)
        home = Slab(packing.homes)
        place = Slab(packing.homes)
        held = Slab(packing.background)
        slack = Slab(zip(packing.room, packing.background).map { $0 - $1 })
        scope = Slab(slack.values)
        binCost = Slab(repeating: 0, count: packing.bins)
        nothing = Slab(repeating: 0, count: packing.resources)
        claims = Slab(repeating: 0, count: packing.items * packing.resources * 2)
        roster = Roster(items: packing.items, bins: packing.bins)
        cost = otherCost
        for item in 0..<items {
            let bin = Int(home[item])
            roster.add(item, to: bin)
            for resource in 0..<resources {
                let need = needs[item * resources + resource]
                claims[item * 2 * resources + resource] = need
                claims[(item * 2 + 1) * resources + resource] = packing.isHeldWhileMoving[resource] ? 0 : need
                held[bin * resources + resource] += need
                slack[bin * resources + resource] -= need
                if packing.isHeldWhileMoving[resource] { scope[bin * resources + resource] -= need }
            }
        }
        filter = RoomFilter(resources: resources, claims: claims, room: packing.room, left: slack)
        for bin in 0..<bins {
            let none = nothing.row(from: 0)
            let own = self.rules.cost(ofBin: bin, holding: load(of: bin, with: none, without: none))
            binCost[bin] = own
            cost += own
        }
    }

    /// The bin that an item is in.
    @inline(__always)
    public func bin(of item: Int) -> Int { Int(place[item]) }

    /// The bin that an item was in at the start.
    @inline(__always)
    public func home(of item: Int) -> Int { Int(home[item]) }

    /// Every item's bin.
    public var assignment: [Int32] { place.values }

    /// How many items are in a bin.
    @inline(__always)
    public func count(in bin: Int) -> Int { roster.size(of: bin) }

    /// An item of the bin, to begin a walk through all of them; -1 for none.
    @inline(__always)
    public func firstItem(in bin: Int) -> Int { roster.first(in: bin) }

    /// The next item of the same bin; -1 at the end.
    @inline(__always)
    public func nextItem(after item: Int) -> Int { roster.next(after: item) }

    /// Own cost of a bin as it is.
    @inline(__always)
    public func ownCost(of bin: Int) -> Int64 { binCost[bin] }

    /// Units that are left of a resource in a bin.
    @inline(__always)
    public func slack(of bin: Int, _ resource: Int) -> Int64 { slack[bin * resources + resource] }

    /// Units of a resource that a bin's items need, and its background.
    @inline(__always)
    public func held(in bin: Int, _ resource: Int) -> Int64 { held[bin * resources + resource] }

    @inline(__always)
    private func needs(of item: Int) -> Row<Int64> { needs.row(from: item * resources) }

    @inline(__always)
    private func claimRow(of item: Int, on bin: Int) -> Int { item * 2 + (Int(home[item]) == bin ? 1 : 0) }

    @inline(__always)
    private func claim(of item: Int, on bin: Int) -> Row<Int64> {
        claims.row(from: claimRow(of: item, on: bin) * resources)
    }

    @inline(__always)
    private func load(of bin: Int, with added: Row<Int64>, without removed: Row<Int64>) -> LoadView {
        LoadView(held: held.row(from: bin * resources), added: added, removed: removed)
    }

    // MARK: Moves

    /// Whether the bin has room for the item.
    @inline(__always)
    public func fits(_ item: Int, in bin: Int) -> Bool {
        let row = claimRow(of: item, on: bin)
        guard filter.mayFit(row, in: bin) else { return false }
        let needed = claims.row(from: row * resources)
        let left = slack.row(from: bin * resources)
        for resource in 0..<resources where left[resource] < needed[resource] { return false }
        return true
    }

    /// Whether the bin would have room for the item, were all others sent away that can be.
    @inline(__always)
    public func couldFit(_ item: Int, in bin: Int) -> Bool {
        let needed = claim(of: item, on: bin)
        let left = scope.row(from: bin * resources)
        for resource in 0..<resources where left[resource] < needed[resource] { return false }
        return true
    }

    /// What the cost would change by, were the item moved; `nil` where there is no room or a rule forbids it.
    @inline(__always)
    public func change(moving item: Int, to bin: Int) -> Int64? {
        let from = Int(place[item])
        guard from != bin, fits(item, in: bin), rules.allows(item, from: from, to: bin) else { return nil }
        return change(leaving: item) + uncheckedChange(bringing: item, from: from, to: bin)
    }

    /// The same, where `saved` is what `change(leaving:)` says: to try many bins for one item.
    @inline(__always)
    func change(moving item: Int, to bin: Int, afterLeaving saved: Int64) -> Int64? {
        let from = Int(place[item])
        guard from != bin, fits(item, in: bin), rules.allows(item, from: from, to: bin) else { return nil }
        return saved + uncheckedChange(bringing: item, from: from, to: bin)
    }

    /// What the own cost of the item's bin would change by without it.
    @inline(__always)
    func change(leaving item: Int) -> Int64 {
        let from = Int(place[item])
        return rules.cost(ofBin: from, holding: load(of: from, with: nothing.row(from: 0), without: needs(of: item)))
            - binCost[from]
    }

    @inline(__always)
    private func uncheckedChange(bringing item: Int, from: Int, to bin: Int) -> Int64 {
        rules.cost(ofBin: bin, holding: load(of: bin, with: needs(of: item), without: nothing.row(from: 0)))
            - binCost[bin] + rules.costChange(of: item, from: from, to: bin)
    }

    /// Moves the item, whatever holds it back: check first.
    @inline(__always)
    public mutating func move(_ item: Int, to bin: Int) {
        let from = Int(place[item])
        let own = needs(of: item)
        let left = claim(of: item, on: from)
        let taken = claim(of: item, on: bin)
        cost += rules.costChange(of: item, from: from, to: bin)
        for resource in 0..<resources {
            held[from * resources + resource] -= own[resource]
            held[bin * resources + resource] += own[resource]
            slack[from * resources + resource] += left[resource]
            slack[bin * resources + resource] -= taken[resource]
        }
        filter.update(from, slack.row(from: from * resources))
        filter.update(bin, slack.row(from: bin * resources))
        place[item] = Int32(truncatingIfNeeded: bin)
        roster.remove(item, from: from)
        roster.add(item, to: bin)
        rules.moved(item, from: from, to: bin)
        settle(from)
        settle(bin)
    }

    @inline(__always)
    private mutating func settle(_ bin: Int) {
        let none = nothing.row(from: 0)
        let own = rules.cost(ofBin: bin, holding: load(of: bin, with: none, without: none))
        cost += own - binCost[bin]
        binCost[bin] = own
    }

    /// Whether the item's leaving would free something that the bin holds too much of.
    @inline(__always)
    public func relieves(_ item: Int, _ bin: Int) -> Bool {
        let freed = claim(of: item, on: bin)
        let left = slack.row(from: bin * resources)
        for resource in 0..<resources where left[resource] < 0 && freed[resource] > 0 { return true }
        return false
    }

    // MARK: Swaps

    /// What the cost would change by, were two items of different bins to change places; `nil` where they may not.
    @inline(__always)
    public func change(swapping first: Int, _ second: Int) -> Int64? {
        let firstBin = Int(place[first])
        let secondBin = Int(place[second])
        guard firstBin != secondBin, mayExchange(first, in: firstBin, second, in: secondBin),
            fits(first, in: secondBin, leftBy: second), fits(second, in: firstBin, leftBy: first),
            rules.allowsSwap(first, at: firstBin, second, at: secondBin)
        else { return nil }
        let one = needs(of: first)
        let other = needs(of: second)
        return rules.cost(ofBin: firstBin, holding: load(of: firstBin, with: other, without: one)) - binCost[firstBin]
            + rules.cost(ofBin: secondBin, holding: load(of: secondBin, with: one, without: other))
            - binCost[secondBin]
            + rules.costChangeOfSwap(first, at: firstBin, second, at: secondBin)
    }

    @inline(__always)
    private func mayExchange(_ first: Int, in firstBin: Int, _ second: Int, in secondBin: Int) -> Bool {
        filter.mayFit(
            claimRow(of: second, on: firstBin), in: firstBin, leftBy: claimRow(of: first, on: firstBin),
            and: claimRow(of: first, on: secondBin), in: secondBin, leftBy: claimRow(of: second, on: secondBin))
    }

    /// Whether the bin has room for the item once another item has left it.
    @inline(__always)
    public func fits(_ item: Int, in bin: Int, leftBy other: Int) -> Bool {
        let row = claimRow(of: item, on: bin)
        let otherRow = claimRow(of: other, on: bin)
        guard filter.mayFit(row, in: bin, leftBy: otherRow) else { return false }
        let needed = claims.row(from: row * resources)
        let freed = claims.row(from: otherRow * resources)
        let left = slack.row(from: bin * resources)
        for resource in 0..<resources where left[resource] + freed[resource] < needed[resource] { return false }
        return true
    }

    /// Writes every item's bin down.
    public func save(in assignment: borrowing Slab<Int32>) { assignment.copy(from: place) }
}
