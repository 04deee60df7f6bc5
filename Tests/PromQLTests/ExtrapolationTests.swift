import FleetModel
import Testing

@testable import PromQL

@Suite struct ExtrapolationTests {
    /// Prometheus' formula as it stands in promql/functions.go (`extrapolatedRate`), step by step.
    private static func plain(
        _ function: RangeFunction, range: Int64, growth: Double, first: Double, _ position: Extrapolation.Position
    ) -> Double {
        let sampled = Double(position.sampled) / 1000
        let interval = sampled / Double(position.count - 1)
        var toStart = Double(position.before) / 1000
        var toEnd = Double(position.after) / 1000
        if toStart >= interval * 1.1 { toStart = interval / 2 }
        if function.isOfCounter, growth > 0, first >= 0 {
            let toZero = sampled * (first / growth)
            if toZero < toStart { toStart = toZero }
        }
        if toEnd >= interval * 1.1 { toEnd = interval / 2 }
        var factor = (sampled + toStart + toEnd) / sampled
        if function == .rate { factor /= Double(range) / 1000 }
        return growth * factor
    }

    @Test(arguments: [RangeFunction.rate, .increase, .delta])
    func theRememberedFactorGivesWhatTheFormulaGives(function: RangeFunction) throws {
        var generator = SystemRandomNumberGenerator()
        let range: Int64 = 60_000
        var kept = try #require(Extrapolation(function, range: range))
        var position = Extrapolation.Position(before: 1, sampled: 1, after: 1, count: 2)
        for turn in 0..<20_000 {
            // Several results at each position, as with regular samples.
            if turn % 3 == 0 {
                let sampled = Int64.random(in: 1..<range, using: &generator)
                let before = Int64.random(in: 0...range - sampled, using: &generator)
                position = Extrapolation.Position(
                    before: before, sampled: sampled, after: range - sampled - before,
                    count: Int.random(in: 2...7, using: &generator))
            }
            let growth = Double.random(in: -10...100, using: &generator)
            let first =
                [Double.random(in: -1...1, using: &generator), growth * 2, growth, 1e6, .nan, .infinity].randomElement(
                    using: &generator) ?? 0
            let result = kept.result(growth: growth, first: first, at: position)
            let expected = Self.plain(function, range: range, growth: growth, first: first, position)
            #expect(result.bitPattern == expected.bitPattern, "\(growth) from \(first) at \(position)")
        }
    }

    @Test func growthIsCorrectedAtEveryResetInsideAWindow() async throws {
        var source = MemorySource()
        // 0 5 10, a reset to 2, 7, a reset to 1: by 30 s windows.
        for (place, value) in [0.0, 5, 10, 2, 7, 1].enumerated() {
            source.append(["__name__": "n_total"], at: Timestamp(milliseconds: Int64(place) * 10_000), value)
        }
        let answer = try Evaluator(source: source).range(
            try parse("increase(n_total[30s])"), from: Timestamp(milliseconds: 20_000),
            through: Timestamp(milliseconds: 50_000), step: .seconds(10))
        guard case .matrix(let series) = answer.value else {
            Issue.record("no matrix")
            return
        }
        // Ranges are open on the left. At 20 s the counter began at zero; then three samples grow by 7, 7 and 6, and at
        // 50 s zero is nearer than the range's end.
        #expect(series.map { $0.samples.values.map { ($0 * 1e9).rounded() / 1e9 } } == [[10, 10.5, 10.5, 8]])
    }
}
