import FleetModel
import Testing

@testable import FleetServer

@Suite("The values that led to a tip")
struct EvidenceCollectorTests {
    /// Answers a range query with series that grow from their number by one a step; says what it was asked.
    private final class Growing: QueryEngine {
        let count: Int
        /// From when to when each query went.
        let asked = Locked<[(first: Timestamp, last: Timestamp)]>([])

        init(series count: Int) { self.count = count }

        func instant(_ expression: String, at moment: Timestamp) async throws -> QueryAnswer {
            QueryAnswer(.vector([]))
        }

        func range(
            _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration
        ) async throws -> QueryAnswer {
            asked.withLock { $0.append((first, last)) }
            if expression == "bad" { throw CancellationError() }
            var times: [Int64] = []
            var time = first
            while time <= last {
                times.append(time.milliseconds)
                time = time + step
            }
            return QueryAnswer(
                .matrix(
                    (0..<count).map { number in
                        var values = times.indices.map { Double(number) * 1000 + Double($0) + 0.123456 }
                        if values.count > 2 { values[1] = .nan }
                        return SeriesSamples(
                            labels: ["host": "h\(number)"], samples: SampleColumns(times: times, values: values))
                    }))
        }

        func lookingBack(_ lookBack: Duration) -> any QueryEngine { self }
    }

    private static let moment = Timestamp(milliseconds: 1_800_000_000_000)

    private func tip(_ queries: [String], since ago: Int64) throws -> Tip {
        var tip = Tip(
            number: 1, pack: "p", alert: "A", subject: .cluster(try #require(ClusterName("c"))), level: .warning,
            title: "t", body: "", knowledge: "",
            evidence: queries.map { Evidence(query: $0, time: Self.moment, value: 1, text: "one") },
            remediation: "notify", raised: Self.moment, updated: Self.moment)
        tip.since = Self.moment - .seconds(ago)
        return tip
    }

    @Test func theWindowReachesFromBeforeTheFindingToNowInAsManyStepsAsCanBeDrawn() async throws {
        let engine = Growing(series: 2)
        let collector = EvidenceCollector(engine: engine, lead: .seconds(600))
        let windows = await collector.windows(of: try tip(["load", "load"], since: 300), at: Self.moment)
        #expect(windows.count == 1, "two values of one query are one window")
        let window = try #require(windows.first)
        #expect(window.query == "load" && window.stepSeconds == 20 && window.problem == nil)
        #expect(window.series.map(\.labels) == [["host": "h1"], ["host": "h0"]], "the largest first")
        let values = try #require(window.series.last?.values)
        #expect(values.count == 46 && values.first == 0.1235 && values[1] == nil && values.last == 45.12)
        let end = window.from + .seconds(20) * (values.count - 1)
        #expect(end == Self.moment && window.from <= Self.moment - .seconds(900))
    }

    @Test func whatIsKeptIsBounded() async throws {
        let engine = Growing(series: 100)
        let collector = EvidenceCollector(engine: engine, lead: .seconds(600))
        let windows = await collector.windows(of: try tip(["a", "b", "c"], since: 400 * 86_400), at: Self.moment)
        #expect(windows.map(\.query) == ["a", "b"])
        for window in windows {
            #expect(window.series.count == EvidenceWindow.mostSeries && window.seriesLeftOut == 97)
            #expect(window.series.allSatisfy { $0.values.count <= EvidenceWindow.mostValues })
        }
        let first = try #require(engine.asked.withLock { $0.first })
        #expect(first.last - first.first <= EvidenceCollector.longest)
    }

    @Test func aQueryThatFailsSaysSoAndIsNotAskedForEver() async throws {
        let collector = EvidenceCollector(engine: Growing(series: 1), lead: .seconds(60))
        let windows = await collector.windows(of: try tip(["bad"], since: 0), at: Self.moment)
        #expect(windows.first?.series.isEmpty == true && windows.first?.problem != nil)
    }

    @Test(arguments: [
        (0, 0), (123_456, 123_500), (-0.000123456, -0.0001235), (1e300, 1e300), (1e-300, 1e-300),
    ])
    func digits(value: Double, kept: Double) {
        #expect(abs(EvidenceCollector.rounded(value) - kept) <= abs(kept) * 1e-12)
    }
}
