import FleetModel

/// A query as a tree. Every node knows where it stood in the text, for messages; spans take no part in equality.
public indirect enum Expression: Hashable, Sendable {
    /// `1.5`, `0x1f`, `1h` (3600), `Inf`, `NaN`.
    case number(NumberLiteral)
    /// `"text"`.
    case string(StringLiteral)
    /// `up{job="a"} offset 5m @ 0`.
    case selector(VectorSelector)
    /// `up[5m]`.
    case range(RangeSelector)
    /// `rate(up[5m])[1h:1m]`.
    case subquery(Subquery)
    /// `rate(...)`.
    case call(Call)
    /// `sum by (host) (...)`.
    case aggregation(Aggregation)
    /// `a + on(host) b`.
    case binary(BinaryOperation)
    /// `-a`.
    case unary(UnaryOperation)
    /// `(a)`.
    case parenthesized(Parenthesized)

    /// What an expression evaluates to.
    public enum Kind: String, Hashable, Sendable {
        /// One number at each moment.
        case scalar
        /// One sample of each series at each moment.
        case instantVector = "instant vector"
        /// Samples of each series over a range of time before each moment.
        case rangeVector = "range vector"
        /// A text.
        case string
    }

    /// What the expression evaluates to.
    public var kind: Kind {
        switch self {
        case .number: .scalar
        case .string: .string
        case .selector, .aggregation: .instantVector
        case .range, .subquery: .rangeVector
        case .call(let call): call.function.result
        case .binary(let node): node.left.kind == .scalar && node.right.kind == .scalar ? .scalar : .instantVector
        case .unary(let node): node.operand.kind
        case .parenthesized(let node): node.inner.kind
        }
    }

    /// Where it stood in the text.
    public var span: SourceSpan {
        switch self {
        case .number(let node): node.span
        case .string(let node): node.span
        case .selector(let node): node.span
        case .range(let node): node.span
        case .subquery(let node): node.span
        case .call(let node): node.span
        case .aggregation(let node): node.span
        case .binary(let node): node.span
        case .unary(let node): node.span
        case .parenthesized(let node): node.span
        }
    }

    /// The expression inside any parentheses around it.
    public var unwrapped: Expression {
        guard case .parenthesized(let node) = self else { return self }
        return node.inner.unwrapped
    }
}

/// A number; durations among numbers are seconds.
public struct NumberLiteral: Sendable {
    /// The number.
    public var value: Double
    /// Where it stood.
    public var span: SourceSpan
}

/// Not-a-number equals itself here: the same text means the same.
extension NumberLiteral: Hashable {
    /// By the number's bits.
    public static func == (left: NumberLiteral, right: NumberLiteral) -> Bool {
        left.value.bitPattern == right.value.bitPattern || left.value.isNaN && right.value.isNaN
    }

    /// The number, all not-a-numbers alike.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(value.isNaN ? Double.nan.bitPattern : value.bitPattern)
    }
}

/// A text.
public struct StringLiteral: Hashable, Sendable {
    /// The text without its quotes and escapes.
    public var text: String
    /// Where it stood.
    public var span: SourceSpan
}

/// A call of a function.
public struct Call: Hashable, Sendable {
    /// The function.
    public var function: FunctionSignature
    /// Its arguments.
    public var arguments: [Expression]
    /// Where it stood.
    public var span: SourceSpan
}

/// A minus or plus in front.
public struct UnaryOperation: Hashable, Sendable {
    /// Minus; otherwise plus, which changes nothing.
    public var isNegation: Bool
    /// What it stands in front of.
    public var operand: Expression
    /// Where it stood.
    public var span: SourceSpan
}

/// An expression in parentheses.
public struct Parenthesized: Hashable, Sendable {
    /// What stands inside.
    public var inner: Expression
    /// Where it stood.
    public var span: SourceSpan
}
