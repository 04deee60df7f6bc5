import FleetModel

/// The `@` modifier: the moment a selector looks at, whatever moment is evaluated.
public enum TimeAnchor: Hashable, Sendable {
    /// A fixed moment.
    case time(Timestamp)
    /// The first moment of the query.
    case start
    /// The last moment of the query.
    case end
}

/// What happens at the ends of a range, or between two samples.
public enum RangeBoundary: String, Hashable, Sendable {
    /// The newest sample at or before the older end belongs to the range, as far as the look-back goes.
    case anchored
    /// Values at the ends are interpolated between the samples on both sides.
    case smoothed
}

/// Picks series, and of each the newest sample.
public struct VectorSelector: Hashable, Sendable {
    /// The metric's name, where it stands alone: in front of the braces, or quoted inside them.
    public var metric: String?
    /// The matchers in the braces, in order.
    public var matchers: [LabelMatcher]
    /// How much earlier to look; negative for later.
    public var offset: Duration = .zero
    /// The offset, where the query decides it; then `offset` says nothing.
    public var offsetExpression: DurationExpression?
    /// The moment to look at, if not the evaluated one.
    public var anchor: TimeAnchor?
    /// `anchored` or `smoothed`, of a range or of the selector alone.
    public var boundary: RangeBoundary?
    /// Where it stood.
    public var span: SourceSpan

    /// All conditions, the metric's name among them.
    public var allMatchers: [LabelMatcher] {
        metric.map { [LabelMatcher(Labels.metricName, .equal, $0)] + matchers } ?? matchers
    }
}

/// Picks series, and of each the samples of a range of time.
public struct RangeSelector: Hashable, Sendable {
    /// Which series, and the modifiers.
    public var selector: VectorSelector
    /// How long the range is; its older end is not part of it.
    public var range: Duration
    /// The range, where the query decides it; then `range` says nothing.
    public var rangeExpression: DurationExpression?
    /// Where it stood.
    public var span: SourceSpan
}

/// Evaluates an expression at many moments of a range of time.
public struct Subquery: Hashable, Sendable {
    /// What is evaluated.
    public var expression: Expression
    /// How long the range is; its older end is not part of it.
    public var range: Duration
    /// The range, where the query decides it; then `range` says nothing.
    public var rangeExpression: DurationExpression?
    /// Between the moments; `nil` for the engine's default.
    public var step: Duration?
    /// The step, where the query decides it; then `step` says nothing.
    public var stepExpression: DurationExpression?
    /// How much earlier to look; negative for later.
    public var offset: Duration = .zero
    /// The offset, where the query decides it; then `offset` says nothing.
    public var offsetExpression: DurationExpression?
    /// The moment to look at, if not the evaluated one.
    public var anchor: TimeAnchor?
    /// Where it stood.
    public var span: SourceSpan
}
