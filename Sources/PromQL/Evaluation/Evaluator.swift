import FleetModel

/// Evaluates queries over a source of series: synchronous, deterministic, without a clock of its own. Every series is
/// read once for all steps of a query.
public struct Evaluator: Sendable {
    private let source: any SeriesSource
    private let options: QueryOptions
    private let shouldStop: @Sendable () -> PromQLError?

    /// An evaluator over `source`. `shouldStop` is asked often; what it returns ends the query.
    public init(
        source: any SeriesSource, options: QueryOptions = QueryOptions(),
        shouldStop: @escaping @Sendable () -> PromQLError? = { nil }
    ) {
        self.source = source
        self.options = options
        self.shouldStop = shouldStop
    }

    /// Evaluates at one moment. `text` is what the expression was read from, for the places in annotations.
    public func instant(
        _ expression: Expression, at moment: Timestamp, text: String = ""
    ) throws(PromQLError) -> QueryAnswer {
        let evaluation = try evaluation(Steps.instant(moment.milliseconds), moment, text)
        let reckoned = try expression.reckoningDurations(step: 0, range: 0, in: SourceText(text))
        let value = try evaluation.instantValue(of: reckoned)
        return evaluation.answer(value)
    }

    /// Evaluates at `first`, `first + step`, ... up to and including `last`, from samples or from the source's buckets.
    public func range(
        _ expression: Expression, from first: Timestamp, through last: Timestamp, step: Duration,
        resolution: SourceResolution = .samplesWhereKept, text: String = ""
    ) throws(PromQLError) -> QueryAnswer {
        let evaluation = try evaluation(try steps(from: first, through: last, step: step), last, text)
        evaluation.resolution = resolution
        let reckoned = try expression.reckoningDurations(
            step: Double(step.milliseconds) / 1000, range: last.seconds - first.seconds, in: SourceText(text))
        let value = try evaluation.rangeValue(of: reckoned)
        return evaluation.answer(value)
    }

    private func steps(
        from first: Timestamp, through last: Timestamp, step: Duration
    ) throws(PromQLError) -> Steps {
        guard step.milliseconds > 0 else {
            throw .evaluation(
                reason: "zero or negative query resolution step widths are not accepted; try a positive integer")
        }
        guard first <= last else { throw .evaluation(reason: "end timestamp must not be before start time") }
        try checkBounds(first)
        try checkBounds(last)
        let count = Int((last.milliseconds - first.milliseconds) / step.milliseconds) + 1
        // As Prometheus counts: the steps from one moment to the next.
        if count - 1 > options.stepLimit { throw .tooManySteps(count: count, limit: options.stepLimit) }
        return Steps(first: first.milliseconds, interval: step.milliseconds, count: count)
    }

    private func evaluation(
        _ steps: Steps, _ end: Timestamp, _ text: String
    ) throws(PromQLError) -> Evaluation {
        try checkBounds(Timestamp(milliseconds: steps.first))
        return Evaluation(
            source: source, options: options, query: steps, end: end.milliseconds, text: SourceText(text),
            shouldStop: shouldStop)
    }

    /// Times so far out that sums with durations would not fit 64 bits are refused.
    private func checkBounds(_ moment: Timestamp) throws(PromQLError) {
        guard moment.milliseconds.magnitude <= UInt64(Lexer.longestDuration) * 10 else {
            throw .evaluation(reason: "timestamp \(moment.seconds) is out of bounds")
        }
    }
}
