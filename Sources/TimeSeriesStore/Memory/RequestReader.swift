import FleetModel
import MetricsWire

/// Reads one request into staged samples: finds or adds its series.
///
/// A sender repeats the same series in the same order, so the reader guesses the next series from the last one and
/// compares bytes; a guess that fails costs one hash of the label bytes; only a series that was never seen, or whose
/// sender does not sort its labels, is taken apart.
///
/// Before the first series that was never seen is added, the rest of the request is checked: one that is refused as a
/// whole adds no series.
struct RequestReader {
    let options: StoreOptions
    /// What the sender may write; `nil` for everything.
    let scope: WriteScope?
    /// Which times samples may have: none outside them makes a series known.
    let span: ClosedRange<Int64>
    /// Which series of the index count towards limits.
    let census: SeriesCensus
    var problems = RequestProblems()
    private var previous = SeriesIndex.none

    init(options: StoreOptions, scope: WriteScope?, span: ClosedRange<Int64>, census: SeriesCensus) {
        self.options = options
        self.scope = scope
        self.span = span
        self.census = census
    }

    /// Stages all samples of `request`. When it throws, nothing of the request is staged.
    mutating func read(
        _ request: RawSpan, index: inout SeriesIndex, into staged: inout StagedSamples
    ) throws(StoreError) {
        let before = staged.count
        let objection: String?
        do throws(WireError) {
            objection = try stage(request, index: &index, into: &staged)
        } catch {
            staged.shrink(to: before)
            throw .invalid(reason: error.description)
        }
        guard let objection else { return }
        staged.shrink(to: before)
        throw .forbidden(reason: objection)
    }

    /// Stages series by series; returns why the sender may not write the request, if it may not.
    private mutating func stage(
        _ request: RawSpan, index: inout SeriesIndex, into staged: inout StagedSamples
    ) throws(WireError) -> String? {
        let allowed = ResolvedScope(scope, index)
        var isChecked = false
        var offset = 0
        while let body = try RemoteWriteDecoder.nextSeries(request, at: &offset) {
            if let series = try readKnown(request, body, index: &index, into: &staged) {
                if isChecked || allowed.includes(index.home(of: series)) { continue }
                return scope?.objection(to: index.labels(of: series))
            }
            if !isChecked, let objection = try check(request, from: body, next: offset) { return objection }
            isChecked = true
            try readUnknown(request, body, index: &index, into: &staged)
        }
        return nil
    }

    /// Walks through the request from `body` on and keeps nothing; returns why the sender may not write it.
    private func check(_ request: RawSpan, from body: Range<Int>, next: Int) throws(WireError) -> String? {
        var body: Range<Int>? = body
        var offset = next
        while let one = body {
            var labels = LabelReader()
            var place = one.lowerBound
            while let field = try RemoteWriteDecoder.nextField(request, at: &place, before: one.upperBound) {
                if case .label(let name, let value) = field { labels.add(request, name: name, value: value) }
            }
            // A series that breaks a rule is left out later.
            if let scope, case .success(let sound) = labels.finish(options),
                let objection = scope.objection(to: sound)
            {
                return objection
            }
            body = try RemoteWriteDecoder.nextSeries(request, at: &offset)
        }
        return nil
    }

    /// Stages a series whose label bytes are known; `nil` when they are not, with nothing staged.
    @inline(__always)
    private mutating func readKnown(
        _ request: RawSpan, _ body: Range<Int>, index: inout SeriesIndex, into staged: inout StagedSamples
    ) throws(WireError) -> UInt32? {
        var offset = body.lowerBound
        var series = index.follower(of: previous)
        if series != SeriesIndex.none, index.stands(series, in: request, body) {
            offset += index.identities.length(series)
        } else {
            offset = try RemoteWriteDecoder.endOfLabels(request, body)
            guard let found = index.find(request.extracting(body.lowerBound..<offset)) else { return nil }
            series = found
            index.remember(series, after: previous)
        }
        let before = staged.count
        while let sample = try RemoteWriteDecoder.nextSample(request, at: &offset, before: body.upperBound) {
            staged.append(series, sample.time, sample.value)
        }
        guard offset == body.upperBound else {
            // Labels between or behind samples: allowed by the encoding, written by nobody.
            staged.shrink(to: before)
            return nil
        }
        previous = series
        return series
    }

