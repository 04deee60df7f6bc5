import FleetModel

/// A duration as it was read: fixed, or to be reckoned by the query.
struct ReadDuration {
    var fixed: Duration = .zero
    var computed: DurationExpression?
}

extension Parser {
    /// What a duration may begin with, for messages.
    private static let wanted = "number, duration, step(), or range()"

    /// The duration between brackets, which must be longer than nothing.
    mutating func positiveDuration(in context: String, orSign sign: String? = nil) throws(PromQLError) -> ReadDuration {
        let start = current.span.start
        let expected = Self.wanted + (sign.map { ", or \"\($0)\"" } ?? "")
        let expression = try durationExpression(above: 0, in: context, expected: expected)
        let duration = try read(expression, at: start)
        if duration.computed == nil, duration.fixed <= .zero {
            throw error(at: start, "duration must be greater than 0")
        }
        return duration
    }

    /// The duration after `offset`: a number with or without a sign, a function, or an expression in parentheses; other
    /// operators belong to what is around the selector.
    mutating func offsetDuration() throws(PromQLError) -> ReadDuration {
        let start = current.span.start
        let isNegative = current.isSign("-")
        if isNegative || current.isSign("+") { advance() }
        let amount = try durationOperand(in: "offset", expected: Self.wanted)
        return try read(isNegative ? .negating(amount) : amount, at: start)
    }

    private func read(_ expression: DurationExpression, at start: Int) throws(PromQLError) -> ReadDuration {
        guard let seconds = expression.constant else { return ReadDuration(computed: expression) }
        guard let duration = Lexer.duration(seconds: seconds) else {
            throw error(at: start, "duration out of range")
        }
        return ReadDuration(fixed: duration)
    }

    // MARK: Expressions

    private mutating func durationExpression(
        above precedence: Int, in context: String, expected: String
    ) throws(PromQLError) -> DurationExpression {
        try enterNesting()
        defer { leaveNesting() }
        var left = try signedOperand(in: context, expected: expected)
        var chain = 0
        while let operation = currentDurationOperator(), operation.precedence > precedence {
            let place = advance().span.start
            let right = try durationExpression(
                above: operation.precedence - (operation == .power ? 1 : 0), in: context, expected: Self.wanted)
            if right.constant == 0, operation == .divide || operation == .modulo {
                throw error(at: place, operation == .divide ? "division by zero" : "modulo by zero")
            }
            // A chain grows to the left: later passes walk it as deep as it is long.
            chain += 1
            if chain > Self.longestDurationChain { throw tooDeep() }
            left = .joining(operation, left, right)
            if left.constant?.isFinite == false { throw error(at: place, "duration out of range") }
        }
        return left
    }

    private func currentDurationOperator() -> DurationOperator? {
        guard case .sign(let text) = current.kind else { return nil }
        return DurationOperator(rawValue: text)
    }

    /// A sign binds as tightly as a multiplication, as between numbers.
    private mutating func signedOperand(in context: String, expected: String) throws(PromQLError) -> DurationExpression
    {
        guard current.isSign("-") || current.isSign("+") else {
            return try durationOperand(in: context, expected: expected)
        }
        let isNegation = advance().kind == .sign("-")
        let operand = try durationExpression(
            above: BinaryOperator.multiply.precedence, in: context, expected: Self.wanted)
        return isNegation ? .negating(operand) : operand
    }

    private mutating func durationOperand(in context: String, expected: String) throws(PromQLError)
        -> DurationExpression
    {
        let token = current
        switch token.kind {
        case .duration(let milliseconds):
            advance()
            return .constant(Double(milliseconds) / 1000)
        case .number(let seconds):
            advance()
            return .constant(seconds)
        case .sign("("):
            advance()
            let inner = try durationExpression(above: 0, in: context, expected: Self.wanted)
            try expectSign(")", in: "duration expression")
            return inner
        case .word: return try durationCall(in: context, expected: expected)
        default: throw unexpected(in: context, expected: expected)
        }
    }

    private mutating func durationCall(in context: String, expected: String) throws(PromQLError) -> DurationExpression {
        let name = current.keyword ?? ""
        guard ["step", "range", "min_of", "max_of"].contains(name), peek().isSign("(") else {
            throw unexpected(in: context, expected: expected)
        }
        advance()
        advance()
        if let function = DurationOperator(rawValue: name) {
            let left = try durationExpression(above: 0, in: context, expected: Self.wanted)
            try expectSign(",", in: "duration expression")
            let right = try durationExpression(above: 0, in: context, expected: Self.wanted)
            try expectSign(")", in: "duration expression")
            return .joining(function, left, right)
        }
        try expectSign(")", in: "duration expression")
        return name == "step" ? .step : .range
    }
}

extension Lexer {
    /// A number of seconds as a duration, to the millisecond; `nil` where it is not finite or longer than any may be.
    static func duration(seconds: Double) -> Duration? {
        let milliseconds = (seconds * 1000).rounded()
        guard abs(milliseconds) <= Double(longestDuration) else { return nil }
        return .milliseconds(Int64(milliseconds))
    }
}
