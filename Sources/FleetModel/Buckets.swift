/// Which columns of buckets a reader wants; how many samples there are is always among them.
public struct BucketParts: OptionSet, Hashable, Sendable {
    /// A bit for each part.
    public let rawValue: UInt8

    /// The parts whose bits are set.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `sum`.
    public static let sum = BucketParts(rawValue: 1)
    /// `minimum`.
    public static let minimum = BucketParts(rawValue: 2)
    /// `maximum`.
    public static let maximum = BucketParts(rawValue: 4)
    /// `last` and `lastValue`.
    public static let last = BucketParts(rawValue: 8)
    /// `firstValue`, `lastValue` and `resets`, of counters only.
    public static let growth = BucketParts(rawValue: 16)
}

/// What is known of a series in buckets of five minutes, as columns of equal length; those that were not asked for are
/// empty. Staleness markers count in `last` only.
///
/// A bucket reaches from its time less five minutes, exclusive, to its time, inclusive, like the ranges of PromQL. How
/// much a counter grew is reckoned from bucket to bucket: from the last value of one to the first of the next, and from
/// there to its own last value, where `resets` has what was lost when the counter fell in between.
public struct BucketColumns: Hashable, Sendable {
    /// How long a bucket is, in milliseconds.
    public static let width: Int64 = 300_000

    /// When each bucket ends: milliseconds since the epoch, ascending, multiples of `width`.
    public var times: [Int64] = []
    /// How many samples; zero where there are nothing but staleness markers, and then only `last` means something.
    public var count: [Double] = []
    /// Their sum.
    public var sum: [Double] = []
    /// The least of them; NaN only where all are.
    public var minimum: [Double] = []
    /// The greatest of them; NaN only where all are.
    public var maximum: [Double] = []
    /// The newest one, which may be a staleness marker.
    public var last: [Double] = []
    /// The newest one that is no staleness marker.
    public var lastValue: [Double] = []
    /// The oldest one.
    public var firstValue: [Double] = []
    /// The sum of the values from which the counter fell inside the bucket.
    public var resets: [Double] = []

    /// No buckets.
    public init() {}

    /// Empties all columns and keeps their room.
    public mutating func removeAll() {
        times.removeAll(keepingCapacity: true)
        count.removeAll(keepingCapacity: true)
        sum.removeAll(keepingCapacity: true)
        minimum.removeAll(keepingCapacity: true)
        maximum.removeAll(keepingCapacity: true)
        last.removeAll(keepingCapacity: true)
        lastValue.removeAll(keepingCapacity: true)
        firstValue.removeAll(keepingCapacity: true)
        resets.removeAll(keepingCapacity: true)
    }

    /// Whether a metric of this name is a counter, or a part of a histogram or summary, which grows as one does.
    public static func isCounter(_ metric: String) -> Bool {
        ["_total", "_count", "_sum", "_bucket"].contains { metric.hasSuffix($0) }
    }
}

/// Buckets of a source of series, beside its samples: for ranges so long that nobody wants to read every sample, and for
/// times of which no samples are kept.
public protocol RollupView: Sendable {
    /// From when on samples are kept: milliseconds since the epoch, `Int64.min` while none were dropped.
    var samplesBegin: Int64 { get }

    /// The series that satisfy every matcher and may have a bucket that ends in `first...last` (inclusive,
    /// milliseconds), sorted by labels. Buckets of samples that have not been rolled up yet are made of the samples, so
    /// there is no seam. A consistent view of the moment it was made.
    func selectBuckets(_ matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> any BucketSet
}

/// What a selection of buckets found. Different indexes may be read from different threads at once.
public protocol BucketSet: Sendable {
    /// How many series.
    var count: Int { get }

    /// The labels of the series at `index`.
    func labels(at index: Int) -> Labels

    /// Replaces the content of `columns` with the buckets of the series at `index` that end inside the selection's span:
    /// all columns that `parts` name. Throws when the stored data cannot be read.
    func read(_ index: Int, _ parts: BucketParts, into columns: inout BucketColumns) throws
}

extension SeriesSource {
    /// Sources have no buckets unless they say so.
    public var rollups: (any RollupView)? { nil }
}
