import FleetModel

extension Expression {
    // MARK: Durations that the query decides

    /// Whether any range, offset or step is decided by the query.
    var hasComputedDurations: Bool {
        switch self {
        case .selector(let node): node.offsetExpression != nil
        case .range(let node): node.rangeExpression != nil || node.selector.offsetExpression != nil
        case .subquery(let node):
            node.rangeExpression != nil || node.stepExpression != nil || node.offsetExpression != nil
                || node.expression.hasComputedDurations
        default: children.contains { $0.hasComputedDurations }
        }
    }

    /// The same with every such duration reckoned for a query of the given step and range, in seconds; throws an
    /// evaluation error where one comes to nothing that a duration can be.
    func reckoningDurations(
        step: Double, range: Double, in text: SourceText
    ) throws(PromQLError) -> Expression {
        guard hasComputedDurations else { return self }
        let reckoner = Reckoner(step: step, range: range, text: text)
        var copy = self
        try copy.change { (node: inout Expression) throws(PromQLError) in
            switch node {
            case .selector(var selector):
                try reckoner.replace(&selector.offsetExpression, &selector.offset, selector.span, mayBeNegative: true)
                node = .selector(selector)
            case .range(var range):
                try reckoner.replace(
                    &range.selector.offsetExpression, &range.selector.offset, range.span, mayBeNegative: true)
                try reckoner.replace(&range.rangeExpression, &range.range, range.span)
                node = .range(range)
            case .subquery(var subquery):
                try reckoner.replace(&subquery.offsetExpression, &subquery.offset, subquery.span, mayBeNegative: true)
                try reckoner.replace(&subquery.rangeExpression, &subquery.range, subquery.span)
                var step = subquery.step ?? .zero
                if subquery.stepExpression != nil {
                    try reckoner.replace(&subquery.stepExpression, &step, subquery.span)
                    subquery.step = step
                }
                node = .subquery(subquery)
            default: break
            }
        }
        return copy
    }

    private struct Reckoner {
        let step: Double
        let range: Double
        let text: SourceText

        func replace(
            _ expression: inout DurationExpression?, _ duration: inout Duration, _ span: SourceSpan,
            mayBeNegative: Bool = false
        ) throws(PromQLError) {
            guard let computed = expression else { return }
            let seconds = computed.value(step: step, range: range)
            if !seconds.isFinite { throw refusal(span, "duration is NaN or infinite") }
            if seconds <= 0, !mayBeNegative { throw refusal(span, "duration must be greater than 0") }
            guard let reckoned = Lexer.duration(seconds: seconds) else {
                throw refusal(span, "duration is out of range")
            }
            duration = reckoned
            expression = nil
        }

        private func refusal(_ span: SourceSpan, _ reason: String) -> PromQLError {
            let (line, column) = text.place(of: span.start)
            return .evaluation(reason: "\(line):\(column): \(reason)")
        }
    }

    // MARK: Speed

    /// The same with every range, offset, and sub-query's range and step divided by `speed`, never below a millisecond:
    /// a day's rules run in minutes when `speed` is high. Fixed moments (`@`) stay.
    public func scalingDurations(by speed: Double) -> Expression {
        var copy = self
        copy.change { (node: inout Expression) in
            switch node {
            case .selector(var selector):
                Self.scale(&selector.offset, &selector.offsetExpression, by: speed)
                node = .selector(selector)
            case .range(var range):
                Self.scale(&range.selector.offset, &range.selector.offsetExpression, by: speed)
                Self.scale(&range.range, &range.rangeExpression, by: speed)
                node = .range(range)
            case .subquery(var subquery):
                Self.scale(&subquery.offset, &subquery.offsetExpression, by: speed)
                Self.scale(&subquery.range, &subquery.rangeExpression, by: speed)
                if var step = subquery.step {
                    Self.scale(&step, &subquery.stepExpression, by: speed)
                    subquery.step = step
                }
                node = .subquery(subquery)
            default: break
            }
        }
        return copy
    }

    private static func scale(_ duration: inout Duration, _ computed: inout DurationExpression?, by speed: Double) {
        computed = computed.map { .joining(.divide, $0, .constant(speed)) }
        let milliseconds = (Double(duration.milliseconds) / speed).rounded()
        guard milliseconds.isFinite, abs(milliseconds) < Double(Lexer.longestDuration) else { return }
        // A positive duration stays positive.
        duration = .milliseconds(duration > .zero ? max(1, Int64(milliseconds)) : Int64(milliseconds))
    }
}
