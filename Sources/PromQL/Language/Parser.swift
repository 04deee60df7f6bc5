import FleetModel

/// Reads a query: the whole grammar of Prometheus 3, with what it keeps behind experimental flags (duration
/// expressions, `fill`, `anchored`, `smoothed`), but for what needs native histograms, which is refused by name. Throws
/// `PromQLError.syntax`.
public func parse(_ text: String) throws(PromQLError) -> Expression {
    try Parser.expression(of: text)
}

/// A precedence-climbing parser over the lexer's tokens. Types are checked afterwards by `Checker`.
struct Parser {
    /// Longest query, bytes.
    static let longestText = 1 << 20
    /// Deepest tree: later passes walk it recursively.
    static let deepestTree = 250
    /// Most operators in a row in one duration.
    static let longestDurationChain = 50

    let source: SourceText
    let tokens: [Token]
    private var place = 0
    /// How deep the parser's own recursion is.
    private var nesting = 0
    /// The depth of the tree that was built last.
    private var builtDepth = 0

    static func expression(of text: String) throws(PromQLError) -> Expression {
        guard text.utf8.count <= longestText else {
            throw .syntax(line: 1, column: 1, reason: "the query has more than \(longestText) bytes")
        }
        let source = SourceText(text)
        var parser = Parser(source: source, tokens: try Lexer.tokens(of: source))
        if parser.current.kind == .end { throw parser.error(at: 0, "no expression found in input") }
        let expression = try parser.expression(above: 0)
        if parser.current.kind != .end { throw parser.leftOver() }
        try Checker(source: source).check(expression)
        return expression
    }

    private init(source: SourceText, tokens: [Token]) {
        self.source = source
        self.tokens = tokens
    }

    // MARK: Operators

    /// An expression whose operators bind tighter than `precedence`.
    mutating func expression(above precedence: Int) throws(PromQLError) -> Expression {
        try enterNesting()
        defer { leaveNesting() }
        var left = try operand()
        var leftDepth = builtDepth
        while let operation = currentOperator(), operation.precedence > precedence {
            let operatorSpan = advance().span
            let modifiers = try binaryModifiers()
            let right = try expression(above: operation.precedence - (operation.isRightAssociative ? 1 : 0))
            leftDepth = max(leftDepth, builtDepth) + 1
            if leftDepth > Self.deepestTree { throw tooDeep() }
            left = .binary(
                BinaryOperation(
                    operation: operation, left: left, right: right, returnsBool: modifiers.returnsBool,
                    matching: modifiers.matching(for: operation),
                    span: SourceSpan(left.span.start, right.span.end), operatorSpan: operatorSpan))
        }
        builtDepth = leftDepth
        return left
    }

    /// A sign and what it stands before: it binds as tightly as a multiplication, looser than a power.
    private mutating func operand() throws(PromQLError) -> Expression {
        guard current.isSign("-") || current.isSign("+") else { return try postfixed(try primary()) }
        let isNegation = current.isSign("-")
        let start = advance().span.start
        let operand = try expression(above: BinaryOperator.multiply.precedence)
        builtDepth += 1
        if case .number(var literal) = operand {
            if isNegation { literal.value.negate() }
            literal.span.start = start
            return .number(literal)
        }
        return .unary(
            UnaryOperation(isNegation: isNegation, operand: operand, span: SourceSpan(start, operand.span.end)))
    }

    func currentOperator() -> BinaryOperator? {
        switch current.kind {
        case .sign(let text): BinaryOperator(rawValue: text)
        case .word: current.keyword.flatMap { BinaryOperator(rawValue: $0) }
        default: nil
        }
    }

    /// What may stand between an operator and its right side.
    private struct BinaryModifiers {
        var returnsBool = false
        var matching = VectorMatching()

        func matching(for operation: BinaryOperator) -> VectorMatching {
            var result = matching
            if operation.isSetOperator, result.cardinality == .oneToOne { result.cardinality = .manyToMany }
            return result
        }
    }

    private mutating func binaryModifiers() throws(PromQLError) -> BinaryModifiers {
        var result = BinaryModifiers()
        if current.keyword == "bool" {
            _ = advance()
            result.returnsBool = true
        }
        if current.keyword == "on" || current.keyword == "ignoring" {
            result.matching.isOn = advance().keyword == "on"
            result.matching.labels = try labelNames()
            if current.keyword == "group_left" || current.keyword == "group_right" {
                result.matching.cardinality = advance().keyword == "group_left" ? .manyToOne : .oneToMany
                if current.isSign("(") { result.matching.included = try labelNames() }
            }
        }
        try fillModifiers(into: &result.matching)
        return result
    }

