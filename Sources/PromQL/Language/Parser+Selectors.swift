import FleetModel
import Patterns

extension Parser {
    // MARK: Matchers

    /// The braces of a selector; the metric's name, if any, has been read.
    mutating func selector(metric: String?, start: Int) throws(PromQLError) -> Expression {
        advance()
        var selector = VectorSelector(metric: metric, matchers: [], span: .none)
        while !current.isSign("}") {
            try matcher(into: &selector, isNamed: metric != nil)
            if !current.isSign("}") { try expectSign(",", in: "label matching", orSign: "}") }
        }
        advance()
        builtLeaf()
        selector.span = SourceSpan(start, previousEnd)
        return .selector(selector)
    }

    /// `name="value"`, or a metric's name in quotes. Where a name stands before the braces no other may be said.
    private mutating func matcher(into selector: inout VectorSelector, isNamed: Bool) throws(PromQLError) {
        let name = try matcherName()
        guard let comparison = comparison() else {
            guard case .string = name.token.kind, current.isSign(",") || current.isSign("}") else {
                throw unexpected(in: "label matching", expected: "label matching operator")
            }
            if isNamed, let metric = selector.metric {
                throw nameSetTwice(metric, name.text, at: name.token.span.start)
            }
            if selector.metric == nil {
                selector.metric = name.text
            } else {
                selector.matchers.append(LabelMatcher(Labels.metricName, .equal, name.text))
            }
            return
        }
        advance()
        guard case .string(let value, let isValid) = current.kind else {
            throw unexpected(in: "label matching", expected: "string")
        }
        if !isValid { throw error(at: current.span.start, "label value \(source.text(current.span)) is not UTF-8") }
        let span = advance().span
        if comparison == .matches || comparison == .doesNotMatch {
            try checkPattern(value, of: name.text, at: name.token.span.start)
        }
        if isNamed, name.text == Labels.metricName, let metric = selector.metric {
            throw nameSetTwice(metric, value, at: span.start)
        }
        selector.matchers.append(LabelMatcher(name.text, comparison, value))
    }

    private func checkPattern(_ pattern: String, of label: String, at place: Int) throws(PromQLError) {
        do {
            _ = try Pattern(pattern)
        } catch {
            throw self.error(at: place, "label matcher \(label): \(error)")
        }
    }

    private mutating func matcherName() throws(PromQLError) -> (token: Token, text: String) {
        let token = advance()
        switch token.kind {
        case .word(let text): return (token, text)
        case .string(let text, isValid: true) where !text.isEmpty: return (token, text)
        case .string: throw error(at: token.span.start, "invalid label name \(source.text(token.span))")
        default: throw unexpected(token, in: "label matching", expected: "identifier or \"}\"")
        }
    }

    private func comparison() -> LabelMatcher.Comparison? {
        guard case .sign(let text) = current.kind else { return nil }
        return LabelMatcher.Comparison(rawValue: text)
    }

    private func nameSetTwice(_ one: String, _ other: String, at offset: Int) -> PromQLError {
        error(at: offset, "metric name must not be set twice: \"\(one)\" or \"\(other)\"")
    }

    // MARK: What follows an expression

    /// Ranges, sub-queries and the modifiers `offset` and `@`.
    mutating func postfixed(_ expression: Expression) throws(PromQLError) -> Expression {
        var result = expression
        while true {
            if current.isSign("[") {
                result = try rangeOrSubquery(of: result)
            } else if current.keyword == "offset" {
                result = try withOffset(result)
            } else if current.isSign("@") {
                result = try withAnchor(result)
            } else if let boundary = current.keyword.flatMap({ RangeBoundary(rawValue: $0) }) {
                result = try withBoundary(boundary, result)
            } else {
                return result
            }
        }
    }

    private mutating func rangeOrSubquery(of expression: Expression) throws(PromQLError) -> Expression {
        let open = advance().span.start
        let depth = lastDepth
        let range = try positiveDuration(in: "subquery or range selector")
        guard current.isSign(":") else {
            try expectSign("]", in: "subquery or range", orSign: ":")
            return .range(try rangeSelector(of: expression, range, open: open))
        }
        advance()
        let step = current.isSign("]") ? nil : try positiveDuration(in: "subquery selector", orSign: "]")
        try expectSign("]", in: "subquery selector")
        try builtNode(around: [depth])
        return .subquery(
            Subquery(
                expression: expression, range: range.fixed, rangeExpression: range.computed, step: step?.fixed,
                stepExpression: step?.computed, span: SourceSpan(expression.span.start, previousEnd)))
    }

