/// The running state of one group of an aggregation, a value a step. Formulas and the treatment of overflow and
/// not-a-number are Prometheus' (`aggregation` in promql/engine.go).
struct GroupColumns: Sendable {
    private let operation: AggregationOperator
    private(set) var dropsName = false
    /// How many values each step has seen.
    private var counts: [Double]
    /// Minimum, maximum, or the sum of squared distances.
    private var values: [Double]
    /// The running mean, for deviations.
    private var means: [Double]
    private var sums: [CompensatedSum]
    private var averages: [CompensatedMean]

    init(_ operation: AggregationOperator, _ steps: Int) {
        self.operation = operation
        let needsValues = [.min, .max, .stddev, .stdvar].contains(operation)
        let needsMeans = operation == .stddev || operation == .stdvar
        counts = [Double](repeating: 0, count: steps)
        values = [Double](repeating: 0, count: needsValues ? steps : 0)
        means = [Double](repeating: 0, count: needsMeans ? steps : 0)
        sums = [CompensatedSum](repeating: CompensatedSum(), count: operation == .sum ? steps : 0)
        averages = [CompensatedMean](repeating: CompensatedMean(0), count: operation == .avg ? steps : 0)
    }

    mutating func add(_ series: borrowing StepSeries) {
        dropsName = dropsName || series.dropsName
        let input = series.values
        for step in input.indices where !StepSeries.isAbsent(input[step]) {
            add(input[step], at: step)
            counts[step] += 1
        }
    }

    @inline(__always)
    private mutating func add(_ value: Double, at step: Int) {
        let isFirst = counts[step] == 0
        switch operation {
        case .sum:
            if isFirst { sums[step] = CompensatedSum(value) } else { sums[step].add(value) }
        case .avg:
            if isFirst { averages[step] = CompensatedMean(value) } else { averages[step].add(value) }
        case .min:
            if isFirst || values[step] > value || values[step].isNaN { values[step] = value }
        case .max:
            if isFirst || values[step] < value || values[step].isNaN { values[step] = value }
        case .stddev, .stdvar:
            addDistance(value, at: step)
        default:
            break
        }
    }

    /// Welford's method.
    private mutating func addDistance(_ value: Double, at step: Int) {
        if counts[step] == 0 {
            means[step] = value
            values[step] = value.isFinite ? 0 : .nan
            return
        }
        let distance = value - means[step]
        means[step] += distance / (counts[step] + 1)
        values[step] += distance * (value - means[step])
    }

    /// The group's value at every step.
    func result() -> [Double] {
        counts.indices.map { step in
            if counts[step] == 0 { return StepSeries.absent }
            return switch operation {
            case .sum: sums[step].uncorrectedTotal
            case .avg: averages[step].result
            case .min, .max: values[step]
            case .stdvar: values[step] / counts[step]
            case .stddev: (values[step] / counts[step]).squareRoot()
            case .count: counts[step]
            default: 1
            }
        }
    }
}
