/// What the query of an evidence gave over the time that led to its tip: kept with the tip, also when the samples are
/// gone. Bounded: few queries, few series, and so many values that a terminal can draw them.
public struct EvidenceWindow: Hashable, Codable, Sendable {
    /// The most queries that a tip keeps the values of.
    public static let mostWindows = 2
    /// The most series of one query.
    public static let mostSeries = 3
    /// The most values of one series.
    public static let mostValues = 48

    /// The query, as the evidence has it.
    public var query: String
    /// When the first value is of.
    public var from: Timestamp
    /// Seconds from one value to the next.
    public var stepSeconds: Double
    /// The series with the largest last values, largest first.
    public var series: [EvidenceSeries]
    /// How many more there were.
    public var seriesLeftOut: Int
    /// Why there is nothing, for a person.
    public var problem: String?

    /// A window.
    public init(
        query: String, from: Timestamp, stepSeconds: Double, series: [EvidenceSeries], seriesLeftOut: Int = 0,
        problem: String? = nil
    ) {
        self.query = query
        self.from = from
        self.stepSeconds = stepSeconds
        self.series = series
        self.seriesLeftOut = seriesLeftOut
        self.problem = problem
    }
}

/// One series of an evidence.
public struct EvidenceSeries: Hashable, Codable, Sendable {
    /// What tells it from others.
    public var labels: [String: String]
    /// Its values from the window's beginning on, to four digits; `nil` where there was none, or no finite one.
    public var values: [Double?]

    /// A series.
    public init(labels: [String: String], values: [Double?]) {
        self.labels = labels
        self.values = values
    }
}
