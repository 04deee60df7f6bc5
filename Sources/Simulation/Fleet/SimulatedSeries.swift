import FleetModel

/// Series in memory that keep only the last while: what rules look back on. A `SeriesSource` for the real evaluator and
/// a `SeriesSink` for what rules record.
public final class SimulatedSeries: SeriesSource, SeriesSink {
    /// The series of one metric, in order of their labels.
    private struct Metric {
        private(set) var series: [SeriesSamples] = []
        private var places: [Labels: Int] = [:]

        mutating func add(_ labels: Labels, _ value: Double, _ time: Int64, _ retention: Int64) {
            let place = places[labels] ?? insert(labels)
            guard (series[place].samples.times.last ?? .min) < time else { return }
            series[place].samples.append(time, value)
            // Now and then is enough: what is too old does no harm.
            if series[place].samples.count > 128 {
                series[place].samples = series[place].samples.since(time - retention)
            }
        }

        private mutating func insert(_ labels: Labels) -> Int {
            let place = series.firstIndex { labels < $0.labels } ?? series.endIndex
            series.insert(SeriesSamples(labels: labels, samples: SampleColumns()), at: place)
            for later in place..<series.count { places[series[later].labels] = later }
            return place
        }
    }

    private struct State {
        var byMetric: [String: Metric] = [:]

        mutating func add(_ labels: Labels, _ value: Double, _ time: Int64, _ retention: Int64) {
            byMetric[labels.metric ?? "", default: Metric()].add(labels, value, time, retention)
        }
    }

    private let state = Locked(State())
    private let retention: Int64

    /// Empty; forgets what is older than `retention`.
    public init(retention: Duration = .seconds(900)) {
        self.retention = retention.milliseconds
    }

    /// Adds one sample; of a time that is not after the series' last one nothing is kept.
    public func add(_ labels: Labels, _ value: Double, at time: Timestamp) {
        state.withLock { $0.add(labels, value, time.milliseconds, retention) }
    }

    /// Adds all samples.
    public func append(_ series: [SeriesSamples]) async throws {
        state.withLock { state in
            for one in series {
                for (time, value) in zip(one.samples.times, one.samples.values) {
                    state.add(one.labels, value, time, retention)
                }
            }
        }
    }

    /// The series that satisfy every matcher. Of regular expressions only alternatives of plain words are understood,
    /// such as `guest|idle`; anything else throws `SimulationError.pattern`.
    public func select(_ matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> any SeriesSet {
        for matcher in matchers where !matcher.isPlain { throw SimulationError.pattern(matcher.value) }
        let metric = matchers.first { $0.name == Labels.metricName && $0.comparison == .equal }?.value
        let found = state.withLock { state -> [SeriesSamples] in
            let metrics = metric.map { [state.byMetric[$0]].compactMap(\.self) } ?? Array(state.byMetric.values)
            return metrics.flatMap { candidates in
                candidates.series.compactMap { one in
                    matchers.allSatisfy { $0.holds(for: one.labels) }
                        ? Self.cut(one.samples, first, last).map { SeriesSamples(labels: one.labels, samples: $0) }
                        : nil
                }
            }
        }
        return Found(series: metric == nil ? found.sorted { $0.labels < $1.labels } : found)
    }

    /// Selections ask for the newest samples, so the search goes back from the end.
    private static func cut(_ columns: SampleColumns, _ first: Int64, _ last: Int64) -> SampleColumns? {
        var end = columns.count
        while end > 0, columns.times[end - 1] > last { end -= 1 }
        var begin = end
        while begin > 0, columns.times[begin - 1] >= first { begin -= 1 }
        guard begin < end else { return nil }
        return SampleColumns(times: Array(columns.times[begin..<end]), values: Array(columns.values[begin..<end]))
    }

    private struct Found: SeriesSet {
        let series: [SeriesSamples]
        var count: Int { series.count }
        func labels(at index: Int) -> Labels { series[index].labels }
        func read(_ index: Int, into columns: inout SampleColumns) throws { columns = series[index].samples }
    }
}

extension SampleColumns {
    /// The samples of that time and later ones.
    fileprivate func since(_ time: Int64) -> SampleColumns {
        let keep = times.firstIndex { $0 >= time } ?? count
        return SampleColumns(times: Array(times[keep...]), values: Array(values[keep...]))
    }
}

extension LabelMatcher {
    fileprivate var isPlain: Bool {
        if comparison == .equal || comparison == .notEqual { return true }
        return value.unicodeScalars.allSatisfy {
            "|_-".unicodeScalars.contains($0) || $0.properties.isAlphabetic || ("0"..."9").contains($0)
        }
    }

    fileprivate func holds(for labels: Labels) -> Bool {
        let own = labels[name] ?? ""
        switch comparison {
        case .equal: return own == value
        case .notEqual: return own != value
        case .matches: return alternatives.contains { $0 == own }
        case .doesNotMatch: return !alternatives.contains { $0 == own }
        }
    }

    private var alternatives: [Substring] { value.split(separator: "|", omittingEmptySubsequences: false) }
}
