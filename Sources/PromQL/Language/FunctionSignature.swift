/// A function of the language: its name and what goes in and out.
public struct FunctionSignature: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// What its arguments must be; the last one may repeat or be absent: see `optional`.
    public let arguments: [Expression.Kind]
    /// How often the last argument may occur more than is required: `nil` for any number.
    public let optional: Int?
    /// What it evaluates to.
    public let result: Expression.Kind

    /// Every function, by name.
    public static let all: [String: FunctionSignature] = Dictionary(
        uniqueKeysWithValues: table.map { ($0.name, $0) })

    /// Functions that only make sense for native histograms, which this engine does not store.
    static let forNativeHistograms: Set<String> = [
        "histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum",
    ]

    /// Functions that only make sense where samples say when their counting began, which is not stored either.
    static let forStartTimestamps: Set<String> = ["start_timestamp"]

    /// How many arguments there must be at least.
    var fewest: Int { optional == 0 ? arguments.count : arguments.count - 1 }

    /// How many arguments there may be, `nil` for any number.
    var most: Int? { optional.map { $0 == 0 ? arguments.count : arguments.count - 1 + $0 } }

    private init(
        _ name: String, _ arguments: [Expression.Kind], optional: Int? = 0, _ result: Expression.Kind = .instantVector
    ) {
        self.name = name
        self.arguments = arguments
        self.optional = optional
        self.result = result
    }

    private static let table: [FunctionSignature] =
        ofVectors.map { FunctionSignature($0, [.instantVector]) }
        + ofRanges.map { FunctionSignature($0, [.rangeVector]) }
        + ofTimes.map { FunctionSignature($0, [.instantVector], optional: 1) }
        + ofQuery.map { FunctionSignature($0, [], .scalar) }
        + special

    private static let ofVectors = [
        "abs", "absent", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "deg", "exp",
        "floor",
        "ln", "log10", "log2", "rad", "sgn", "sin", "sinh", "sort", "sort_desc", "sqrt", "tan", "tanh", "timestamp",
    ]

    private static let ofRanges = [
        "absent_over_time", "avg_over_time", "changes", "count_over_time", "delta", "deriv", "first_over_time",
        "idelta",
        "increase", "irate", "last_over_time", "mad_over_time", "max_over_time", "min_over_time", "present_over_time",
        "rate", "resets", "stddev_over_time", "stdvar_over_time", "sum_over_time", "ts_of_first_over_time",
        "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
    ]

    private static let ofTimes = [
        "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year",
    ]

    private static let ofQuery = ["end", "pi", "range", "start", "step", "time"]

    private static let special = [
        FunctionSignature("clamp", [.instantVector, .scalar, .scalar]),
        FunctionSignature("clamp_max", [.instantVector, .scalar]),
        FunctionSignature("clamp_min", [.instantVector, .scalar]),
        FunctionSignature("double_exponential_smoothing", [.rangeVector, .scalar, .scalar]),
        FunctionSignature("histogram_fraction", [.scalar, .scalar, .instantVector]),
        FunctionSignature("histogram_quantile", [.scalar, .instantVector]),
        FunctionSignature("histogram_quantiles", [.instantVector, .string, .scalar, .scalar], optional: 9),
        FunctionSignature("info", [.instantVector, .instantVector], optional: 1),
        FunctionSignature("label_join", [.instantVector, .string, .string, .string], optional: nil),
        FunctionSignature("label_replace", [.instantVector, .string, .string, .string, .string]),
        FunctionSignature("max_of", [.scalar, .scalar], .scalar),
        FunctionSignature("min_of", [.scalar, .scalar], .scalar),
        FunctionSignature("predict_linear", [.rangeVector, .scalar]),
        FunctionSignature("quantile_over_time", [.scalar, .rangeVector]),
        FunctionSignature("round", [.instantVector, .scalar], optional: 1),
        FunctionSignature("scalar", [.instantVector], .scalar),
        FunctionSignature("sort_by_label", [.instantVector, .string], optional: nil),
        FunctionSignature("sort_by_label_desc", [.instantVector, .string], optional: nil),
        FunctionSignature("vector", [.scalar]),
    ]
}
