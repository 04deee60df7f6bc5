import FleetModel
import PromQL

/// Series in memory that rules read and write: where unit tests run.
final class MemorySeries: SeriesSource, SeriesSink {
    private let source: Locked<MemorySource>

    init(_ source: MemorySource) { self.source = Locked(source) }

    func select(_ matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> any SeriesSet {
        try source.withLock { $0 }.select(matchers, from: first, through: last)
    }

    func append(_ series: [SeriesSamples]) async throws { source.withLock { $0.append(series) } }
}
