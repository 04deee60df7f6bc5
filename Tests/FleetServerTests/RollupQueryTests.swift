import FleetModel
import Foundation
import Logging
import PromQL
import Synchronization
import Testing
import TimeSeriesStore

/// Queries over a real store, answered from samples and from buckets.
@Suite struct RollupQueryTests {
    private final class MovingClock: Clock {
        private let time: Atomic<Int64>
        init(_ milliseconds: Int64) { time = Atomic(milliseconds) }
        var now: Timestamp { Timestamp(milliseconds: time.load(ordering: .relaxed)) }
        func advance(by milliseconds: Int64) { time.add(milliseconds, ordering: .relaxed) }
        func sleep(until moment: Timestamp) async throws {}
    }

    private static let day: Int64 = 86_400_000
    private static let start: Int64 = 1_700_000_000_000 / day * day
    private static let gauge: Labels = ["__name__": "g", "host": "a"]
    private static let counter: Labels = ["__name__": "c_total", "host": "a"]

    private let folder = NSTemporaryDirectory() + "evenkeel-rollups-" + UUID().uuidString
    private let clock = MovingClock(start + 3 * day)

    private func removeFolder() { try? FileManager.default.removeItem(atPath: folder) }

    /// Two and a half days, every minute or so, with gaps, markers and falls.
    private static func samples() -> [Labels: SampleColumns] {
        var state: UInt64 = 11
        func random(_ count: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % count
        }
        var result: [Labels: SampleColumns] = [gauge: SampleColumns(), counter: SampleColumns()]
        var time = start
        var level = 0.0
        while time < start + day * 5 / 2 {
            level = random(50) == 0 ? 1 : level + Double(random(100)) / 10
            result[counter]?.append(time, random(40) == 0 ? Staleness.marker : level)
            let special: [Double] = [Staleness.marker, .nan, -5]
            result[gauge]?.append(time + 7, random(25) == 0 ? special[Int(random(3))] : Double(random(1000)) / 8)
            time += random(80) == 0 ? 1_800_000 : random(4) == 0 ? 60_000 - time % 60_000 : 47_000
        }
        return result
    }

