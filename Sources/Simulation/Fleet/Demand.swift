import FleetModel
import Foundation

/// What a guest wants of the processors, as a function of time: the same for the same time, however often it is asked.
public enum Demand: Sendable, Hashable {
    /// Always the same number of LPs.
    case constant(Double)
    /// A day's wave between `low` and `high` LPs, highest at `peakHour` (0..<24, UTC).
    case daily(low: Double, high: Double, peakHour: Double)
    /// `low` LPs, and `high` for `length` in every `period`, beginning `offset` after the epoch.
    case bursts(low: Double, high: Double, period: Duration, length: Duration, offset: Duration)
    /// Values at equal steps from `start` on; the last one stays.
    case trace(start: Timestamp, step: Duration, values: [Double])

    /// Wanted LPs at `time`; never negative.
    public func processors(at time: Timestamp) -> Double {
        switch self {
        case .constant(let value): return max(0, value)
        case .daily(let low, let high, let peakHour):
            let hours = (time.seconds / 3600).truncatingRemainder(dividingBy: 24)
            let wave = (1 + cos((hours - peakHour) / 24 * 2 * .pi)) / 2
            return max(0, low + (high - low) * wave)
        case .bursts(let low, let high, let period, let length, let offset):
            let place = (time - Timestamp(milliseconds: offset.milliseconds)).milliseconds
            let cycle = max(1, period.milliseconds)
            return max(0, (place % cycle + cycle) % cycle < length.milliseconds ? high : low)
        case .trace(let start, let step, let values):
            let place = (time - start).milliseconds / max(1, step.milliseconds)
            return max(0, values.isEmpty ? 0 : values[Int(min(max(0, place), Int64(values.count - 1)))])
        }
    }
}
