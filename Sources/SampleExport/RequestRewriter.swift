import FleetModel
import MetricsWire

/// Makes one request of several that came in: labels as the receiver wants them, samples as they are, in order.
struct RequestRewriter {
    /// The most bytes that a request may hold unpacked; what comes in was checked against less.
    private static let longest = 256 << 20
    /// The most series that are remembered; then it begins anew.
    private static let mostKnown = 200_000

    private let rules: [RelabelRule]
    private let externalLabels: Labels
    private var encoder = RemoteWriteEncoder()
    /// By the bytes of a series' labels as they came: what they become, `nil` where the series is left out.
    private var known: [[UInt8]: RemoteWriteEncoder.Series?] = [:]
    private var scratch = SnappyScratch()

    init(rules: [RelabelRule], externalLabels: Labels = Labels()) {
        self.rules = rules
        self.externalLabels = externalLabels
    }

    /// How many samples the request holds so far.
    var sampleCount: Int { encoder.sampleCount }

    /// Adds what a request holds. One that cannot be read adds nothing more from where it breaks.
    mutating func add(_ body: [UInt8]) throws(WireError) {
        var scratch = scratch
        defer { self.scratch = scratch }
        try scratch.decompress(body, limit: Self.longest)
        try scratch.withBytes { (bytes) throws(WireError) in try add(bytes) }
    }

    /// The request, compressed; the next one starts empty.
    mutating func finish() -> [UInt8] {
        let request = encoder.finish()
        if known.count > Self.mostKnown {
            known = [:]
            encoder = RemoteWriteEncoder()
        }
        return request
    }

    private mutating func add(_ bytes: RawSpan) throws(WireError) {
        var offset = 0
        while let body = try RemoteWriteDecoder.nextSeries(bytes, at: &offset) {
            let end = try RemoteWriteDecoder.endOfLabels(bytes, body)
            guard let series = try series(bytes, body.lowerBound..<end) else { continue }
            var place = end
            while let field = try RemoteWriteDecoder.nextField(bytes, at: &place, before: body.upperBound) {
                if case .sample(let time, let value) = field { encoder.append(series, time: time, value: value) }
            }
        }
    }

    private mutating func series(
        _ bytes: RawSpan, _ range: Range<Int>
    ) throws(WireError) -> RemoteWriteEncoder.Series? {
        let key = Self.copy(bytes, range)
        if let series = known[key] { return series }
        var pairs: [Labels.Pair] = []
        var place = range.lowerBound
        while let field = try RemoteWriteDecoder.nextField(bytes, at: &place, before: range.upperBound) {
            guard case .label(let name, let value) = field else { continue }
            pairs.append(Labels.Pair(Self.text(bytes, name), Self.text(bytes, value)))
        }
        let series = relabelled(Labels(pairs)).map { encoder.register($0) }
        known[key] = .some(series)
        return series
    }

    /// A series that loses its metric's name is left out: no receiver takes it.
    private func relabelled(_ labels: Labels) -> Labels? {
        var labels = labels
        for pair in externalLabels.pairs where labels[pair.name] == nil { labels[pair.name] = pair.value }
        guard let result = RelabelRule.apply(rules, to: labels), result.metric != nil else { return nil }
        return result
    }

    private static func copy(_ bytes: RawSpan, _ range: Range<Int>) -> [UInt8] {
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe Array($0) }
    }

    private static func text(_ bytes: RawSpan, _ range: Range<Int>) -> String {
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
