import FleetModel

/// Slides the window of a range function over the samples of one series: `(reference - range, reference]` at each step,
/// open on the left as since Prometheus 3.
struct WindowKernel {
    let function: RangeFunction
    let parameters: [ScalarColumn]
    let steps: Steps
    /// Milliseconds.
    let range: Int64
    /// Scratch for functions that sort.
    private var scratch: [Double] = []
    /// Where the counter of this series was reset.
    private var resets: [Int] = []
    /// Of functions that extrapolate.
    private var extrapolation: Extrapolation?

    init(function: RangeFunction, parameters: [ScalarColumn], steps: Steps, range: Duration) {
        self.function = function
        self.parameters = parameters
        self.steps = steps
        self.range = range.milliseconds
        extrapolation = Extrapolation(function, range: range.milliseconds)
    }

    /// After so many samples it is asked again whether to go on: some milliseconds.
    private static let samplesBetweenChecks = 1_000_000

    /// Writes the function's value at every step that has one.
    mutating func evaluate(
        _ columns: borrowing SampleColumns, _ references: References, into result: inout [Double],
        checkStop: () throws(PromQLError) -> Void
    ) throws(PromQLError) {
        if extrapolation != nil {
            return try extrapolate(columns, references, into: &result, checkStop: checkStop)
        }
        let times = columns.times
        let values = columns.values
        var (start, end) = (0, 0)
        var unchecked = 0
        for step in 0..<steps.count {
            let reference = references.time(step)
            while end < times.count, times[end] <= reference { end += 1 }
            while start < end, times[start] <= reference - range { start += 1 }
            if start == end { continue }
            if step > 0, references.stride == 0, !varies {
                result[step] = result[step - 1]
                continue
            }
            let window = Window(times: times, values: values, start: start, end: end, reference: reference)
            result[step] = value(window, step)
            unchecked += window.count
            if unchecked > Self.samplesBetweenChecks {
                try checkStop()
                unchecked = 0
            }
        }
    }

    /// Whether the same window may give another value at another step.
    private var varies: Bool { function.dependsOnMoment || parameters.contains(where: \.varies) }

    /// The functions that extrapolate look at the ends of their windows alone, and at resets in between.
    private mutating func extrapolate(
        _ columns: borrowing SampleColumns, _ references: References, into result: inout [Double],
        checkStop: () throws(PromQLError) -> Void
    ) throws(PromQLError) {
        guard var extrapolation else { return }
        let times = columns.times.span
        let values = columns.values.span
        if function.isOfCounter { findResets(values) }
        var result = result.mutableSpan
        var (start, end, reset, unchecked) = (0, 0, 0, 0)
        for step in 0..<steps.count {
            let reference = references.time(step)
            let open = reference - range
            while end < times.count, times[end] <= reference { end += 1 }
            while start < end, times[start] <= open { start += 1 }
            guard end - start > 1 else { continue }
            var growth = values[end - 1] - values[start]
            while reset < resets.count, resets[reset] <= start { reset += 1 }
            for place in resets[reset...] {
                if place >= end { break }
                growth += values[place - 1]
                unchecked += 1
            }
            if unchecked > Self.samplesBetweenChecks {
                try checkStop()
                unchecked = 0
            }
            let position = Extrapolation.Position(
                before: times[start] - open, sampled: times[end - 1] - times[start], after: reference - times[end - 1],
                count: end - start)
            result[step] = extrapolation.result(growth: growth, first: values[start], at: position)
        }
        self.extrapolation = extrapolation
    }

    private mutating func findResets(_ values: Span<Double>) {
        resets.removeAll(keepingCapacity: true)
        for place in 1..<max(values.count, 1) where values[place] < values[place - 1] { resets.append(place) }
    }

    private mutating func value(_ window: Window, _ step: Int) -> Double {
        switch function {
        // `extrapolate` does these.
        case .rate, .increase, .delta: StepSeries.absent
        case .irate: window.lastStep(isRate: true)
        case .idelta: window.lastStep(isRate: false)
        case .absentOverTime, .presentOverTime: 1
        case .countOverTime: Double(window.count)
        case .sumOverTime: window.sum
        case .avgOverTime: window.average
        case .minOverTime: window.values[window.extreme { $0 < $1 }]
        case .maxOverTime: window.values[window.extreme { $0 > $1 }]
        case .timeOfMin: window.seconds(window.extreme { $0 < $1 })
        case .timeOfMax: window.seconds(window.extreme { $0 > $1 })
        case .firstOverTime: window.values[window.start]
        case .lastOverTime: window.values[window.end - 1]
        case .timeOfFirst: window.seconds(window.start)
        case .timeOfLast: window.seconds(window.end - 1)
        case .stdvarOverTime: window.variance
        case .stddevOverTime: window.variance.squareRoot()
        case .changes: Double(window.changes)
        case .resets: Double(window.resetCount)
        case .deriv: window.slope
        case .predictLinear: window.prediction(at: steps.time(step), seconds: parameters[0][step])
        case .doubleExponentialSmoothing: window.smoothed(parameters[0][step], parameters[1][step])
        case .quantileOverTime: quantile(parameters[0][step], window)
        case .madOverTime: medianDeviation(window)
        }
    }

    private mutating func quantile(_ quantile: Double, _ window: Window) -> Double {
        scratch.removeAll(keepingCapacity: true)
        scratch.append(contentsOf: window.values[window.start..<window.end])
        return Quantiles.quantile(quantile, of: &scratch)
    }

    /// The median of the distances from the median.
    private mutating func medianDeviation(_ window: Window) -> Double {
        let slice = window.values[window.start..<window.end]
        if slice.contains(where: \.isNaN) { return .nan }
        let median = quantile(0.5, window)
        for place in scratch.indices { scratch[place] = abs(scratch[place] - median) }
        return Quantiles.quantile(0.5, of: &scratch)
    }
}
