/// How much a series grew over the whole of a range, from how much its samples in it grew, as Prometheus extrapolates
/// (`extrapolatedRate` in promql/functions.go): to the range's ends where the samples come close to them, by half an
/// interval where they do not, and never below zero for a counter.
///
/// The factor depends on where the samples lie in the range alone, and with samples and steps at even distances that is
/// the same at step after step, in series after series: it is reckoned once for all of them.
struct Extrapolation {
    /// Where the samples of a window lie in its range.
    struct Position: Equatable {
        /// From the range's older end to the first sample, from there to the last, and on to the newer end, milliseconds.
        let before: Int64
        let sampled: Int64
        let after: Int64
        /// How many samples, at least two.
        let count: Int
    }

    private let isCounter: Bool
    /// The range in seconds where the result is by the second, otherwise one.
    private let divisor: Double
    private var position = Position(before: 0, sampled: 0, after: 0, count: 0)
    /// For `position`, in seconds.
    private var sampled = 0.0
    private var toStart = 0.0
    private var toEnd = 0.0
    private var factor = 0.0

    /// For ranges of so many milliseconds; `nil` for a function that does not extrapolate.
    init?(_ function: RangeFunction, range: Int64) {
        switch function {
        case .rate: (isCounter, divisor) = (true, Double(range) / 1000)
        case .increase: (isCounter, divisor) = (true, 1)
        case .delta: (isCounter, divisor) = (false, 1)
        default: return nil
        }
    }

    /// The result for samples that grew by `growth`, resets of a counter corrected, and of which the first is `first`.
    @inline(__always)
    mutating func result(growth: Double, first: Double, at position: Position) -> Double {
        if position != self.position { reckon(position) }
        // From twice its growth on a counter's zero lies further back than samples are ever extrapolated.
        if isCounter, growth > 0, first >= 0, first < growth * 2 {
            return growth * factor(min(toStart, sampled * (first / growth)))
        }
        return growth * factor
    }

    private mutating func reckon(_ position: Position) {
        self.position = position
        sampled = Double(position.sampled) / 1000
        let interval = sampled / Double(position.count - 1)
        let threshold = interval * 1.1
        toStart = Double(position.before) / 1000
        toEnd = Double(position.after) / 1000
        if toStart >= threshold { toStart = interval / 2 }
        if toEnd >= threshold { toEnd = interval / 2 }
        factor = factor(toStart)
    }

    private func factor(_ toStart: Double) -> Double { (sampled + toStart + toEnd) / sampled / divisor }
}
