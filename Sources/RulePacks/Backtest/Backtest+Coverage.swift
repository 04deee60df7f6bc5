import FleetModel
import PromQL

/// How much of the span history has anything of.
extension Backtest {
    /// Throws where history does not begin by the first moment: a pack that finds nothing in data that is not there would
    /// look harmless.
    static func checkCoverage(_ plan: Plan, _ history: any SeriesSource) throws {
        guard plan.first < plan.last else { throw BacktestError.emptySpan }
        let metrics = plan.pack.inputMetrics
        let (from, through) = (plan.first.milliseconds, plan.last.milliseconds)
        let hour: Int64 = 3_600_000
        var seen = false
        for metric in metrics.sorted() {
            let matcher = [LabelMatcher(Labels.metricName, .equal, metric)]
            if try history.select(matcher, from: from - hour, through: min(from + hour, through)).count > 0 {
                seen = true
            }
        }
        if !seen, !metrics.isEmpty { throw BacktestError.noData(metrics: metrics.sorted(), at: plan.first) }
    }

    /// How far a query looks back for a sample: for so long the last one before a gap is seen still.
    private static let lookBack = Duration.seconds(300)
    /// How much is looked through at once.
    private static let coveragePiece = 72

    /// For how long none of the metrics that the pack reads has a sample, in steps of the look-back; throws where that is
    /// all of the span.
    func unmeasured() async throws -> Duration {
        let metrics = plan.pack.inputMetrics.sorted()
        if metrics.isEmpty { return .zero }
        let step = min(Self.lookBack, plan.last - plan.first)
        let count = Int((plan.last - plan.first).milliseconds / max(1, step.milliseconds))
        var blind = Set(1...max(1, count))
        for metric in metrics where !blind.isEmpty {
            let query = "group({__name__=\"\(TextEscape.promQL(metric))\"})"
            for piece in Set(blind.map { ($0 - 1) / Self.coveragePiece }).sorted() {
                let first = piece * Self.coveragePiece + 1
                let last = min(first + Self.coveragePiece - 1, count)
                let (from, through) = (plan.first + step * first, plan.first + step * last)
                let answer = try await engine.range(query, from: from, through: through, step: step)
                guard case .matrix(let series) = answer.value else { continue }
                for time in series.flatMap(\.samples.times) {
                    blind.remove(Int((time - plan.first.milliseconds) / step.milliseconds))
                }
            }
        }
        if blind.count == count { throw BacktestError.gap(metrics: metrics, from: plan.first, through: plan.last) }
        return step * blind.count
    }
}
