/// An operator between two expressions.
public enum BinaryOperator: String, Hashable, Sendable, CaseIterable {
    /// Arithmetic.
    case add = "+", subtract = "-", multiply = "*", divide = "/", modulo = "%", power = "^", arctangent = "atan2"
    /// Comparison: keeps the elements for which it holds, or with `bool` gives 0 and 1.
    case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
    /// Sets of series.
    case and, or, unless

    /// Whether it compares.
    public var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
        default: false
        }
    }

    /// Whether it works on sets of series.
    public var isSetOperator: Bool { self == .and || self == .or || self == .unless }

    /// How tightly it binds, from 1.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: 3
        case .add, .subtract: 4
        case .multiply, .divide, .modulo, .arctangent: 5
        case .power: 6
        }
    }

    /// Whether `a op b op c` means `a op (b op c)`.
    var isRightAssociative: Bool { self == .power }
}

/// How the elements of two vectors find each other.
public struct VectorMatching: Hashable, Sendable {
    /// How many elements may meet one.
    public enum Cardinality: Hashable, Sendable {
        /// One on each side.
        case oneToOne
        /// `group_left`: many on the left meet one on the right.
        case manyToOne
        /// `group_right`: one on the left meets many on the right.
        case oneToMany
        /// Set operators.
        case manyToMany
    }

    /// How many elements may meet one.
    public var cardinality: Cardinality = .oneToOne
    /// `on`: only `labels` are compared; otherwise (`ignoring`) all others but the metric's name.
    public var isOn = false
    /// The labels of `on` or `ignoring`.
    public var labels: [String] = []
    /// The labels that `group_left` and `group_right` take over from the one side.
    public var included: [String] = []
    /// `fill_left`: stands in for an element that the left side lacks. Where `group_right` is said, for one that the
    /// side of many lacks, as in Prometheus.
    public var fillLeft: NumberLiteral?
    /// `fill_right`: likewise for the right side, and where `group_right` is said for the side of one.
    public var fillRight: NumberLiteral?
}

/// An operator between two expressions.
public struct BinaryOperation: Hashable, Sendable {
    /// The operator.
    public var operation: BinaryOperator
    /// What stands left of it.
    public var left: Expression
    /// What stands right of it.
    public var right: Expression
    /// `bool`: a comparison gives 0 and 1.
    public var returnsBool: Bool
    /// How two vectors are matched; says nothing where one side is a scalar.
    public var matching: VectorMatching
    /// Where it stood.
    public var span: SourceSpan
    /// Where its operator stood.
    var operatorSpan: SourceSpan
}

/// What an aggregation does with the elements of a group.
public enum AggregationOperator: String, Hashable, Sendable, CaseIterable {
    /// One element a group.
    case sum, avg, count, min, max, group, stddev, stdvar, quantile
    /// The value becomes a label, its frequency the value.
    case countValues = "count_values"
    /// Picks elements as they are.
    case topk, bottomk, limitk
    /// Picks a share of the elements as they are.
    case limitRatio = "limit_ratio"

    /// What its parameter must be, where it has one.
    var parameter: Expression.Kind? {
        switch self {
        case .quantile, .topk, .bottomk, .limitk, .limitRatio: .scalar
        case .countValues: .string
        default: nil
        }
    }
}

/// An aggregation over groups of elements.
public struct Aggregation: Hashable, Sendable {
    /// What it does.
    public var operation: AggregationOperator
    /// What it aggregates.
    public var operand: Expression
    /// The parameter of `topk`, `quantile` and their like.
    public var parameter: Expression?
    /// `without`: groups are what remains when `labels` are taken away; otherwise (`by`) what they say.
    public var isWithout = false
    /// The labels that make groups.
    public var labels: [String] = []
    /// Where it stood.
    public var span: SourceSpan
}