    private func store() throws -> TimeSeriesStore {
        try TimeSeriesStore(
            directory: folder, clock: clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Whole hours of the days that are rolled up, and of the half day that is not.
    private func matrix(
        _ store: TimeSeriesStore, _ query: String, step: Int64, _ resolution: SourceResolution, shift: Int64 = 0
    ) async throws -> [Labels: [Int64: Double]] {
        let answer = try await EmbeddedEngine(source: store).range(
            query, from: Timestamp(milliseconds: Self.start + 7_200_000 + shift),
            through: Timestamp(milliseconds: Self.start + Self.day * 5 / 2 + shift), step: .milliseconds(step),
            resolution: resolution)
        guard case .matrix(let series) = answer.value else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: series.map { one in
                (one.labels, Dictionary(uniqueKeysWithValues: zip(one.samples.times, one.samples.values)))
            })
    }

    private func expectSame(
        _ one: [Labels: [Int64: Double]], _ other: [Labels: [Int64: Double]], _ note: String, tolerance: Double = 0
    ) {
        #expect(Set(one.keys) == Set(other.keys), "\(note)")
        for (labels, values) in one {
            let others = other[labels] ?? [:]
            #expect(Set(values.keys) == Set(others.keys), "\(note) \(labels)")
            let wrong = values.first { time, value in
                guard let found = others[time] else { return true }
                return !(found == value || found.isNaN && value.isNaN || abs(found - value) <= tolerance * abs(value))
            }
            #expect(wrong == nil, "\(note) \(labels) \(wrong.map { "\($0), not \(others[$0.key] ?? .nan)" } ?? "")")
        }
    }

    private static let exact = [
        "min_over_time(g[%])", "max_over_time(g[%])", "count_over_time(g[%])", "last_over_time(g[%])",
        "present_over_time(g[%])", "absent_over_time(g[%])", "max_over_time(c_total[%])",
        "min_over_time(c_total[% ] offset 10m)",
        "last_over_time(c_total[%])", "last_over_time({host=\"a\"}[%] offset -5m)", "g", "c_total offset 5m",
        "sum by (host) (g) + max_over_time(g[%])",
    ].map { $0.replacing("% ", with: "%") }
    private static let rounded = ["sum_over_time(g[%])", "avg_over_time(g[%])", "sum_over_time(c_total[%])"]

    @Test func bucketsAnswerAsSamplesDo() async throws {
        defer { removeFolder() }
        let store = try store()
        try await store.append(Self.samples().map { SeriesSamples(labels: $0, samples: $1) })
        try await store.flush()
        await store.maintain()
        for (range, step) in [
            ("5m", 300_000), ("10m", 300_000), ("1h", 3_600_000), ("25m", 900_000), ("1d", 1_500_000),
        ] as [(String, Int64)] {
            for (queries, tolerance) in [(Self.exact, 0), (Self.rounded, 1e-12)] {
                for query in queries.map({ $0.replacing("%", with: range) }) {
                    let bySamples = try await matrix(store, query, step: step, .samples)
                    let byBuckets = try await matrix(store, query, step: step, .buckets)
                    #expect(!bySamples.isEmpty || query.hasPrefix("absent"))
                    expectSame(bySamples, byBuckets, query, tolerance: tolerance)
                }
            }
        }
    }

    @Test(arguments: [("5m", 300_000), ("15m", 300_000), ("1h", 3_600_000)] as [(String, Int64)])
    func aCountersGrowthIsWhatItReallyGrew(range: String, step: Int64) async throws {
        defer { removeFolder() }
        let store = try store()
        let samples = Self.samples()
        try await store.append(samples.map { SeriesSamples(labels: $0, samples: $1) })
        try await store.flush()
        await store.maintain()
        let counter = try #require(samples[Self.counter])
        let regular = zip(counter.times, counter.values).filter { !Staleness.isMarker($0.1) }
        let width: Int64 = range == "5m" ? 300_000 : range == "15m" ? 900_000 : 3_600_000
        let found = try await matrix(store, "increase(c_total[\(range)])", step: step, .buckets)[["host": "a"]] ?? [:]
        var wanted: [Int64: Double] = [:]
        for moment in stride(from: Self.start + 7_200_000, through: Self.start + Self.day * 5 / 2, by: Int(step)) {
            let inside = regular.filter { $0.0 > moment - width && $0.0 <= moment }
            guard let first = inside.first else { continue }
            let bucket = (first.0 + 299_999) / 300_000 * 300_000
            let before = regular.last { $0.0 > bucket - 600_000 && $0.0 <= bucket - 300_000 }
            let chain = (before.map { [$0.1] } ?? []) + inside.map(\.1)
            guard chain.count > 1 else { continue }
            wanted[moment] = zip(chain, chain.dropFirst()).reduce(0) { $0 + ($1.1 < $1.0 ? $1.1 : $1.1 - $1.0) }
        }
        expectSame(
            [["host": "a"]: wanted.mapValues { ($0 * 1e6).rounded() }],
            [["host": "a"]: found.mapValues { ($0 * 1e6).rounded() }], "increase over \(range)")
        let rates = try await matrix(store, "rate(c_total[\(range)])", step: step, .buckets)[["host": "a"]] ?? [:]
        expectSame(
            [:].merging([["host": "a"]: found.mapValues { $0 / Double(width / 1000) }]) { $1 }, [["host": "a"]: rates],
            "rate")
    }

    @Test func whereBucketsDoNotServeSamplesAnswer() async throws {
        defer { removeFolder() }
        let store = try store()
        try await store.append(Self.samples().map { SeriesSamples(labels: $0, samples: $1) })
        try await store.flush()
        await store.maintain()
        for query in [
            "rate(c_total[7m])", "rate({__name__=~\"c_total\"}[5m])", "rate(g[5m])", "delta(g[5m])",
            "quantile_over_time(0.5, g[10m])",
            "rate(c_total[5m] offset 1m)", "rate(c_total[1h] @ \(Self.start / 1000 + 10_000))",
            "max_over_time(rate(c_total[5m])[30m:])",
        ] {
            let bySamples = try await matrix(store, query, step: 300_000, .samples)
            expectSame(bySamples, try await matrix(store, query, step: 300_000, .buckets), query)
            #expect(!bySamples.isEmpty, "\(query)")
        }
        // Steps that are no whole buckets, starts that are none, and callers that did not accept.
        let rate = "rate(c_total[5m])"
        expectSame(
            try await matrix(store, rate, step: 60_000, .samples),
            try await matrix(store, rate, step: 60_000, .buckets), "step")
        expectSame(
            try await matrix(store, rate, step: 300_000, .samples, shift: 1000),
            try await matrix(store, rate, step: 300_000, .buckets, shift: 1000), "start")
        expectSame(
            try await matrix(store, rate, step: 300_000, .samples),
            try await matrix(store, rate, step: 300_000, .samplesWhereKept), "kept")
    }

    @Test func whenSamplesAreGoneBucketsAnswerWhatTheyCan() async throws {
        defer { removeFolder() }
        let store = try store()
        try await store.append(Self.samples().map { SeriesSamples(labels: $0, samples: $1) })
        try await store.flush()
        let queries = ["max_over_time(g[10m])", "g", "count_over_time(c_total[1h])"]
        var before: [[Labels: [Int64: Double]]] = []
        for query in queries { before.append(try await matrix(store, query, step: 300_000, .samples)) }
        clock.advance(by: 40 * Self.day)
        // Days that agree with the clock, so that it is believed.
        let days = (41...43).map { Self.start + $0 * Self.day }
        let later = SampleColumns(times: days, values: [1, 2, 3])
        try await store.append([SeriesSamples(labels: ["__name__": "later"], samples: later)])
        try await store.flush()
        await store.maintain()
        for (query, kept) in zip(queries, before) {
            expectSame(kept, try await matrix(store, query, step: 300_000, .samplesWhereKept), query)
            #expect(try await matrix(store, query, step: 300_000, .samples).isEmpty)
        }
        #expect(try await matrix(store, "rate(c_total[5m])", step: 300_000, .samplesWhereKept).isEmpty)
        #expect(try await matrix(store, "rate(c_total[5m])", step: 300_000, .buckets).count == 1)
        // An instant query, as rules ask, reads samples alone.
        let answer = try await EmbeddedEngine(source: store).instant(
            "max_over_time(g[10m])", at: Timestamp(milliseconds: Self.start + Self.day))
        guard case .vector(let elements) = answer.value else { return }
        #expect(elements.isEmpty)
    }
}
