import FleetModel

/// How long to wait before trying again: twice as long each time up to a bound, and never the same for two agents.
///
/// The span is drawn from the upper half, so that a thousand agents that lost the same server come back spread out and
/// none comes back at once.
public struct Backoff: Hashable, Sendable {
    /// The first span.
    public var first: Duration
    /// The longest span.
    public var longest: Duration

    /// Spans from `first` to `longest`.
    public init(first: Duration = .milliseconds(500), longest: Duration = .seconds(60)) {
        self.first = first
        self.longest = longest
    }

    /// The span after `failures` failures in a row; nothing after none.
    public func span(failures: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        guard failures > 0 else { return .zero }
        let doublings = min(failures - 1, 30)
        let whole = min(Double(first.milliseconds) * Double(1 << doublings), Double(longest.milliseconds))
        return .milliseconds(Int64(Double.random(in: whole / 2...max(whole, whole / 2 + 1), using: &generator)))
    }
}
