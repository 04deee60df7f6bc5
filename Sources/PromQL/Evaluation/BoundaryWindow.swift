import FleetModel

extension RangeBoundary {
    /// How far samples outside a range are looked at, in milliseconds.
    func reach(_ lookBack: Int64) -> (before: Int64, after: Int64) { (lookBack, self == .smoothed ? lookBack : 0) }

    /// The functions that know what to do at the ends of such a range.
    var functions: [RangeFunction] {
        self == .smoothed ? [.delta, .increase, .rate] : [.changes, .delta, .increase, .rate, .resets]
    }
}

/// The samples in and around one range that is `anchored` or `smoothed` (Prometheus' `extendedRate` in
/// promql/functions.go). There is at least one after the older end of the range.
struct BoundaryWindow {
    private let columns: SampleColumns
    /// Where the older end of the range is, which does not belong to it, and where the newer one, in milliseconds.
    private let open: Int64
    private let reference: Int64
    private let isSmoothed: Bool
    /// The newest sample at or before the older end; without one, the first.
    private let first: Int
    /// The first sample at or after the newer end; without one, or where nothing is smoothed, the last.
    private let last: Int

    /// `nil` where no sample within the look-back says anything about the range.
    init?(_ columns: SampleColumns, open: Int64, reference: Int64, isSmoothed: Bool, lookBack: Int64) {
        let start = columns.firstPlace(after: open - lookBack)
        let end = columns.firstPlace(after: isSmoothed ? reference + lookBack : reference)
        guard start < end else { return nil }
        let last = isSmoothed ? min(columns.firstPlace(after: reference - 1), end - 1) : end - 1
        let first = max(columns.firstPlace(after: open) - 1, start)
        self.columns = columns
        (self.open, self.reference, self.isSmoothed) = (open, reference, isSmoothed)
        (self.first, self.last) = (min(first, last), last)
    }

    private func time(_ place: Int) -> Int64 { columns.times[place] }

    private func value(_ place: Int) -> Double { columns.values[place] }

    /// Whether there is anything to measure between the ends.
    private var reachesIntoRange: Bool { time(last) > open && !(isSmoothed && time(first) > reference) }

    // MARK: Values at the ends

    /// The value at the older end.
    private func left(isCounter: Bool) -> Double {
        guard isSmoothed, time(first) < open, first + 1 < columns.count else { return value(first) }
        return interpolated(first, at: open, isCounter: isCounter)
    }

    /// The value at the newer end.
    private func right(isCounter: Bool) -> Double {
        guard isSmoothed, last > 0, time(last) > reference else { return value(last) }
        return interpolated(last - 1, at: reference, isCounter: isCounter)
    }

    /// On the line from a sample to the next; a counter that fell in between began again at zero.
    private func interpolated(_ place: Int, at moment: Int64, isCounter: Bool) -> Double {
        let end = value(place + 1)
        let start = isCounter && end < value(place) ? 0 : value(place)
        return start + (end - start) * Double(moment - time(place)) / Double(time(place + 1) - time(place))
    }

    /// The value at the newer end of a smoothed selector without a range; `nil` before the first sample.
    var valueAtReference: Double? {
        if time(first) > reference { return nil }
        return time(last) > reference ? interpolated(first, at: reference, isCounter: false) : value(last)
    }

    // MARK: Functions

    /// What a function gives for the range.
    func value(of function: RangeFunction, range: Int64) -> Double {
        guard reachesIntoRange else { return StepSeries.absent }
        switch function {
        case .rate: return growth(isCounter: true) / (Double(range) / 1000)
        case .increase: return growth(isCounter: true)
        case .delta: return growth(isCounter: false)
        case .changes, .resets:
            let window = Window(
                times: columns.times, values: columns.values, start: first, end: last + 1, reference: reference)
            return Double(function == .changes ? window.changes : window.resetCount)
        default: return StepSeries.absent
        }
    }

    /// From one end to the other; what a counter had reached whenever it fell is added.
    private func growth(isCounter: Bool) -> Double {
        let (left, right) = (left(isCounter: isCounter), right(isCounter: isCounter))
        guard isCounter else { return right - left }
        var growth = right - left
        var before = left
        for place in inside {
            if value(place) < before { growth += before }
            before = value(place)
        }
        return right < before ? growth + before : growth
    }

    /// The samples strictly between the ends.
    private var inside: Range<Int> {
        let start = time(first) <= open ? first + 1 : first
        let end = time(last) >= reference ? last : last + 1
        return start..<max(start, end)
    }

    /// The samples inside the range, with one at each end.
    var samples: SampleColumns {
        var result = SampleColumns()
        guard reachesIntoRange else { return result }
        result.append(open, left(isCounter: false))
        for place in inside { result.append(time(place), value(place)) }
        result.append(reference, right(isCounter: false))
        return result
    }
}

extension SampleColumns {
    /// Where the first sample after a moment is.
    fileprivate func firstPlace(after moment: Int64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if times[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
