/// Which items are in which bin, as a list for each bin that is threaded through the items.
struct Roster: ~Copyable {
    private let first: Slab<Int32>
    private let next: Slab<Int32>
    private let previous: Slab<Int32>
    private let sizes: Slab<Int32>

    init(items: Int, bins: Int) {
        first = Slab(repeating: -1, count: bins)
        next = Slab(repeating: -1, count: items)
        previous = Slab(repeating: -1, count: items)
        sizes = Slab(repeating: 0, count: bins)
    }

    /// The last item that came to the bin; -1 for an empty one.
    @inline(__always)
    func first(in bin: Int) -> Int { Int(first[bin]) }

    /// The item that came before `item` to the same bin; -1 at the end.
    @inline(__always)
    func next(after item: Int) -> Int { Int(next[item]) }

    @inline(__always)
    func size(of bin: Int) -> Int { Int(sizes[bin]) }

    @inline(__always)
    func add(_ item: Int, to bin: Int) {
        let follower = first[bin]
        next[item] = follower
        previous[item] = -1
        if follower >= 0 { previous[Int(follower)] = Int32(truncatingIfNeeded: item) }
        first[bin] = Int32(truncatingIfNeeded: item)
        sizes[bin] += 1
    }

    @inline(__always)
    func remove(_ item: Int, from bin: Int) {
        let before = previous[item]
        let after = next[item]
        if before >= 0 { next[Int(before)] = after } else { first[bin] = after }
        if after >= 0 { previous[Int(after)] = before }
        sizes[bin] -= 1
    }
}
