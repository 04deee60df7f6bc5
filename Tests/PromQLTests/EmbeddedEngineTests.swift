import FleetModel
import PromQL
import Testing

@Suite(.timeLimit(.minutes(1))) struct EmbeddedEngineTests {
    private static func source(_ series: Int = 3, _ samples: Int = 60) -> MemorySource {
        var source = MemorySource()
        for number in 0..<series {
            var columns = SampleColumns()
            for place in 0..<samples { columns.append(Int64(place) * 1000, Double(place)) }
            source.append([SeriesSamples(labels: ["__name__": "m_total", "n": "\(number)"], samples: columns)])
        }
        return source
    }

    private static let end = Timestamp(milliseconds: 59_000)

    @Test func theSeamAnswersBothKindsOfQueries() async throws {
        let engine: any QueryEngine = EmbeddedEngine(source: Self.source())
        guard case .vector(let elements) = try await engine.instant("sum(rate(m_total[30s]))", at: Self.end).value
        else {
            Issue.record("not a vector")
            return
        }
        #expect(elements.map(\.labels) == [Labels()])
        #expect(abs((elements.first?.value ?? 0) - 3) < 1e-9)
        let range = try await engine.range(
            "m_total{n=\"1\"}", from: Timestamp(milliseconds: 0), through: Timestamp(milliseconds: 2500),
            step: .seconds(1))
        guard case .matrix(let series) = range.value else {
            Issue.record("not a matrix")
            return
        }
        #expect(series.map(\.samples) == [SampleColumns(times: [0, 1000, 2000], values: [0, 1, 2])])
    }

    @Test func annotationsNameThePlace() async throws {
        let answer = try await EmbeddedEngine(source: Self.source()).instant(
            "1 +\n quantile(2, rate({n=\"1\"}[30s]))", at: Self.end)
        #expect(answer.warnings == ["PromQL warning: quantile value should be between 0 and 1, got 2 (2:11)"])
        #expect(answer.infos == [])
    }

    @Test func aQueryThatTouchesTooMuchIsRefused() async {
        var options = QueryOptions()
        options.sampleLimit = 100
        let engine = EmbeddedEngine(source: Self.source(), options: options)
        await #expect(throws: PromQLError.tooManySamples(limit: 100)) {
            try await engine.instant("m_total[1m]", at: Self.end)
        }
        await #expect(throws: PromQLError.tooManySamples(limit: 100)) {
            try await engine.instant("sum_over_time(vector(1)[100y:1ms])", at: Self.end)
        }
    }

    @Test func aRangeOfTooManyStepsIsRefused() async {
        let engine = EmbeddedEngine(source: Self.source())
        await #expect(throws: PromQLError.tooManySteps(count: 59_001, limit: 11_000)) {
            try await engine.range("1", from: Timestamp(milliseconds: 0), through: Self.end, step: .milliseconds(1))
        }
        for step in [Duration.zero, .seconds(-1)] {
            let error = await #expect(throws: PromQLError.self) {
                try await engine.range("1", from: Timestamp(milliseconds: 0), through: Self.end, step: step)
            }
            #expect("\(error.map { "\($0)" } ?? "")".hasPrefix("zero or negative query resolution"))
        }
        let reversed = await #expect(throws: PromQLError.self) {
            try await engine.range("1", from: Self.end, through: Timestamp(milliseconds: 0), step: .seconds(1))
        }
        #expect("\(reversed.map { "\($0)" } ?? "")" == "end timestamp must not be before start time")
    }

    @Test(arguments: [Int64.min, -(1 << 62), 1 << 62, Int64.max])
    func timesBeyondReasonAreRefused(milliseconds: Int64) async {
        let engine = EmbeddedEngine(source: Self.source())
        let moment = Timestamp(milliseconds: milliseconds)
        await #expect(throws: PromQLError.self) { try await engine.instant("m_total offset 100y", at: moment) }
    }

    @Test func aQueryThatTakesTooLongEndsAndOthersGoOn() async throws {
        var options = QueryOptions()
        options.timeLimit = .milliseconds(50)
        let engine = EmbeddedEngine(source: EndlessSource(), options: options)
        await #expect(throws: PromQLError.timedOut) { try await engine.instant("sum(m_total)", at: Self.end) }
        guard case .scalar(_, 2) = try await engine.instant("1 + 1", at: Self.end).value else {
            Issue.record("no answer")
            return
        }
    }

    @Test func cancellingTheTaskEndsTheQueryAndThoseThatWait() async throws {
        var options = QueryOptions()
        options.concurrency = 1
        let engine = EmbeddedEngine(source: EndlessSource(), options: options)
        let queries = (0..<5).map { _ in Task { try await engine.instant("sum(m_total)", at: Self.end) } }
        for query in queries { query.cancel() }
        for query in queries { await #expect(throws: PromQLError.cancelled) { try await query.value } }
        #expect(throws: Never.self) { try PromQL.parse("1") }
        _ = try await engine.instant("1", at: Self.end)
    }

    @Test func onlySoManyQueriesWait() async throws {
        var options = QueryOptions()
        options.concurrency = 1
        options.queueLimit = 0
        let source = EndlessSource()
        let engine = EmbeddedEngine(source: source, options: options)
        let running = Task { try await engine.instant("sum(m_total)", at: Self.end) }
        while !source.wasAsked { await Task.yield() }
        await #expect(throws: PromQLError.busy(limit: 1)) { try await engine.instant("1", at: Self.end) }
        running.cancel()
        await #expect(throws: PromQLError.cancelled) { try await running.value }
    }

    @Test func aWindowThatNeverEndsMeetsTheTimeLimit() async {
        var options = QueryOptions()
        options.timeLimit = .milliseconds(500)
        let engine = EmbeddedEngine(source: Self.source(), options: options)
        await #expect(throws: PromQLError.timedOut) {
            try await engine.range(
                "sum_over_time(vector(1)[1h:2ms])", from: Timestamp(milliseconds: 0), through: Self.end,
                step: .milliseconds(6))
        }
    }

    @Test(arguments: [
        ("abs(", "m_total", ")"), ("sum by (n) (", "m_total", ")"), ("-", "m_total", ""), ("(", "m_total", ")"),
        ("1+", "m_total", ""), ("", "m_total", "+1"), ("max_over_time(", "m_total", "[5s:1s])"),
    ])
    func theDeepestTreeIsEvaluated(before: String, inner: String, after: String) async throws {
        let depth = after.hasSuffix("[5s:1s])") ? 8 : 240
        let text = String(repeating: before, count: depth) + inner + String(repeating: after, count: depth)
        guard
            case .vector(let elements) = try await EmbeddedEngine(source: Self.source()).instant(text, at: Self.end)
                .value
        else {
            Issue.record("not a vector")
            return
        }
        #expect(elements.count == 3)
    }

    @Test func aSourceThatCannotBeReadSaysWhy() async {
        let engine = EmbeddedEngine(source: BrokenSource())
        await #expect(throws: PromQLError.storage(reason: "disk on fire")) {
            try await engine.instant("up", at: Self.end)
        }
    }
}

/// Series without end.
private final class EndlessSource: SeriesSource, SeriesSet {
    private let asked = Locked(false)
    var wasAsked: Bool { asked.withLock { $0 } }
    var count: Int { .max }

    func select(_ matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> any SeriesSet { self }

    func labels(at index: Int) -> Labels { ["n": "\(index)"] }

    func read(_ index: Int, into columns: inout SampleColumns) {
        asked.withLock { $0 = true }
        columns.removeAll()
    }
}

private struct BrokenSource: SeriesSource {
    struct OnFire: Error, CustomStringConvertible {
        var description: String { "disk on fire" }
    }

    func select(_ matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> any SeriesSet {
        throw OnFire()
    }
}
