/// Samples of one series as two columns of equal length, times ascending. Reused between reads so that a scan over many
/// series allocates nothing.
public struct SampleColumns: Hashable, Sendable {
    /// Milliseconds since the epoch, strictly ascending.
    public var times: [Int64]
    /// The value at the same index of `times`; staleness markers are kept bit for bit (`Staleness.marker`).
    public var values: [Double]

    /// The given columns, which must be of one length.
    public init(times: [Int64] = [], values: [Double] = []) {
        precondition(times.count == values.count, "columns of unequal length")
        self.times = times
        self.values = values
    }

    /// How many samples.
    public var count: Int { times.count }

    /// Appends one sample; the caller keeps times ascending.
    public mutating func append(_ time: Int64, _ value: Double) {
        times.append(time)
        values.append(value)
    }

    /// Empties both columns and keeps their room.
    public mutating func removeAll() {
        times.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
    }
}

/// A series with its samples.
public struct SeriesSamples: Hashable, Sendable {
    /// The series' identity.
    public var labels: Labels
    /// Its samples.
    public var samples: SampleColumns

    /// A series and its samples.
    public init(labels: Labels, samples: SampleColumns) {
        self.labels = labels
        self.samples = samples
    }
}

/// Prometheus' staleness marker: a NaN with a bit pattern of its own that says "this series has ended for now".
public enum Staleness {
    /// The marker's bits (prometheus `model/value`: `StaleNaN`).
    public static let bits: UInt64 = 0x7ff0_0000_0000_0002

    /// The marker as a value.
    public static var marker: Double { Double(bitPattern: bits) }

    /// Whether `value` is the marker, and not just any NaN.
    public static func isMarker(_ value: Double) -> Bool { value.bitPattern == bits }
}

/// A condition on one label of a series.
public struct LabelMatcher: Hashable, Sendable {
    /// How the value is compared.
    public enum Comparison: String, Hashable, Sendable {
        /// The value is the text.
        case equal = "="
        /// The value is not the text.
        case notEqual = "!="
        /// The whole value matches the regular expression.
        case matches = "=~"
        /// The whole value does not match the regular expression.
        case doesNotMatch = "!~"
    }

    /// The label's name.
    public var name: String
    /// How it is compared.
    public var comparison: Comparison
    /// The text or the regular expression; a label that a series lacks has the value "".
    public var value: String

    /// `name`, `comparison`, `value`.
    public init(_ name: String, _ comparison: Comparison, _ value: String) {
        self.name = name
        self.comparison = comparison
        self.value = value
    }
}

/// Where an evaluator reads series from. The query layer knows this interface, never a store.
public protocol SeriesSource: Sendable {
    /// The series that satisfy every matcher and may have a sample in `first...last` (inclusive, milliseconds), sorted by
    /// labels; one of them may turn out to have none when it is read. The set is a consistent view of the moment it was
    /// made. An error that is a `SelectionError` of the selection is told to whoever asked as its own.
    func select(_ matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> any SeriesSet

    /// The source's buckets of five minutes, where it keeps such.
    var rollups: (any RollupView)? { get }

    /// The names of the labels that such series have, sorted by their bytes.
    func labelNames(of matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> [String]

    /// The values that a label has in such series, sorted by their bytes.
    func values(of label: String, _ matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> [String]
}

extension SeriesSource {
    /// Looks at every series; a source that has an index can do better.
    public func labelNames(of matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> [String] {
        let set = try select(matchers, from: first, through: last)
        var found: Set<String> = []
        for index in 0..<set.count { for pair in set.labels(at: index).pairs { found.insert(pair.name) } }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Looks at every series; a source that has an index can do better.
    public func values(
        of label: String, _ matchers: [LabelMatcher], from first: Int64, through last: Int64
    ) throws -> [String] {
        let set = try select(matchers, from: first, through: last)
        let found = Set((0..<set.count).compactMap { set.labels(at: $0)[label] })
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

/// An error of a source that may be the selection's own fault.
public protocol SelectionError: Error {
    /// Whether the selection asks for what it may not, and the data is well.
    var isOfTheSelection: Bool { get }
}

/// What a selection found. Samples are decoded when asked for, so a scan holds one series at a time; different indexes
/// may be read from different threads at once.
public protocol SeriesSet: Sendable {
    /// How many series.
    var count: Int { get }

    /// The labels of the series at `index`.
    func labels(at index: Int) -> Labels

    /// Replaces the content of `columns` with the samples of the series at `index` inside the selection's span, times
    /// ascending. Throws when the stored data cannot be read.
    func read(_ index: Int, into columns: inout SampleColumns) throws
}

/// Where recorded series, parameters and alerts are written to.
public protocol SeriesSink: Sendable {
    /// Appends the samples; when it returns they are durable.
    func append(_ series: [SeriesSamples]) async throws
}
