/// The cumulative buckets of one classic histogram at one moment (Prometheus' `promql/quantile.go` says what is done
/// with them).
struct Buckets {
    private var bounds: [Double] = []
    private var counts: [Double] = []
    /// Where counts fell from one bucket to the next by more than rounding explains, and were raised.
    private(set) var correction: Correction?

    /// What had to be raised: the upper bounds of the first and the last such bucket, and by how much at most.
    struct Correction: Sendable {
        var lowest: Double
        var highest: Double
        var difference: Double

        mutating func widen(by other: Correction) {
            lowest = min(lowest, other.lowest)
            highest = max(highest, other.highest)
            difference = max(difference, other.difference)
        }
    }

    /// Differences of counts below this share are rounding.
    private static let tolerance = 1e-12

    /// The buckets in any order; those of one bound are added up.
    init(_ buckets: [(bound: Double, count: Double)]) {
        for bucket in buckets.sorted(by: { $0.bound < $1.bound }) {
            if let last = bounds.last, last == bucket.bound {
                counts[counts.count - 1] += bucket.count
            } else {
                bounds.append(bucket.bound)
                counts.append(bucket.count)
            }
        }
    }

    var isEmpty: Bool { bounds.isEmpty }

    /// A histogram must end in a bucket for everything.
    private var isClosed: Bool { bounds.last == .infinity }

    /// The value below which `share` of the observations lie, linear inside a bucket.
    mutating func quantile(_ share: Double) -> Double {
        if share.isNaN { return .nan }
        if share < 0 { return -.infinity }
        if share > 1 { return .infinity }
        guard isClosed else { return .nan }
        makeMonotonic()
        guard bounds.count > 1, let total = counts.last, total != 0 else { return .nan }
        let rank = share * total
        let last = bounds.count - 1
        let place = counts[..<last].firstIndex { $0 >= rank } ?? last
        if place == last { return bounds[last - 1] }
        if place == 0, bounds[0] <= 0 { return bounds[0] }
        let (start, before) = place == 0 ? (0, 0) : (bounds[place - 1], counts[place - 1])
        return start + (bounds[place] - start) * ((rank - before) / (counts[place] - before))
    }

    /// The share of the observations between two values, linear inside a bucket.
    func fraction(from lower: Double, to upper: Double) -> Double {
        guard isClosed, let total = counts.last, total != 0, !lower.isNaN, !upper.isNaN else { return .nan }
        if lower >= upper { return 0 }
        return (rank(of: upper) - rank(of: lower)) / total
    }

    /// How many observations lie below a value.
    private func rank(of value: Double) -> Double {
        // Where the first bound is positive the first bucket begins at zero.
        var start = bounds[0] > 0 ? 0 : -Double.infinity
        var before = 0.0
        for (bound, count) in zip(bounds, counts) {
            if start >= value { return before }
            if bound > value {
                // Nothing is known inside a bucket without end: below the last bound all lies, above it nothing.
                let inside = start == -.infinity ? count : before + (count - before) * (value - start) / (bound - start)
                return min(inside, counts[counts.count - 1])
            }
            (start, before) = (bound, count)
        }
        return counts[counts.count - 1]
    }

    private mutating func makeMonotonic() {
        var highest = counts[0]
        for place in counts.indices.dropFirst() {
            let count = counts[place]
            if count == highest { continue }
            if Self.isAlmost(highest, count) {
                counts[place] = highest
            } else if count < highest {
                let found = Correction(lowest: bounds[place], highest: bounds[place], difference: highest - count)
                counts[place] = highest
                if correction == nil { correction = found } else { correction?.widen(by: found) }
            } else {
                highest = count
            }
        }
    }

    private static func isAlmost(_ left: Double, _ right: Double) -> Bool {
        if left.isNaN || right.isNaN { return left.isNaN && right.isNaN }
        let distance = abs(left - right)
        return distance / min(abs(left) + abs(right), Double.greatestFiniteMagnitude) < tolerance
    }
}
