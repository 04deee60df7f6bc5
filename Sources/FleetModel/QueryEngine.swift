/// Answers PromQL: the embedded evaluator or any Prometheus-compatible server.
public protocol QueryEngine: Sendable {
    /// Evaluates `expression` at one moment.
    func instant(_ expression: String, at moment: Timestamp) async throws -> QueryAnswer

    /// Evaluates `expression` at `first`, `first + step`, ... up to and including `last`. `step` is positive.
    func range(
        _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration
    ) async throws -> QueryAnswer

    /// The same from samples or buckets, as `resolution` says.
    func range(
        _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration,
        resolution: SourceResolution
    ) async throws -> QueryAnswer

    /// The same engine, with selectors that look so far back for a sample.
    func lookingBack(_ lookBack: Duration) -> any QueryEngine
}

extension QueryEngine {
    /// An engine that does not keep buckets answers as it does.
    public func range(
        _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration,
        resolution: SourceResolution
    ) async throws -> QueryAnswer {
        try await range(expression, from: first, through: last, step: step)
    }
}

/// Whether a range query reads samples or buckets of five minutes (`RollupView`). Buckets serve only where start, step
/// and ranges are whole buckets.
public enum SourceResolution: Hashable, Sendable {
    /// Samples alone, also where none are kept any more.
    case samples
    /// Samples; buckets where the query goes back to times of which no samples are kept, and then only for functions
    /// whose value is the same.
    case samplesWhereKept
    /// Buckets wherever they serve, for the growth of counters as well.
    case buckets
}

/// What a query gave.
public struct QueryAnswer: Sendable {
    /// The result.
    public var value: QueryValue
    /// What may be wrong with the query or its data.
    public var warnings: [String]
    /// What the author of the query may want to know.
    public var infos: [String]

    /// A result with its annotations.
    public init(_ value: QueryValue, warnings: [String] = [], infos: [String] = []) {
        self.value = value
        self.warnings = warnings
        self.infos = infos
    }
}

/// The four result types of PromQL.
public enum QueryValue: Sendable {
    /// A number at a moment.
    case scalar(Timestamp, Double)
    /// A text at a moment.
    case string(Timestamp, String)
    /// One sample of each series, all at the evaluation's moment.
    case vector([InstantSample])
    /// Samples of each series over time.
    case matrix([SeriesSamples])
}

/// One element of an instant vector.
public struct InstantSample: Hashable, Sendable {
    /// The element's labels.
    public var labels: Labels
    /// The moment of the evaluation.
    public var time: Timestamp
    /// The value.
    public var value: Double

    /// An element.
    public init(labels: Labels, time: Timestamp, value: Double) {
        self.labels = labels
        self.time = time
        self.value = value
    }
}