    /// Stages a series after taking its labels apart; leaves it out when it breaks a rule.
    private mutating func readUnknown(
        _ request: RawSpan, _ body: Range<Int>, index: inout SeriesIndex, into staged: inout StagedSamples
    ) throws(WireError) {
        let before = staged.count
        var labels = LabelReader()
        var offset = body.lowerBound
        while let field = try RemoteWriteDecoder.nextField(request, at: &offset, before: body.upperBound) {
            switch field {
            case .sample(let time, let value): staged.append(SeriesIndex.none, time, value)
            case .label(let name, let value): labels.add(request, name: name, value: value)
            }
        }
        let sound: Labels
        switch labels.finish(options) {
        case .success(let result): sound = result
        case .failure(let problem):
            problems.leaveOut(problem.reason)
            staged.shrink(to: before)
            return
        }
        let isWanted = staged.times[before...].contains { span.contains($0) }
        let series: UInt32
        switch number(of: sound, isWanted: isWanted, index: &index) {
        case .success(let result?): series = result
        case .success(nil):
            problems.refuse(staged.times[before...], of: sound, beyond: span.upperBound)
            staged.shrink(to: before)
            return
        case .failure(let problem):
            problems.leaveOut(problem.reason)
            problems.overLimit += 1
            staged.shrink(to: before)
            return
        }
        for place in before..<staged.count { staged.series[place] = series }
        index.remember(series, after: previous)
        previous = series
    }

    /// The number of a series; one that is new gets one if it is wanted, and `nil` otherwise.
    private func number(
        of labels: Labels, isWanted: Bool, index: inout SeriesIndex
    ) -> Result<UInt32?, LabelReader.Problem> {
        var identity: [UInt8] = []
        RemoteWriteEncoder.append(labels, to: &identity)
        let bytes = unsafe identity.span.bytes
        if let known = index.find(bytes) { return .success(known) }
        guard isWanted else { return .success(nil) }
        if index.count >= options.maximumSeries, census.count(index) >= options.maximumSeries {
            let reason = "\(labels) would be one series more than the limit of \(options.maximumSeries)"
            return .failure(LabelReader.Problem(reason: reason))
        }
        if index.memory >= options.maximumHeadBytes / 2 {
            let reason = "\(labels.description.prefix(300)) is one too many: the labels of all series fill their memory"
            return .failure(LabelReader.Problem(reason: reason))
        }
        if let limit = options.maximumSeriesPerHost, let host = labels["host"],
            index.count(ofHost: host) >= limit, census.count(ofHost: host, index) >= limit
        {
            let reason = "\(labels) would be one series more than the limit of \(limit) for host \"\(host)\""
            return .failure(LabelReader.Problem(reason: reason))
        }
        return .success(index.add(labels, identity: bytes))
    }
}

/// Gathers the labels of one series and holds them to the rules of remote write 1.0, with names as Prometheus 3 allows
/// them: any UTF-8 that is not empty.
struct LabelReader {
    struct Problem: Error {
        let reason: String
    }

    /// More are not even looked at.
    private static let mostPairs = 10_000

    private var pairs: [Labels.Pair] = []
    private var problem: String?

    mutating func add(_ bytes: RawSpan, name: Range<Int>, value: Range<Int>) {
        if pairs.count >= Self.mostPairs {
            problem = problem ?? "\(described) has more than \(Self.mostPairs) labels"
            return
        }
        guard let name = Self.text(bytes, name), let value = Self.text(bytes, value) else {
            problem = problem ?? "a label of \(described) is not valid UTF-8"
            return
        }
        pairs.append(Labels.Pair(name, value))
    }

    /// The labels, sorted, without empty values; or which rule they break.
    func finish(_ options: StoreOptions) -> Result<Labels, Problem> {
        if let problem { return .failure(Problem(reason: problem)) }
        let sorted = pairs.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        for (pair, next) in zip(sorted, sorted.dropFirst()) where pair.name.utf8.elementsEqual(next.name.utf8) {
            return .failure(Problem(reason: "\(described) has the label \"\(pair.name)\" twice"))
        }
        let kept = sorted.filter { !$0.value.isEmpty }
        guard kept.count <= options.maximumLabels else {
            return .failure(Problem(reason: "\(described) has more labels than the limit of \(options.maximumLabels)"))
        }
        if let reason = Self.firstProblem(kept, options) { return .failure(Problem(reason: "\(described): \(reason)")) }
        return .success(Labels(sortedUnchecked: kept))
    }

    private static func firstProblem(_ pairs: [Labels.Pair], _ options: StoreOptions) -> String? {
        guard pairs.contains(where: { $0.name == Labels.metricName }) else { return "it has no metric name" }
        for pair in pairs {
            if pair.name.isEmpty { return "a label has no name" }
            if pair.name.utf8.count > options.maximumNameBytes {
                return "a label's name is longer than \(options.maximumNameBytes) bytes"
            }
            if pair.value.utf8.count > options.maximumValueBytes {
                return "the label \"\(pair.name)\" is longer than \(options.maximumValueBytes) bytes"
            }
        }
        return nil
    }

    private var described: String {
        pairs.isEmpty ? "a series without labels" : "the series \(String(Labels(pairs).description.prefix(300)))"
    }

    private static func text(_ bytes: RawSpan, _ range: Range<Int>) -> String? {
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
    }
}
