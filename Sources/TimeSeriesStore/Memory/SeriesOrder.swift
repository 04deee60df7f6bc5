/// The order of series by their labels.
///
/// Most series have a rank, so that putting any of them into order is sorting numbers. Newcomers have none and are compared
/// by their labels; only when there are many of them all are ranked again, so that series that come and go all the time
/// cost each of them little.
struct SeriesOrder: Sendable {
    /// The ranked series, in order.
    private var sorted: [UInt32] = []
    /// By series.
    private var ranks: [UInt32] = []

    /// How many bytes of memory it holds.
    var memory: Int { (sorted.capacity + ranks.capacity) * 4 }

    /// Whether so many of `count` series have no rank that they had better be given one.
    func isOutdated(_ count: Int) -> Bool { count - ranks.count > 512 + ranks.count / 8 }

    /// Puts series into order.
    func sort(_ series: inout [UInt32], precedes: (UInt32, UInt32) -> Bool) {
        let firstNewcomer = series.partition { Int($0) >= ranks.count }
        var newcomers = Array(series[firstNewcomer...])
        series.removeSubrange(firstNewcomer...)
        series.sort { ranks[Int($0)] < ranks[Int($1)] }
        if newcomers.isEmpty { return }
        newcomers.sort(by: precedes)
        series = Self.merged(series, newcomers, precedes)
    }

    /// Ranks all series below a number: newcomers are sorted by themselves and merged in.
    mutating func rank(through count: Int, precedes: (UInt32, UInt32) -> Bool) {
        var newcomers = Array(UInt32(ranks.count)..<UInt32(count))
        newcomers.sort(by: precedes)
        sorted = Self.merged(sorted, newcomers, precedes)
        ranks = [UInt32](repeating: 0, count: count)
        for (rank, series) in sorted.enumerated() { ranks[Int(series)] = UInt32(rank) }
    }

    /// Two lists in order as one.
    static func merged(
        _ one: [UInt32], _ other: [UInt32], _ precedes: (UInt32, UInt32) -> Bool
    ) -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(one.count + other.count)
        var place = 0
        for newcomer in other {
            while place < one.count, precedes(one[place], newcomer) {
                result.append(one[place])
                place += 1
            }
            result.append(newcomer)
        }
        result.append(contentsOf: one[place...])
        return result
    }
}
