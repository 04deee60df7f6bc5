import FleetModel

/// What fills the index: for whoever looks for the label that has too many values.
public struct StoreStatistics: Sendable {
    /// A name and how many.
    public struct Count: Hashable, Sendable {
        /// A metric, a label, or `label=value`.
        public var name: String
        /// How many.
        public var value: Int
    }

    /// Series that the index knows.
    public var series = 0
    /// Pairs of label and value that occur.
    public var labelPairs = 0
    /// Runs of samples on disk.
    public var runs = 0
    /// Oldest and newest time in memory, in milliseconds; `nil` while memory is empty.
    public var memorySpan: ClosedRange<Int64>?
    /// The metrics with the most series.
    public var seriesByMetric: [Count] = []
    /// The labels with the most values.
    public var valuesByLabel: [Count] = []
    /// The labels whose values take the most bytes.
    public var bytesByLabel: [Count] = []
    /// The pairs that the most series have.
    public var seriesByPair: [Count] = []
}

extension TimeSeriesStore {
    /// Statistics of the index, each list with its largest `limit` entries, largest first.
    public func statistics(limit: Int) -> StoreStatistics {
        state.withLock { state in
            var result = StoreStatistics()
            result.series = state.index.count
            result.runs = state.days.reduce(0) { $0 + $1.runs.count }
            let heads = [state.flushing, state.head].compactMap { $0 }.filter { $0.oldest <= $0.newest }
            if let oldest = heads.map(\.oldest).min(), let newest = heads.map(\.newest).max() {
                result.memorySpan = oldest...newest
            }
            state.index.count(into: &result, limit: limit)
            return result
        }
    }
}

extension SeriesIndex {
    fileprivate func count(into result: inout StoreStatistics, limit: Int) {
        var pairs = Largest(limit: limit)
        var labels = Largest(limit: limit)
        var bytes = Largest(limit: limit)
        for name in names {
            let label = text(of: name)
            let values = values(of: name)
            var metrics = Largest(limit: limit)
            var size = 0
            for value in values {
                let text = text(of: value)
                let count = series(named: name, value: value).count
                size += text.utf8.count * count
                pairs.add("\(label)=\(text)", count)
                metrics.add(text, count)
            }
            if label == "__name__" { result.seriesByMetric = metrics.sorted }
            labels.add(label, values.count)
            bytes.add(label, size)
            result.labelPairs += values.count
        }
        result.seriesByPair = pairs.sorted
        result.valuesByLabel = labels.sorted
        result.bytesByLabel = bytes.sorted
    }
}

/// Keeps the largest of many counts.
private struct Largest {
    let limit: Int
    private var kept: [StoreStatistics.Count] = []

    init(limit: Int) { self.limit = limit }

    mutating func add(_ name: @autoclosure () -> String, _ value: Int) {
        guard limit > 0, kept.count < limit || value > (kept.last?.value ?? 0) else { return }
        let place = kept.firstIndex { $0.value < value } ?? kept.count
        kept.insert(StoreStatistics.Count(name: name(), value: value), at: place)
        if kept.count > limit { kept.removeLast() }
    }

    var sorted: [StoreStatistics.Count] { kept }
}