    private func rangeSelector(
        of expression: Expression, _ range: ReadDuration, open: Int
    ) throws(PromQLError) -> RangeSelector {
        guard case .selector(let selector) = expression else {
            throw error(at: open, "ranges only allowed for vector selectors")
        }
        if selector.offset != .zero || selector.offsetExpression != nil {
            throw error(at: open, "no offset modifiers allowed before range")
        }
        if selector.anchor != nil { throw error(at: open, "no @ modifiers allowed before range") }
        return RangeSelector(
            selector: selector, range: range.fixed, rangeExpression: range.computed,
            span: SourceSpan(selector.span.start, previousEnd))
    }

    private mutating func withOffset(_ expression: Expression) throws(PromQLError) -> Expression {
        let place = advance().span.start
        let amount = try offsetDuration()
        return try modified(expression, named: "offset", at: place) { offset, computed, _ in
            guard offset == .zero, computed == nil else { return false }
            (offset, computed) = (amount.fixed, amount.computed)
            return true
        }
    }

    private mutating func withAnchor(_ expression: Expression) throws(PromQLError) -> Expression {
        let place = advance().span.start
        let moment = try anchor()
        return try modified(expression, named: "@", at: place) { _, _, anchor in
            guard anchor == nil else { return false }
            anchor = moment
            return true
        }
    }

    private mutating func anchor() throws(PromQLError) -> TimeAnchor {
        if let word = current.keyword, word == "start" || word == "end", peek().isSign("(") {
            advance()
            advance()
            try expectSign(")", in: "@")
            return word == "start" ? .start : .end
        }
        let isNegative = current.isSign("-")
        if isNegative || current.isSign("+") { advance() }
        let token = current
        let seconds: Double
        switch token.kind {
        case .number(let value): seconds = value
        case .duration(let milliseconds): seconds = Double(milliseconds) / 1000
        case .word where current.keyword == "inf": seconds = .infinity
        case .word where current.keyword == "nan": seconds = .nan
        default: throw unexpected(in: "@", expected: "timestamp")
        }
        advance()
        let signed = isNegative ? -seconds : seconds
        guard let moment = Timestamp(seconds: signed), abs(moment.milliseconds) <= Lexer.longestDuration else {
            throw error(
                at: token.span.start, "timestamp out of bounds for @ modifier: \(DecimalText.general(signed))")
        }
        return .time(moment)
    }

    /// Sets a modifier on a selector, range or sub-query; `set` says whether it was not set before.
    private func modified(
        _ expression: Expression, named name: String, at place: Int,
        set: (inout Duration, inout DurationExpression?, inout TimeAnchor?) -> Bool
    ) throws(PromQLError) -> Expression {
        let end = previousEnd
        let isFirst: Bool
        let result: Expression
        switch expression {
        case .selector(var node):
            isFirst = set(&node.offset, &node.offsetExpression, &node.anchor)
            node.span.end = end
            result = .selector(node)
        case .range(var node):
            isFirst = set(
                &node.selector.offset, &node.selector.offsetExpression, &node.selector.anchor)
            node.span.end = end
            result = .range(node)
        case .subquery(var node):
            isFirst = set(&node.offset, &node.offsetExpression, &node.anchor)
            node.span.end = end
            result = .subquery(node)
        default:
            let what = name == "@" ? "@ modifier" : "offset modifier"
            throw error(
                at: place,
                "\(what) must be preceded by an instant vector selector or range vector selector or a subquery")
        }
        if !isFirst {
            throw error(
                at: place,
                name == "@" ? "@ <timestamp> may not be set multiple times" : "offset may not be set multiple times")
        }
        return result
    }

    /// `anchored` or `smoothed`.
    private mutating func withBoundary(
        _ boundary: RangeBoundary, _ expression: Expression
    ) throws(PromQLError) -> Expression {
        let word = advance().span
        var selector: VectorSelector
        switch expression {
        case .selector(let node): selector = node
        case .range(let node): selector = node.selector
        case .subquery: throw error(at: word.start, "\(boundary.rawValue) modifier is not supported for subqueries")
        default: throw error(at: word.start, "\(boundary.rawValue) modifier must be preceded by a selector")
        }
        if let other = selector.boundary, other != boundary {
            throw error(at: word.start, "anchored and smoothed modifiers cannot be used together")
        }
        selector.boundary = boundary
        guard case .range(var range) = expression else {
            selector.span.end = word.end
            return .selector(selector)
        }
        range.selector = selector
        range.span.end = word.end
        return .range(range)
    }
}
