/// What a query may use, and the defaults it is evaluated with.
public struct QueryOptions: Sendable {
    /// How far back an instant selector looks for a sample.
    public var lookBack: Duration = .seconds(300)
    /// Between the moments of a sub-query that does not say.
    public var subqueryStep: Duration = .seconds(60)
    /// The most samples that one query holds in memory.
    public var sampleLimit = 50_000_000
    /// The most samples that one query reads, most of which it forgets at once.
    public var readLimit = 2_000_000_000
    /// The most steps of a range query.
    public var stepLimit = 11_000
    /// The longest that a query waits and runs.
    public var timeLimit: Duration = .seconds(120)
    /// How many queries run at once.
    public var concurrency = 4
    /// How many more may wait for their turn.
    public var queueLimit = 100

    /// Prometheus' own defaults where it has them.
    public init() {}
}
