import FleetModel

extension Parser {
    /// Words that cannot be a metric's name by themselves.
    private static let reserved: Set<String> = ["bool", "on", "ignoring", "group_left", "group_right", "atan2"]

    /// A literal, selector, call, aggregation, or something in parentheses.
    mutating func primary() throws(PromQLError) -> Expression {
        let token = current
        switch token.kind {
        case .number(let value): return number(value)
        case .duration(let milliseconds): return number(Double(milliseconds) / 1000)
        case .string(let text, let isValid):
            advance()
            builtLeaf()
            if !isValid { throw error(at: token.span.start, "string \(source.text(token.span)) is not UTF-8") }
            return .string(StringLiteral(text: text, span: token.span))
        case .sign("("): return try parenthesized()
        case .sign("{"): return try selector(metric: nil, start: token.span.start)
        case .word(let word): return try named(word)
        default: throw unexpected(in: "", expected: "an expression")
        }
    }

    private mutating func number(_ value: Double) -> Expression {
        let span = advance().span
        builtLeaf()
        return .number(NumberLiteral(value: value, span: span))
    }

    private mutating func parenthesized() throws(PromQLError) -> Expression {
        let start = advance().span.start
        let inner = try expression(above: 0)
        let depth = lastDepth
        try expectSign(")", in: "paren expression")
        try builtNode(around: [depth])
        return .parenthesized(Parenthesized(inner: inner, span: SourceSpan(start, previousEnd)))
    }

    /// What begins with a word: a number in words, an aggregation, a call, or a metric.
    private mutating func named(_ word: String) throws(PromQLError) -> Expression {
        let keyword = word.lowercased()
        if keyword == "inf" { return number(.infinity) }
        if keyword == "nan" { return number(.nan) }
        if Self.reserved.contains(keyword) { throw unexpected(in: "", expected: "an expression") }
        let next = peek()
        if let operation = AggregationOperator(rawValue: keyword),
            next.isSign("(") || next.keyword == "by" || next.keyword == "without"
        {
            return try aggregation(operation)
        }
        if next.isSign("(") { return try call(word) }
        let start = advance().span.start
        if current.isSign("{") { return try selector(metric: word, start: start) }
        builtLeaf()
        return .selector(VectorSelector(metric: word, matchers: [], span: SourceSpan(start, previousEnd)))
    }

    private mutating func call(_ name: String) throws(PromQLError) -> Expression {
        let start = advance().span.start
        guard let function = FunctionSignature.all[name] else {
            if FunctionSignature.forNativeHistograms.contains(name) {
                throw error(at: start, "function \"\(name)\" is not supported yet: it needs native histograms")
            }
            if FunctionSignature.forStartTimestamps.contains(name) {
                throw error(at: start, "function \"\(name)\" is not supported yet: it needs start timestamps")
            }
            throw error(at: start, "unknown function with name \"\(name)\"")
        }
        let arguments = try arguments()
        return .call(Call(function: function, arguments: arguments, span: SourceSpan(start, previousEnd)))
    }

    /// `(a, b)`.
    private mutating func arguments() throws(PromQLError) -> [Expression] {
        try expectSign("(", in: "function call")
        var arguments: [Expression] = []
        var depths: [Int] = []
        while !current.isSign(")") {
            arguments.append(try expression(above: 0))
            depths.append(lastDepth)
            if current.isSign(","), peek().isSign(")") {
                throw error(at: current.span.start, "trailing commas not allowed in function call args")
            }
            if !current.isSign(")") { try expectSign(",", in: "function call", orSign: ")") }
        }
        advance()
        try builtNode(around: depths)
        return arguments
    }

    private mutating func aggregation(_ operation: AggregationOperator) throws(PromQLError) -> Expression {
        let start = advance().span.start
        var grouping = try grouping()
        if operation == .countValues, case .string(_, isValid: false) = peek().kind {
            throw error(at: peek().span.start, "invalid label name \(source.text(peek().span))")
        }
        var arguments = try arguments()
        let depth = lastDepth
        if grouping == nil { grouping = try self.grouping() }
        try builtNode(around: [depth - 1])
        let span = SourceSpan(start, previousEnd)
        if arguments.isEmpty { throw error(at: start, "no arguments for aggregate expression provided") }
        let expected = operation.parameter == nil ? 1 : 2
        guard arguments.count == expected, let operand = arguments.popLast() else {
            throw error(
                at: start,
                "wrong number of arguments for aggregate expression provided, expected \(expected), got \(arguments.count)"
            )
        }
        return .aggregation(
            Aggregation(
                operation: operation, operand: operand, parameter: arguments.first,
                isWithout: grouping?.isWithout ?? false, labels: grouping?.labels ?? [], span: span))
    }

    private mutating func grouping() throws(PromQLError) -> (isWithout: Bool, labels: [String])? {
        guard current.keyword == "by" || current.keyword == "without" else { return nil }
        let isWithout = advance().keyword == "without"
        return (isWithout, try labelNames())
    }
}
