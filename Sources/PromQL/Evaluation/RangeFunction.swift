/// The functions of range vectors.
enum RangeFunction: String, Sendable, CaseIterable {
    case absentOverTime = "absent_over_time"
    case avgOverTime = "avg_over_time"
    case changes
    case countOverTime = "count_over_time"
    case delta
    case deriv
    case doubleExponentialSmoothing = "double_exponential_smoothing"
    case firstOverTime = "first_over_time"
    case idelta
    case increase
    case irate
    case lastOverTime = "last_over_time"
    case madOverTime = "mad_over_time"
    case maxOverTime = "max_over_time"
    case minOverTime = "min_over_time"
    case predictLinear = "predict_linear"
    case presentOverTime = "present_over_time"
    case quantileOverTime = "quantile_over_time"
    case rate
    case resets
    case stddevOverTime = "stddev_over_time"
    case stdvarOverTime = "stdvar_over_time"
    case sumOverTime = "sum_over_time"
    case timeOfFirst = "ts_of_first_over_time"
    case timeOfLast = "ts_of_last_over_time"
    case timeOfMax = "ts_of_max_over_time"
    case timeOfMin = "ts_of_min_over_time"

    /// Whether the result is a sample as it was, so that the metric's name stays.
    var keepsName: Bool { self == .firstOverTime || self == .lastOverTime }

    /// Whether it reads a counter.
    var isOfCounter: Bool { self == .rate || self == .increase }

    /// Whether the same samples give the same result at any step.
    var dependsOnMoment: Bool { self == .predictLinear }
}