    /// `fill(0)`, or `fill_left(0)` and `fill_right(0)` in any order, each at most once.
    private mutating func fillModifiers(into matching: inout VectorMatching) throws(PromQLError) {
        while let word = current.keyword, ["fill", "fill_left", "fill_right"].contains(word), peek().isSign("(") {
            let place = advance().span.start
            let isTaken =
                word != "fill_right" && matching.fillLeft != nil || word != "fill_left" && matching.fillRight != nil
            if isTaken { throw error(at: place, "\(word) may not be set multiple times") }
            let value = try fillValue(of: word)
            if word != "fill_right" { matching.fillLeft = value }
            if word != "fill_left" { matching.fillRight = value }
        }
    }

    private mutating func fillValue(of word: String) throws(PromQLError) -> NumberLiteral {
        try expectSign("(", in: word)
        let start = current.span.start
        let isNegative = current.isSign("-")
        if isNegative || current.isSign("+") { advance() }
        let value: Double
        switch current.kind {
        case .number(let number): value = number
        case .duration(let milliseconds): value = Double(milliseconds) / 1000
        case .word where current.keyword == "inf": value = .infinity
        case .word where current.keyword == "nan": value = .nan
        default: throw unexpected(in: word, expected: "number")
        }
        advance()
        try expectSign(")", in: word)
        return NumberLiteral(value: isNegative ? -value : value, span: SourceSpan(start, previousEnd))
    }

    /// `(a, b, "c d")`.
    mutating func labelNames() throws(PromQLError) -> [String] {
        try expectSign("(", in: "grouping opts")
        var names: [String] = []
        while !current.isSign(")") {
            let token = advance()
            switch token.kind {
            case .word(let name) where !name.contains(":"): names.append(name)
            case .string(let name, isValid: true) where !name.isEmpty: names.append(name)
            case .word, .string:
                throw error(at: token.span.start, "invalid label name for grouping: \(source.text(token.span))")
            default: throw unexpected(token, in: "grouping opts", expected: "label")
            }
            if !current.isSign(")") { try expectSign(",", in: "grouping opts", orSign: ")") }
        }
        _ = advance()
        return names
    }

    // MARK: Tokens

    var current: Token { tokens[min(place, tokens.count - 1)] }

    func peek() -> Token { tokens[min(place + 1, tokens.count - 1)] }

    /// The end of the token before this one.
    var previousEnd: Int { place > 0 ? tokens[place - 1].span.end : 0 }

    @discardableResult
    mutating func advance() -> Token {
        defer { place += 1 }
        return current
    }

    mutating func expectSign(_ sign: String, in context: String, orSign other: String? = nil) throws(PromQLError) {
        guard current.isSign(sign) else {
            throw unexpected(in: context, expected: other.map { "\"\(sign)\" or \"\($0)\"" } ?? "\"\(sign)\"")
        }
        _ = advance()
    }

    // MARK: Depth

    /// Says that the parser goes one level deeper; to be followed by `leaveNesting`.
    mutating func enterNesting() throws(PromQLError) {
        if nesting >= Self.deepestTree { throw tooDeep() }
        nesting += 1
    }

    mutating func leaveNesting() { nesting -= 1 }

    /// Says that a leaf was built.
    mutating func builtLeaf() { builtDepth = 1 }

    /// Says that a node was built around parts of the given depths.
    mutating func builtNode(around depths: [Int]) throws(PromQLError) {
        builtDepth = (depths.max() ?? 0) + 1
        if builtDepth > Self.deepestTree { throw tooDeep() }
    }

    var lastDepth: Int { builtDepth }

    func tooDeep() -> PromQLError {
        error(at: current.span.start, "the expression is nested more than \(Self.deepestTree) levels deep")
    }

    // MARK: Errors

    /// Why the query goes on where an expression has ended.
    private func leftOver() -> PromQLError {
        if current.isSign("</") || current.isSign(">/") {
            let operation = source.text(current.span)
            return error(
                at: current.span.start, "operator \(operation) is not supported yet: it needs native histograms")
        }
        return unexpected(in: "", expected: "an operator or the end")
    }

    func error(at offset: Int, _ reason: String) -> PromQLError { source.error(at: offset, reason) }

    func unexpected(in context: String, expected: String) -> PromQLError {
        unexpected(current, in: context, expected: expected)
    }

    func unexpected(_ token: Token, in context: String, expected: String) -> PromQLError {
        let place = context.isEmpty ? "" : " in \(context)"
        return error(at: token.span.start, "unexpected \(describe(token))\(place), expected \(expected)")
    }

    private func describe(_ token: Token) -> String {
        let text = source.text(token.span)
        return switch token.kind {
        case .end: "end of input"
        case .word: "identifier \"\(text)\""
        case .number: "number \"\(text)\""
        case .duration: "duration \"\(text)\""
        case .string: "string \(text)"
        case .sign: BinaryOperator(rawValue: text) == nil ? "\"\(text)\"" : "<op:\(text)>"
        }
    }
}
