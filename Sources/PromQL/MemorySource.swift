import FleetModel
import Patterns

/// Series kept in memory: for tests, simulations and rule unit tests. A value: a selection sees what was there when it
/// was made.
public struct MemorySource: SeriesSource, Sendable {
    private var series: [Labels: SampleColumns] = [:]

    /// Nothing yet.
    public init() {}

    /// Adds a sample; one of the same series and time is replaced. Samples may come in any order.
    public mutating func append(_ labels: Labels, at time: Timestamp, _ value: Double) {
        series[labels, default: SampleColumns()].insert(time.milliseconds, value)
    }

    /// Adds many samples.
    public mutating func append(_ added: [SeriesSamples]) {
        for one in added {
            for place in 0..<one.samples.count {
                series[one.labels, default: SampleColumns()].insert(one.samples.times[place], one.samples.values[place])
            }
        }
    }

    /// Forgets samples before `time`, milliseconds since the epoch.
    public mutating func forget(before time: Int64) {
        for (labels, columns) in series {
            guard let first = columns.times.first, first < time else { continue }
            let kept = columns.inside(time, .max)
            series[labels] = kept.count > 0 ? kept : nil
        }
    }

    /// The series that satisfy every matcher and have a sample in the span.
    public func select(
        _ matchers: [LabelMatcher], from first: Int64, through last: Int64
    ) throws -> any SeriesSet {
        let conditions = try matchers.map(Condition.init)
        var found: [SeriesSamples] = []
        for (labels, columns) in series {
            guard try conditions.allSatisfy({ try $0.holds(for: labels) }) else { continue }
            let kept = columns.inside(first, last)
            if kept.count > 0 { found.append(SeriesSamples(labels: labels, samples: kept)) }
        }
        return Selection(series: found.sorted { $0.labels < $1.labels })
    }

    private struct Selection: SeriesSet {
        let series: [SeriesSamples]

        var count: Int { series.count }

        func labels(at index: Int) -> Labels { series[index].labels }

        func read(_ index: Int, into columns: inout SampleColumns) { columns = series[index].samples }
    }

    /// A matcher with its expression compiled.
    private struct Condition {
        let matcher: LabelMatcher
        let pattern: Pattern?

        init(_ matcher: LabelMatcher) throws {
            self.matcher = matcher
            let isPattern = matcher.comparison == .matches || matcher.comparison == .doesNotMatch
            pattern = isPattern ? try Pattern(matcher.value) : nil
        }

        func holds(for labels: Labels) throws -> Bool {
            let value = labels[matcher.name] ?? ""
            let isNegative = matcher.comparison == .notEqual || matcher.comparison == .doesNotMatch
            let isSame = try pattern?.matches(whole: value) ?? (value == matcher.value)
            return isSame != isNegative
        }
    }
}

extension SampleColumns {
    /// Puts a sample in its place; one of the same time is replaced.
    fileprivate mutating func insert(_ time: Int64, _ value: Double) {
        let place = firstPlace(notBefore: time)
        if place < count, times[place] == time {
            values[place] = value
        } else {
            times.insert(time, at: place)
            values.insert(value, at: place)
        }
    }

    fileprivate func inside(_ first: Int64, _ last: Int64) -> SampleColumns {
        let start = firstPlace(notBefore: first)
        let end = last == .max ? count : firstPlace(notBefore: last + 1)
        guard start < end else { return SampleColumns() }
        return SampleColumns(times: Array(times[start..<end]), values: Array(values[start..<end]))
    }

    private func firstPlace(notBefore time: Int64) -> Int {
        if let last = times.last, last < time { return count }
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
