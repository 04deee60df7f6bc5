import FleetModel

/// The query seam over a source of series in this process.
///
/// Queries run on threads of their own, so that a long one holds no thread of Swift's pool; a few at a time, the others
/// wait their turn in order. Waiting counts towards the time limit.
public final class EmbeddedEngine: QueryEngine {
    private let source: any SeriesSource
    private let options: QueryOptions
    private let gate: QueryGate
    private let threads: WorkerThreads

    /// An engine over `source`.
    public init(source: any SeriesSource, options: QueryOptions = QueryOptions()) {
        self.source = source
        self.options = options
        gate = QueryGate(running: options.concurrency, waiting: options.queueLimit)
        threads = WorkerThreads(name: "query", limit: options.concurrency)
    }

    private init(_ other: EmbeddedEngine, options: QueryOptions) {
        (source, self.options, gate, threads) = (other.source, options, other.gate, other.threads)
    }

    /// The same engine, whose queries wait in the same line, with another look-back.
    public func lookingBack(_ lookBack: Duration) -> any QueryEngine {
        var options = options
        options.lookBack = lookBack
        return EmbeddedEngine(self, options: options)
    }

    /// Evaluates `expression` at one moment; throws `PromQLError`.
    public func instant(_ expression: String, at moment: Timestamp) async throws -> QueryAnswer {
        try await run(expression) { (evaluator, parsed) throws(PromQLError) in
            try evaluator.instant(parsed, at: moment, text: expression)
        }
    }

    /// Evaluates `expression` over a range; throws `PromQLError`.
    public func range(
        _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration
    ) async throws -> QueryAnswer {
        try await range(expression, from: first, through: last, step: step, resolution: .samplesWhereKept)
    }

    /// The same from samples or from the source's buckets.
    public func range(
        _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration,
        resolution: SourceResolution
    ) async throws -> QueryAnswer {
        try await run(expression) { (evaluator, parsed) throws(PromQLError) in
            try evaluator.range(
                parsed, from: first, through: last, step: step, resolution: resolution, text: expression)
        }
    }

    private func run(
        _ text: String, _ evaluate: @escaping @Sendable (Evaluator, Expression) throws(PromQLError) -> QueryAnswer
    ) async throws -> QueryAnswer {
        let deadline = ContinuousClock.now + options.timeLimit
        let isCancelled = Locked(false)
        try await gate.enter()
        defer { gate.leave() }
        let evaluator = Evaluator(source: source, options: options) {
            if isCancelled.withLock({ $0 }) { return .cancelled }
            return ContinuousClock.now > deadline ? .timedOut : nil
        }
        let result: Result<QueryAnswer, PromQLError> = await withTaskCancellationHandler {
            await threads.run { Result { () throws(PromQLError) in try evaluate(evaluator, try parse(text)) } }
        } onCancel: {
            isCancelled.withLock { $0 = true }
        }
        return try result.get()
    }
}
