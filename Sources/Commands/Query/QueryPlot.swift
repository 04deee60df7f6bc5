import FleetModel

/// Series over time as a chart of characters, for a terminal.
///
/// One series is drawn in braille, two by four dots a character (Unicode block U+2800). Several are told apart by colour
/// on a terminal that has it, and by a letter each where there is none. A line is drawn between neighbouring samples; it
/// breaks where samples are missing for more than a step and a half, and at values that are no finite numbers.
struct QueryPlot {
    /// One line of the chart.
    struct Series {
        var name: String
        /// Seconds since 1970 and values, times ascending.
        var points: [(seconds: Double, value: Double)]
    }

    /// How large, and with what means.
    struct Style {
        /// Characters of a line, axis included.
        var width = 80
        /// Lines of the chart, axes and legend not counted.
        var height = 16
        /// Whether ANSI colours may be used.
        var colours = false
        /// What the values are measured in, to stand above the axis.
        var unit: String?
    }

    /// The most series that one chart tells apart.
    static let mostSeries = 12
    private static let paints = [36, 33, 35, 32, 31, 34, 96, 93, 95, 92, 91, 94]

    private let series: [Series]
    private let leftOut: Int
    private let style: Style
    private let span: ClosedRange<Double>
    /// Seconds from one sample to the next.
    private let step: Double?
    private let axis: ValueAxis
    private let unplottable: Int

    /// A chart of `series` from `span.lowerBound` to `span.upperBound` in seconds since 1970; without a span, of the
    /// samples' own. `nil` when there is not one finite value to draw.
    init?(_ series: [Series], span: ClosedRange<Double>? = nil, step: Double? = nil, style: Style = Style()) {
        let finite = series.map { one in Series(name: one.name, points: one.points.filter { $0.value.isFinite }) }
        let values = finite.flatMap { $0.points.map(\.value) }
        let times = finite.flatMap { $0.points.map(\.seconds) }
        guard let low = values.min(), let high = values.max(), let first = times.min(), let last = times.max() else {
            return nil
        }
        self.series = Array(finite.filter { !$0.points.isEmpty }.prefix(Self.mostSeries))
        leftOut = series.count - self.series.count
        unplottable = series.reduce(0) { $0 + $1.points.count } - values.count
        self.style = style
        self.span = span ?? first...last
        self.step = step
        axis = ValueAxis(low: low, high: high, most: max(2, style.height / 4))
    }

    /// The chart, its axes and its legend; lines without a line feed at the end.
    var text: String {
        let labels = axis.ticks.map { axis.text(of: $0) }
        let margin = (labels.map(\.count).max() ?? 0) + 2
        let columns = max(10, style.width - margin)
        var canvas = PlotCanvas(columns: columns, rows: style.height, isFine: series.count == 1 || style.colours)
        for (number, one) in series.enumerated() { draw(one, number, on: &canvas) }
        var lines = canvas.rows { number, glyph in paint(String(glyph), number) }
        for row in lines.indices {
            let tick = axis.ticks.firstIndex { self.row(of: $0) == row }
            let label = tick.map { labels[$0] } ?? ""
            let bar = tick == nil ? "│" : "┤"
            lines[row] = String(repeating: " ", count: margin - 2 - label.count) + label + " " + bar + lines[row]
        }
        if let unit = style.unit { lines.insert(String(repeating: " ", count: margin - 1) + unit, at: 0) }
        lines.append(contentsOf: timeAxis(margin: margin, columns: columns))
        lines.append(contentsOf: legend)
        return lines.joined(separator: "\n")
    }

    private func row(of value: Double) -> Int {
        style.height - 1 - Int((axis.share(of: value) * Double(style.height - 1)).rounded())
    }

    private func draw(_ one: Series, _ number: Int, on canvas: inout PlotCanvas) {
        var before: (x: Double, y: Double, seconds: Double)?
        for point in one.points {
            let length = span.upperBound - span.lowerBound
            let x = length > 0 ? (point.seconds - span.lowerBound) / length : 0.5
            let y = 1 - axis.share(of: point.value)
            if let before, !isGap(from: before.seconds, to: point.seconds) {
                canvas.line(number, from: (before.x, before.y), to: (x, y))
            } else {
                canvas.line(number, from: (x, y), to: (x, y))
            }
            before = (x, y, point.seconds)
        }
    }

    private func isGap(from earlier: Double, to later: Double) -> Bool {
        step.map { later - earlier > 1.5 * $0 } ?? false
    }

    private func timeAxis(margin: Int, columns: Int) -> [String] {
        let line = String(repeating: " ", count: margin - 1) + "└" + String(repeating: "─", count: columns)
        let texts = [span.lowerBound, (span.lowerBound + span.upperBound) / 2, span.upperBound].map(time)
        let gap = columns - texts.reduce(0) { $0 + $1.count }
        guard gap >= 2 else { return [line, String(repeating: " ", count: margin) + texts[0] + " ... " + texts[2]] }
        let left = String(repeating: " ", count: gap / 2)
        let right = String(repeating: " ", count: gap - gap / 2)
        return [line, String(repeating: " ", count: margin) + texts[0] + left + texts[1] + right + texts[2]]
    }

    /// With the day where the chart spans more than one.
    private func time(_ seconds: Double) -> String {
        guard let moment = Timestamp(seconds: seconds) else { return Phrases.unknown }
        let clock = Phrases.timeOfDay(moment)
        return span.upperBound - span.lowerBound < 86_400 ? clock : "\(Phrases.day(moment)) \(clock.prefix(5))"
    }

    private var legend: [String] {
        var lines = series.enumerated().map { number, one in
            let mark = style.colours ? "──" : series.count == 1 ? "" : "\(PlotCanvas.letter(number))"
            let last = one.points.last.map { "  last \(axis.text(of: $0.value))" } ?? ""
            return "  " + paint(mark, number) + (mark.isEmpty ? "" : " ") + PlainText.oneLine(one.name) + last
        }
        if leftOut > 0 { lines.append("  \(leftOut) series more are not drawn: narrow the expression, or use topk") }
        if unplottable > 0 { lines.append("  \(unplottable) values are not finite and not drawn") }
        return lines
    }

    private func paint(_ text: String, _ number: Int) -> String {
        guard style.colours, !text.isEmpty else { return text }
        return "\u{1b}[\(Self.paints[number % Self.paints.count])m\(text)\u{1b}[0m"
    }
}
