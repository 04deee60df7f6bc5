import FleetModel

/// Slides the window of a range function over the buckets of one series: those that end in `(reference - range,
/// reference]` at each step.
struct BucketWindows {
    let function: RangeFunction
    /// Milliseconds.
    let range: Int64
    /// How much a counter has grown up to the end of each bucket, from an arbitrary start.
    private var grown: [Double] = []
    /// The same up to the first value in each bucket.
    private var grownBefore: [Double] = []

    init(function: RangeFunction, range: Int64) {
        self.function = function
        self.range = range
    }

    private static let bucketsBetweenChecks = 1_000_000

    /// The columns that the function needs.
    var parts: BucketParts {
        switch function {
        case .minOverTime: .minimum
        case .maxOverTime: .maximum
        case .sumOverTime, .avgOverTime: .sum
        case .lastOverTime: .last
        case .rate, .increase: .growth
        default: []
        }
    }

    /// Writes the function's value at every step that has one.
    mutating func evaluate(
        _ columns: borrowing BucketColumns, _ references: References, into result: inout [Double],
        checkStop: () throws(PromQLError) -> Void
    ) throws(PromQLError) {
        if function.isOfCounter { reckonGrowth(columns) }
        let times = columns.times
        var (start, end, unchecked) = (0, 0, 0)
        for step in 0..<references.count {
            let reference = references.time(step)
            while end < times.count, times[end] <= reference { end += 1 }
            while start < end, times[start] <= reference - range { start += 1 }
            if start < end, let value = value(columns, start..<end) { result[step] = value }
            unchecked += end - start
            if unchecked > Self.bucketsBetweenChecks {
                try checkStop()
                unchecked = 0
            }
        }
    }

    private mutating func reckonGrowth(_ columns: borrowing BucketColumns) {
        grown.removeAll(keepingCapacity: true)
        grownBefore.removeAll(keepingCapacity: true)
        // What falls took away so far.
        var lost = 0.0
        var before: Double?
        for place in columns.times.indices {
            if columns.count[place] > 0 {
                if let last = before, columns.firstValue[place] < last { lost += last }
                grownBefore.append(columns.firstValue[place] + lost)
                lost += columns.resets[place]
                before = columns.lastValue[place]
            } else {
                grownBefore.append(0)
            }
            grown.append((before ?? 0) + lost)
        }
    }

    /// The value of the buckets in `places`; `nil` where they have no samples.
    private func value(_ columns: borrowing BucketColumns, _ places: Range<Int>) -> Double? {
        var places = places
        while let first = places.first, columns.count[first] == 0 { places.removeFirst() }
        while let last = places.last, columns.count[last] == 0 { places.removeLast() }
        guard !places.isEmpty else { return nil }
        switch function {
        case .presentOverTime, .absentOverTime: return 1
        case .countOverTime: return count(columns, places)
        case .sumOverTime: return sum(columns, places)
        case .avgOverTime: return sum(columns, places) / count(columns, places)
        case .minOverTime: return extreme(columns, columns.minimum, places) { $0 < $1 }
        case .maxOverTime: return extreme(columns, columns.maximum, places) { $0 > $1 }
        case .lastOverTime: return columns.lastValue[places.upperBound - 1]
        case .increase: return growth(columns, places)
        case .rate: return growth(columns, places).map { $0 / (Double(range) / 1000) }
        default: return nil
        }
    }

    private func count(_ columns: borrowing BucketColumns, _ places: Range<Int>) -> Double {
        places.reduce(0) { $0 + columns.count[$1] }
    }

    private func sum(_ columns: borrowing BucketColumns, _ places: Range<Int>) -> Double {
        var sum = CompensatedSum()
        for place in places where columns.count[place] > 0 { sum.add(columns.sum[place]) }
        return sum.total
    }

    private func extreme(
        _ columns: borrowing BucketColumns, _ values: [Double], _ places: Range<Int>,
        _ comesBefore: (Double, Double) -> Bool
    ) -> Double {
        var best = values[places.lowerBound]
        for place in places where columns.count[place] > 0 && (comesBefore(values[place], best) || best.isNaN) {
            best = values[place]
        }
        return best
    }

    /// What the counter grew: from the newest sample of the bucket before, if that is right before, else from the first
    /// sample in the window. `nil` where there are not two samples.
    private func growth(_ columns: borrowing BucketColumns, _ places: Range<Int>) -> Double? {
        let first = places.lowerBound
        let end = grown[places.upperBound - 1]
        let isContinued =
            first > 0 && columns.count[first - 1] > 0
            && columns.times[first - 1] == columns.times[first] - BucketColumns.width
        if isContinued { return end - grown[first - 1] }
        guard count(columns, places) > 1 else { return nil }
        return end - grownBefore[first]
    }
}
