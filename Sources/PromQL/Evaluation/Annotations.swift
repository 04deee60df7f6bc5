/// What a query says beside its answer, in Prometheus' words, each once.
struct Annotations: Sendable {
    private var warningTexts: Set<String> = []
    private var infoTexts: Set<String> = []
    private var raised: [RaisedKey: Raised] = [:]
    private let source: SourceText

    init(source: SourceText) { self.source = source }

    /// What is wrong with the query or its data, in order.
    var warnings: [String] { Self.limited(warningTexts, "warning") }

    /// What the author of the query may want to know, in order.
    var infos: [String] { Self.limited(infoTexts.union(raised.map { text(of: $0.value, $0.key) }), "info") }

    /// More than these are counted and not listed, as Prometheus' API does.
    private static let most = 10

    private static func limited(_ texts: Set<String>, _ kind: String) -> [String] {
        let omitted = texts.count > most ? ["\(texts.count - most) more \(kind) annotations omitted"] : []
        return texts.sorted().prefix(most) + omitted
    }

    /// Something is wrong with the query or its data.
    mutating func warn(_ text: String, at span: SourceSpan) {
        warningTexts.insert("PromQL warning: \(text) (\(place(span)))")
    }

    /// Something that the author of the query may want to know.
    mutating func inform(_ text: String, at span: SourceSpan) {
        infoTexts.insert("PromQL info: \(text) (\(place(span)))")
    }

    /// `line:column`; without the text all is one line.
    private func place(_ span: SourceSpan) -> String {
        if source.bytes.isEmpty { return "1:\(span.start + 1)" }
        let (line, column) = source.place(of: span.start)
        return "\(line):\(column)"
    }

    // MARK: Histograms whose counts fell

    /// Which histogram it was, and which part of the query met it.
    private struct RaisedKey: Hashable {
        var metric: String
        var place: Int
    }

    /// All that was raised there, over all moments.
    private struct Raised {
        var correction: Buckets.Correction
        var count = 1
        var first: Int64
        var last: Int64
    }

    /// The counts of a classic histogram fell from one bucket to the next and were raised, at one moment.
    mutating func inform(
        of correction: Buckets.Correction, in metric: String, at span: SourceSpan, moment: Int64
    ) {
        let key = RaisedKey(metric: metric, place: span.start)
        guard var known = raised[key] else {
            raised[key] = Raised(correction: correction, first: moment, last: moment)
            return
        }
        known.correction.widen(by: correction)
        known.count += 1
        known.first = min(known.first, moment)
        known.last = max(known.last, moment)
        raised[key] = known
    }

    private func text(of raised: Raised, _ key: RaisedKey) -> String {
        let metric = key.metric.isEmpty ? "" : " for metric name \"\(key.metric)\""
        let (lowest, highest) = (raised.correction.lowest, raised.correction.highest)
        return "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see "
            + "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)\(metric), from buckets "
            + "\(DecimalText.general(lowest)) to \(DecimalText.general(highest)), with a max diff of "
            + "\(DecimalText.general(raised.correction.difference, digits: 2)), over \(raised.count) samples from "
            + "\(CalendarPart.text(milliseconds: raised.first)) to \(CalendarPart.text(milliseconds: raised.last)) "
            + "(\(place(SourceSpan(key.place, key.place))))"
    }
}
