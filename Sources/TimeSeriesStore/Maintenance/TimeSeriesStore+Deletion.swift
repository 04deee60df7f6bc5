import FleetModel

/// What a deletion took out.
public struct DeletionSummary: Codable, Hashable, Sendable {
    /// How many series satisfied the matchers.
    public var series = 0
    /// How many samples of them are gone.
    public var samples = 0

    /// Nothing.
    public init() {}
}

extension TimeSeriesStore {
    /// How many series satisfy every matcher of at least one of `sets`, and how many there are. Throws
    /// `StoreError.badMatcher`.
    public func count(matching sets: [[LabelMatcher]]) throws(StoreError) -> (matching: Int, all: Int) {
        try state.withLock { state throws(StoreError) in
            let found = try state.select(anyOf: sets)
            return (found.count, state.liveSeries)
        }
    }

    /// Deletes the samples in a span (milliseconds, inclusive) of the series that satisfy every matcher of at least one
    /// of `sets`. When it returns they are gone for good, also after a crash, and so is the room they took on disk.
    /// Samples that arrive meanwhile may be deleted or not; those that arrive later are stored.
    ///
    /// Memory goes to disk first, which cuts the log: nothing of it can be replayed. Then the runs that have such samples
    /// are written anew without them. When it throws, some may be deleted and others not; it can be repeated.
    public func delete(
        _ sets: [[LabelMatcher]], from first: Int64 = .min, through last: Int64 = .max
    ) async throws(StoreError) -> DeletionSummary {
        try maintenance.begin("a deletion of series")
        defer { maintenance.end() }
        if state.withLock({ $0.isClosed }) { throw .shuttingDown }
        var summary = DeletionSummary()
        guard first <= last else { return summary }
        try await flusher.flushAll()
        let (count, ordinals) = try state.withLock { state throws(StoreError) in
            let found = try state.select(anyOf: sets)
            return (found.count, Set(found.map { state.ordinals[Int($0)] }).subtracting([SeriesIndex.none]))
        }
        summary.series = count
        guard !ordinals.isEmpty else { return summary }
        summary.samples = try await flusher.delete(SampleFilter(ordinals: ordinals, span: first...last))
        return summary
    }
}

extension StoreState {
    /// The series that satisfy every matcher of at least one of the sets, leaving out those that have no samples.
    fileprivate mutating func select(anyOf sets: [[LabelMatcher]]) throws(StoreError) -> Set<UInt32> {
        var found: Set<UInt32> = []
        for matchers in sets { found.formUnion(try index.select(matchers)) }
        return found.filter { !isForgotten($0) }
    }
}
