#if canImport(Glibc)
    import Glibc
#endif

/// A length of time that the query itself decides: `[step() * 2]`, `offset min_of(range(), 5m)`. Parts without `step()`
/// and `range()` are reckoned when they are read.
public indirect enum DurationExpression: Hashable, Sendable {
    /// A number of seconds.
    case seconds(NumberLiteral)
    /// From one moment of the query to the next; zero in an instant query.
    case step
    /// From the first moment of the query to the last; zero in an instant query.
    case range
    /// A minus in front.
    case negated(DurationExpression)
    /// Two parts and what joins them.
    case operation(DurationOperator, DurationExpression, DurationExpression)

    /// A part that is the same in every query.
    static func constant(_ seconds: Double) -> DurationExpression {
        .seconds(NumberLiteral(value: seconds, span: .none))
    }

    /// The seconds, where they are the same in every query.
    var constant: Double? {
        guard case .seconds(let literal) = self else { return nil }
        return literal.value
    }

    /// The seconds in a query of the given step and range, both in seconds. Division by zero gives a number that is not
    /// finite.
    func value(step: Double, range: Double) -> Double {
        switch self {
        case .seconds(let literal): literal.value
        case .step: step
        case .range: range
        case .negated(let inner): -inner.value(step: step, range: range)
        case .operation(let operation, let left, let right):
            operation.result(left.value(step: step, range: range), right.value(step: step, range: range))
        }
    }

    /// The negative of an expression, reckoned at once where possible.
    static func negating(_ inner: DurationExpression) -> DurationExpression {
        inner.constant.map { .constant(-$0) } ?? .negated(inner)
    }

    /// Two parts joined, reckoned at once where possible.
    static func joining(
        _ operation: DurationOperator, _ left: DurationExpression, _ right: DurationExpression
    ) -> DurationExpression {
        guard let first = left.constant, let second = right.constant else { return .operation(operation, left, right) }
        return .constant(operation.result(first, second))
    }
}

/// What joins two parts of a duration.
public enum DurationOperator: String, Hashable, Sendable, CaseIterable {
    /// Between the parts.
    case add = "+", subtract = "-", multiply = "*", divide = "/", modulo = "%", power = "^"
    /// In front of the parts, which stand in parentheses.
    case smaller = "min_of", larger = "max_of"

    /// How tightly it binds, as between numbers.
    var precedence: Int { BinaryOperator(rawValue: rawValue)?.precedence ?? 0 }

    func result(_ left: Double, _ right: Double) -> Double {
        switch self {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        case .modulo: fmod(left, right)
        case .power: pow(left, right)
        case .smaller: min(left, right)
        case .larger: max(left, right)
        }
    }
}

extension DurationExpression: CustomStringConvertible {
    /// As PromQL, in as many parentheses as it needs anywhere.
    public var description: String {
        switch self {
        case .seconds(let literal): Expression.text(literal.value)
        case .step: "step()"
        case .range: "range()"
        case .negated(let inner): "-\(inner.grouped)"
        case .operation(let operation, let left, let right) where operation.precedence == 0:
            "\(operation.rawValue)(\(left), \(right))"
        case .operation(let operation, let left, let right):
            "\(left.grouped) \(operation.rawValue) \(right.grouped)"
        }
    }

    /// In parentheses unless nothing can come between its parts.
    var grouped: String {
        switch self {
        case .operation(let operation, _, _) where operation.precedence > 0: "(\(self))"
        case .negated: "(\(self))"
        case .seconds(let literal) where literal.value < 0: "(\(self))"
        default: description
        }
    }

    /// Behind `offset`, where an operator would belong to what is around the selector.
    var afterOffset: String {
        if case .operation(let operation, _, _) = self, operation.precedence > 0 { return "(\(self))" }
        return description
    }
}
