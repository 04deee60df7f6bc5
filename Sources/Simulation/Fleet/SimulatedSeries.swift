import FleetModel

/// Series in memory that keep only the last while: what rules look back on. A `SeriesSource` for the real evaluator and
/// a `SeriesSink` for what rules record.
public final class SimulatedSeries: SeriesSource, SeriesSink {
    private struct State {
        private(set) var series: [SeriesSamples] = []
        /// The series of each metric, in order of their labels.
        private(set) var byMetric: [String: [Int]] = [:]
        private var places: [Labels: Int] = [:]
        /// Which series got its sample after this one last: samples come in the same order again and again, and labels that
        /// share their storage are compared at once.
        private var followers: [Int] = []
        private var last: Int?

        mutating func add(_ labels: Labels, _ value: Double, _ time: Int64, _ retention: Int64) {
            let place = place(of: labels)
            if let last { followers[last] = place }
            last = place
            guard (series[place].samples.times.last ?? .min) < time else { return }
            series[place].samples.append(time, value)
            // Now and then is enough: what is too old does no harm.
            if series[place].samples.count > 128 {
                series[place].samples = series[place].samples.since(time - retention)
            }
        }

        private mutating func place(of labels: Labels) -> Int {
            if let last, series[followers[last]].labels == labels { return followers[last] }
            return places[labels] ?? insert(labels)
        }

        private mutating func insert(_ labels: Labels) -> Int {
            let place = series.count
            series.append(SeriesSamples(labels: labels, samples: SampleColumns()))
            followers.append(place)
            places[labels] = place
            let metric = labels.metric ?? ""
            let order = byMetric[metric]?.firstIndex { labels < series[$0].labels }
            byMetric[metric, default: []].insert(place, at: order ?? byMetric[metric]?.count ?? 0)
            return place
        }
    }

    private let state = Locked(State())
    private let retention: Int64

    /// Empty; forgets what is older than `retention`.
    public init(retention: Duration = .seconds(900)) {
        self.retention = retention.milliseconds
    }

    /// Adds samples of one moment; where that is not after a series' last one nothing is kept.
    public func add(_ samples: [(labels: Labels, value: Double)], at time: Timestamp) {
        state.withLock { state in
            for (labels, value) in samples { state.add(labels, value, time.milliseconds, retention) }
        }
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
        let plain = matchers.filter { !($0.name == Labels.metricName && $0.comparison == .equal) }.map(
            PlainMatcher.init)
        let found = state.withLock { state -> [SeriesSamples] in
            let places = metric.map { state.byMetric[$0] ?? [] } ?? Array(state.series.indices)
            return places.compactMap { place in
                let one = state.series[place]
                guard plain.allSatisfy({ $0.holds(for: one.labels) }) else { return nil }
                return Self.cut(one.samples, first, last).map { SeriesSamples(labels: one.labels, samples: $0) }
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
        return value.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f, 0x2d, 0x7c: true
            default: false
            }
        }
    }
}

/// A matcher whose alternatives are told apart once.
private struct PlainMatcher {
    private let name: String
    private let values: [String]
    /// Whether one of the values is wanted; else none of them is.
    private let isWanted: Bool

    init(_ matcher: LabelMatcher) {
        name = matcher.name
        let isPattern = matcher.comparison == .matches || matcher.comparison == .doesNotMatch
        values =
            isPattern
            ? matcher.value.split(separator: "|", omittingEmptySubsequences: false).map(String.init) : [matcher.value]
        isWanted = matcher.comparison == .equal || matcher.comparison == .matches
    }

    func holds(for labels: Labels) -> Bool { values.contains(labels[name] ?? "") == isWanted }
}
