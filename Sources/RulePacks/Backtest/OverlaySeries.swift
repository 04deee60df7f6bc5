import FleetModel
import PromQL

/// Recorded history with what the rules of a backtest write laid over it: of a metric that they write themselves, only
/// theirs is seen.
final class OverlaySeries: SeriesSource {
    private let history: any SeriesSource
    private let own: Set<String>
    private let written = Locked(MemorySource())

    /// `own` are the metrics that the rules write.
    init(_ history: any SeriesSource, own: Set<String>) {
        self.history = history
        self.own = own
    }

    func append(_ series: [SeriesSamples]) { written.withLock { $0.append(series) } }

    /// Forgets samples before `time`.
    func forget(before time: Timestamp) { written.withLock { $0.forget(before: time.milliseconds) } }

    func select(_ matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> any SeriesSet {
        let name = matchers.first { $0.name == Labels.metricName && $0.comparison == .equal }?.value
        if let name {
            let source: any SeriesSource = own.contains(name) ? written.withLock { $0 } : history
            return try source.select(matchers, from: first, through: last)
        }
        return Both(
            recorded: try history.select(matchers, from: first, through: last),
            written: try written.withLock { $0 }.select(matchers, from: first, through: last), own)
    }

    /// Two selections as one, sorted by labels.
    private struct Both: SeriesSet {
        private let sets: [any SeriesSet]
        private let order: [(set: Int, place: Int, labels: Labels)]

        init(recorded: any SeriesSet, written: any SeriesSet, _ own: Set<String>) {
            sets = [recorded, written]
            var order: [(set: Int, place: Int, labels: Labels)] = []
            for place in 0..<recorded.count {
                let labels = recorded.labels(at: place)
                if !own.contains(labels.metric ?? "") { order.append((0, place, labels)) }
            }
            for place in 0..<written.count { order.append((1, place, written.labels(at: place))) }
            self.order = order.sorted { $0.labels < $1.labels }
        }

        var count: Int { order.count }
        func labels(at index: Int) -> Labels { order[index].labels }
        func read(_ index: Int, into columns: inout SampleColumns) throws {
            try sets[order[index].set].read(order[index].place, into: &columns)
        }
    }
}
