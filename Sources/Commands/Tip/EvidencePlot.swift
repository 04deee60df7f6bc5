import FleetModel

/// What led to a tip as small charts, as `query --format plot` draws.
enum EvidencePlot {
    /// Lines of a chart.
    static let height = 6

    static func lines(of windows: [EvidenceWindow], width: Int) -> [String] { windows.flatMap { lines(of: $0, width) } }

    private static func lines(of window: EvidenceWindow, _ width: Int) -> [String] {
        if let problem = window.problem { return ["  \(window.query): \(problem)"] }
        let series = window.series.map { one in
            let points = one.values.enumerated().compactMap { place, value in
                value.map { (seconds: window.from.seconds + Double(place) * window.stepSeconds, value: $0) }
            }
            return QueryPlot.Series(name: name(one.labels), points: points)
        }
        let values = window.series.map(\.values.count).max() ?? 1
        let last = window.from.seconds + Double(max(1, values - 1)) * window.stepSeconds
        let style = QueryPlot.Style(width: max(30, width - 2), height: height)
        guard
            let plot = QueryPlot(
                series, span: window.from.seconds...max(last, window.from.seconds), step: window.stepSeconds,
                style: style)
        else { return ["  \(window.query): no value before the finding"] }
        var lines = ["  \(window.query)"] + plot.text.split(separator: "\n").map { "  \($0)" }
        if window.seriesLeftOut > 0 { lines.append("  and \(window.seriesLeftOut) series more") }
        return lines
    }

    private static func name(_ labels: [String: String]) -> String {
        let pairs = labels.sorted { $0.key < $1.key }.filter { $0.key != Labels.metricName }
        return "{" + pairs.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ", ") + "}"
    }
}
