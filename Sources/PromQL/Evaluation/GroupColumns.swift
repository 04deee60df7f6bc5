/// The running state of one group of an aggregation, a value a step. Formulas and the treatment of overflow and
/// not-a-number are Prometheus' (`aggregation` in promql/engine.go).
struct GroupColumns: Sendable {
    /// Mean and sum of squared distances from it, by Welford's method.
    private struct Deviation {
        var mean = 0.0
        var squares = 0.0

        mutating func add(_ value: Double, after count: Double) {
            if count == 0 {
                mean = value
                squares = value.isFinite ? 0 : .nan
                return
            }
            let distance = value - mean
            mean += distance / (count + 1)
            squares += distance * (value - mean)
        }
    }

    private let operation: AggregationOperator
    private(set) var dropsName = false
    /// How many values each step has seen.
    private var counts: [Double]
    // What the operation needs of these, a step each.
    private var extremes: [Double]
    private var deviations: [Deviation]
    private var sums: [CompensatedSum]
    private var averages: [CompensatedMean]

    init(_ operation: AggregationOperator, _ steps: Int) {
        self.operation = operation
        func room(for operations: AggregationOperator...) -> Int { operations.contains(operation) ? steps : 0 }
        counts = [Double](repeating: 0, count: steps)
        extremes = [Double](repeating: 0, count: room(for: .min, .max))
        deviations = [Deviation](repeating: Deviation(), count: room(for: .stddev, .stdvar))
        sums = [CompensatedSum](repeating: CompensatedSum(), count: room(for: .sum))
        averages = [CompensatedMean](repeating: CompensatedMean(0), count: room(for: .avg))
    }

    mutating func add(_ series: borrowing StepSeries) {
        dropsName = dropsName || series.dropsName
        let input = series.values.span
        switch operation {
        case .sum:
            Self.fold(input, &counts, &sums) { sum, value, count in
                if count == 0 { sum = CompensatedSum(value) } else { sum.add(value) }
            }
        case .avg:
            Self.fold(input, &counts, &averages) { average, value, count in
                if count == 0 { average = CompensatedMean(value) } else { average.add(value) }
            }
        case .min:
            Self.fold(input, &counts, &extremes) { least, value, count in
                if count == 0 || least > value || least.isNaN { least = value }
            }
        case .max:
            Self.fold(input, &counts, &extremes) { greatest, value, count in
                if count == 0 || greatest < value || greatest.isNaN { greatest = value }
            }
        case .stddev, .stdvar:
            Self.fold(input, &counts, &deviations) { deviation, value, count in deviation.add(value, after: count) }
        default:
            for step in input.indices where !StepSeries.isAbsent(input[step]) { counts[step] += 1 }
        }
    }

    /// Lets every value change the state of its step, with how many the step has seen before, and counts it.
    @inline(__always)
    private static func fold<State>(
        _ input: Span<Double>, _ counts: inout [Double], _ states: inout [State],
        _ add: (_ state: inout State, _ value: Double, _ count: Double) -> Void
    ) {
        var counts = counts.mutableSpan
        var states = states.mutableSpan
        for step in input.indices where !StepSeries.isAbsent(input[step]) {
            add(&states[step], input[step], counts[step])
            counts[step] += 1
        }
    }

    /// The group's value at every step.
    func result() -> [Double] {
        counts.indices.map { step in
            if counts[step] == 0 { return StepSeries.absent }
            return switch operation {
            case .sum: sums[step].uncorrectedTotal
            case .avg: averages[step].result
            case .min, .max: extremes[step]
            case .stdvar: deviations[step].squares / counts[step]
            case .stddev: (deviations[step].squares / counts[step]).squareRoot()
            case .count: counts[step]
            default: 1
            }
        }
    }
}
