/// What share of time something took, second by second inside an interval: of two growing times, the part and the
/// whole. A mean over ten seconds hides a second in which everything stood still; this does not.
struct ShareOfTime: Sendable {
    /// The shares of an interval, 0 to 1.
    struct Summary: Hashable, Sendable {
        /// Of the whole interval.
        var average: Double
        /// Of its busiest second.
        var maximum: Double
        /// The 95th percentile of its seconds.
        var percentile95: Double
    }

    private var last: (part: Int64, whole: Int64)?
    private var part: Int64 = 0
    private var whole: Int64 = 0
    private var shares: [Double] = []

    /// Takes both times as they stand now. The first reading opens the books; one that ran backwards, as after an
    /// absence, opens them again.
    mutating func take(part newPart: Int64, whole newWhole: Int64) {
        defer { last = (newPart, newWhole) }
        guard let last, newWhole > last.whole, newPart >= last.part else { return }
        let grown = min(newPart - last.part, newWhole - last.whole)
        part += grown
        whole += newWhole - last.whole
        shares.append(Double(grown) / Double(newWhole - last.whole))
    }

    /// Nothing is known of the time until the next reading.
    mutating func interrupt() { last = nil }

    /// The interval's figures, and begins the next one; `nil` where no second of it is known.
    mutating func finish() -> Summary? {
        guard whole > 0 else { return nil }
        defer {
            part = 0
            whole = 0
            shares.removeAll(keepingCapacity: true)
        }
        shares.sort()
        return Summary(
            average: Double(part) / Double(whole), maximum: shares[shares.count - 1],
            percentile95: Self.quantile(0.95, of: shares))
    }

    /// The quantile of ascending values, between the two nearest (Prometheus `promql/quantile.go`, `quantile`).
    private static func quantile(_ share: Double, of ascending: [Double]) -> Double {
        let rank = share * Double(ascending.count - 1)
        let lower = Int(rank)
        let upper = min(lower + 1, ascending.count - 1)
        let weight = rank - Double(lower)
        return ascending[lower] * (1 - weight) + ascending[upper] * weight
    }
}
