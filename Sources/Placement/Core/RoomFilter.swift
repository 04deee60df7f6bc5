/// Says of most items that have no room in a bin that they have none, for all resources at once: rounded down, four
/// amounts share a word of 64 bits. Whom it lets through may still have no room; whom it turns away has none.
///
/// ```
/// a word: |0aaaaaaaaaaaaaaa|0bbbbbbbbbbbbbbb|0ccccccccccccccc|0ddddddddddddddd|   amounts below 2^14, highest bit 0
/// ```
///
/// With the highest bit of each lane set in what is left, a lane still has it after what is needed was taken away just
/// where that is no more than what is left; no lane borrows from its neighbour. What rounding down hides of a sum of two
/// amounts is less than one unit.
struct RoomFilter: ~Copyable {
    /// Words of an item and of a bin. Resources beyond the sixteenth are left to the exact check.
    private let words: Int
    private let resources: Int
    /// By resource, how many low bits of amounts are left out.
    private let shifts: Slab<Int64>
    /// By item, what it takes of a bin that is not its home, then what it takes of its home.
    private let claims: Slab<UInt64>
    private let left: Slab<UInt64>

    private static let mostWords = 4
    private static let lanes = 4
    private static let largest: Int64 = 1 << 14 - 1
    private static let ones: UInt64 = 0x0001_0001_0001_0001
    private static let highest: UInt64 = 0x8000_8000_8000_8000

    /// A filter for these claims, rows of which are as `claims` says; `left` is what is left of each bin.
    init(resources: Int, claims rows: borrowing Slab<Int64>, room: [Int64], left slack: borrowing Slab<Int64>) {
        self.resources = resources
        words = min(Self.mostWords, (resources + Self.lanes - 1) / Self.lanes)
        let bins = room.count / resources
        shifts = Slab(
            (0..<resources).map { resource in
                let most = (0..<bins).map { room[$0 * resources + resource] }.max() ?? 0
                return Int64(max(0, 64 - 14 - most.leadingZeroBitCount))
            })
        claims = Slab(repeating: 0, count: rows.count / resources * words)
        left = Slab(repeating: 0, count: bins * words)
        for row in 0..<rows.count / resources { pack(rows.row(from: row * resources), to: claims, row) }
        for bin in 0..<bins { update(bin, slack.row(from: bin * resources)) }
    }

    /// So much is left of the bin now.
    @inline(__always)
    func update(_ bin: Int, _ slack: Row<Int64>) { pack(slack, to: left, bin) }

    @inline(__always)
    private func pack(_ amounts: Row<Int64>, to target: borrowing Slab<UInt64>, _ row: Int) {
        for word in 0..<words {
            var packed: UInt64 = 0
            let first = word * Self.lanes
            for resource in first..<min(first + Self.lanes, resources) {
                let amount = min(max(0, amounts[resource]) &>> shifts[resource], Self.largest)
                packed = packed &<< 16 | UInt64(truncatingIfNeeded: amount)
            }
            target[row * words + word] = packed
        }
    }

    /// Whether a bin may have room for an item's claim, which is a row of the claims.
    @inline(__always)
    func mayFit(_ claim: Int, in bin: Int) -> Bool {
        let needed = claims.row(from: claim &* words)
        let left = left.row(from: bin &* words)
        var fitting = Self.highest
        for word in 0..<words { fitting &= (left[word] | Self.highest) &- needed[word] }
        return fitting & Self.highest == Self.highest
    }

    /// The same once another claim has been given back.
    @inline(__always)
    func mayFit(_ claim: Int, in bin: Int, leftBy other: Int) -> Bool {
        var fitting = Self.highest
        for word in 0..<words { fitting &= lanes(claim, in: bin, leftBy: other, word) }
        return fitting & Self.highest == Self.highest
    }

    /// Whether a bin may have room for one claim once another has been given back, and a second bin likewise: one answer
    /// for both, since each question that cannot be foreseen costs as much as the sums.
    @inline(__always)
    func mayFit(
        _ claim: Int, in bin: Int, leftBy other: Int, and second: Int, in secondBin: Int, leftBy secondOther: Int
    ) -> Bool {
        var fitting = Self.highest
        for word in 0..<words {
            fitting &= lanes(claim, in: bin, leftBy: other, word)
            fitting &= lanes(second, in: secondBin, leftBy: secondOther, word)
        }
        return fitting & Self.highest == Self.highest
    }

    /// What is left of four resources, which is below 0 where the highest bit of a lane is not set.
    @inline(__always)
    private func lanes(_ claim: Int, in bin: Int, leftBy other: Int, _ word: Int) -> UInt64 {
        let room = left[bin &* words &+ word] &+ claims[other &* words &+ word] &+ Self.ones
        return (room | Self.highest) &- claims[claim &* words &+ word]
    }
}
