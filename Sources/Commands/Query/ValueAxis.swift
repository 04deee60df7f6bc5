import Foundation

/// The upright axis of a chart: from below the lowest value to above the highest, with ticks at round numbers.
struct ValueAxis {
    /// The values that are marked, ascending, one step apart; the first and the last are the axis' ends.
    let ticks: [Double]
    private let step: Double

    /// An axis for values between `low` and `high`, both finite, with about `most` steps.
    init(low: Double, high: Double, most: Int) {
        // Halves, since the distance of two finite numbers may be none.
        let half = high / 2 - low / 2
        let isFlat = !(half > max(abs(low), abs(high)) * 1e-12)
        let step = Self.roundStep(isFlat ? max(abs(low), 1) : 2 * (half / Double(max(most, 1))))
        guard step.isFinite, step > 0 else {
            self.step = half
            ticks = [low, high]
            return
        }
        let first = (low / step).rounded(.down)
        let last = max((high / step).rounded(.up), first + 1)
        self.step = step
        ticks = (0...Int(min(last - first, 100))).map { (first + Double($0)) * step }
    }

    /// 1, 2, 2.5 or 5 times a power of ten, at least `least`.
    private static func roundStep(_ least: Double) -> Double {
        let power = pow(10, log10(least).rounded(.down))
        return ([1, 2, 2.5, 5, 10].first { $0 * power >= least * (1 - 1e-9) } ?? 10) * power
    }

    /// Where a value stands between the axis' ends: 0 at its foot, 1 at its head.
    func share(of value: Double) -> Double {
        guard let low = ticks.first, let high = ticks.last, high > low else { return 0.5 }
        return (value / 2 - low / 2) / (high / 2 - low / 2)
    }

    /// A value as short as the ticks allow, with the prefixes of the SI: 2.5k, 13M, 20m.
    func text(of value: Double) -> String {
        let greatest = max(abs(ticks.first ?? 0), abs(ticks.last ?? 0))
        guard greatest > 0, greatest.isFinite, step > 0 else { return Self.shortest(value, digits: 3) }
        if value == 0 { return "0" }
        let (factor, prefix) = Self.prefix(for: greatest)
        let digits = min(max(0, Int((-log10(step / factor)).rounded(.up)) + (step / factor < 1 ? 1 : 0)), 6)
        return Self.shortest(value / factor, digits: digits) + prefix
    }

    private static func prefix(for value: Double) -> (factor: Double, prefix: String) {
        let known: [(Double, String)] = [
            (1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"),
            (1e-6, "µ"), (1e-9, "n"),
        ]
        if value >= 1e21 || value < 1e-9 { return (1, "") }
        return known.first { value >= $0.0 * 0.9999 } ?? (1, "")
    }

    private static func shortest(_ value: Double, digits: Int) -> String {
        guard abs(value) < 1e6, abs(value) >= 1e-6 || value == 0 else { return String(format: "%.3g", value) }
        var text = String(format: "%.\(digits)f", value)
        if text.contains(".") {
            while text.hasSuffix("0") { text.removeLast() }
            if text.hasSuffix(".") { text.removeLast() }
        }
        return text == "-0" ? "0" : text
    }
}
