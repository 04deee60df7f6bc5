import FleetModel
import Foundation
import Remediation

/// Reads, for tips that are new, what the queries of their evidence gave over the time that led to them, and gives it to
/// the control loop to keep.
struct EvidenceCollector: Sendable {
    /// How many tips are read for in one round, critical ones first: the others have their turn in the next.
    static let mostTips = 20
    /// A tip that is older than this when it is first seen is of another run of the server.
    static let oldest = Duration.seconds(3600)
    /// The longest that is looked back.
    static let longest = Duration.seconds(6 * 3600)

    let engine: any QueryEngine
    /// How far before the finding the values begin.
    let lead: Duration

    /// Reads for the tips of the controller that have nothing yet.
    func collect(for controller: FleetController, at moment: Timestamp) async throws {
        let tips = controller.view.withLock { view in
            view.tips.filter { $0.windows == nil && !$0.evidence.isEmpty && moment - $0.raised < Self.oldest }
        }
        let first = (tips.filter { $0.level == .critical } + tips.filter { $0.level != .critical })
        for tip in first.prefix(Self.mostTips) {
            let windows = await windows(of: tip, at: moment)
            try await controller.receive(.evidence(tip: tip.number, windows, time: moment))
        }
    }

    /// What each query of the tip's evidence gave from a while before the finding until `moment`.
    func windows(of tip: Tip, at moment: Timestamp) async -> [EvidenceWindow] {
        var queries: [String] = []
        for evidence in tip.evidence where !queries.contains(evidence.query) { queries.append(evidence.query) }
        let since = min(tip.since ?? tip.raised, moment)
        let span = min(moment - since + lead, Self.longest)
        let step = max(1, (span.inSeconds / Double(EvidenceWindow.mostValues - 1)).rounded(.up))
        var windows: [EvidenceWindow] = []
        for query in queries.prefix(EvidenceWindow.mostWindows) {
            windows.append(await window(of: query, span: span, stepSeconds: step, until: moment))
        }
        return windows
    }

    private func window(
        of query: String, span: Duration, stepSeconds: Double, until moment: Timestamp
    ) async -> EvidenceWindow {
        let count = Int(span.inSeconds / stepSeconds) + 1
        let step = Duration.milliseconds(Int64(stepSeconds * 1000))
        let first = moment - step * (count - 1)
        var window = EvidenceWindow(query: query, from: first, stepSeconds: stepSeconds, series: [])
        do {
            let answer = try await engine.range(query, from: first, through: moment, step: step)
            guard case .matrix(let rows) = answer.value else { return window }
            let all = rows.map { Self.series($0, from: first, step: step, count: count) }
            let sorted = all.sorted { left, right in
                (Self.last(right), Labels(left.labels)) < (Self.last(left), Labels(right.labels))
            }
            window.series = Array(sorted.prefix(EvidenceWindow.mostSeries))
            window.seriesLeftOut = max(0, all.count - EvidenceWindow.mostSeries)
        } catch {
            window.problem = "\(error)"
        }
        return window
    }

    private static func series(
        _ row: SeriesSamples, from first: Timestamp, step: Duration, count: Int
    ) -> EvidenceSeries {
        var values = [Double?](repeating: nil, count: count)
        for (time, value) in zip(row.samples.times, row.samples.values) where value.isFinite {
            let place = Int((time - first.milliseconds) / max(1, step.milliseconds))
            if values.indices.contains(place) { values[place] = rounded(value) }
        }
        let labels = Dictionary(row.labels.pairs.map { ($0.name, $0.value) }) { first, _ in first }
        return EvidenceSeries(labels: labels, values: values)
    }

    private static func last(_ series: EvidenceSeries) -> Double {
        series.values.last { $0 != nil }.flatMap { $0 } ?? -.infinity
    }

    /// To four digits: more cannot be seen, and each would be written with every step of the tip.
    static func rounded(_ value: Double) -> Double {
        guard value != 0, value.isFinite else { return value }
        let scale = pow(10, 3 - floor(log10(abs(value))))
        guard scale.isFinite, scale > 0 else { return value }
        return (value * scale).rounded() / scale
    }
}
