import FleetModel
import HTTPClient
import RemoteEngine
import Testing

@Suite(
    .enabled(if: PrometheusProcess.isInstalled, "Debian's package prometheus is not installed"),
    .timeLimit(.minutes(2)))
struct RemoteEngineTests {
    private static let start: Int64 = 1_700_000_000_000

    private static func series(_ labels: Labels, _ values: [Double]) -> SeriesSamples {
        SeriesSamples(
            labels: labels,
            samples: SampleColumns(times: values.indices.map { start + Int64($0) * 10_000 }, values: values))
    }

    @Test func whatIsWrittenIsFoundAgain() async throws {
        let client = HTTPClient()
        let prometheus = try await PrometheusProcess(client: client)
        let engine = prometheus.engine(client)
        let written = [
            Self.series(["__name__": "load", "host": "a"], [1, 2.5, .infinity]),
            Self.series(["__name__": "load", "host": "b"], [-0.125, .nan, 1e300]),
        ]
        try await engine.append(written)
        let range = try await engine.range(
            "load", from: Timestamp(milliseconds: Self.start), through: Timestamp(milliseconds: Self.start + 20_000),
            step: .seconds(10))
        guard case .matrix(let found) = range.value else {
            Issue.record("\(range.value)")
            return
        }
        #expect(found.map(\.labels) == written.map(\.labels))
        #expect(found[0].samples == written[0].samples)
        #expect(found[1].samples.times == written[1].samples.times)
        #expect(found[1].samples.values[1].isNaN)
        try await everyTypeOfResultIsRead(engine)
        try await errorsKeepTheirEvidence(engine, prometheus.url, client)
    }

    private func everyTypeOfResultIsRead(_ engine: RemoteEngine) async throws {
        let moment = Timestamp(milliseconds: Self.start + 1500)
        guard case .vector(let elements) = try await engine.instant("load * 2", at: moment).value else {
            Issue.record("not a vector")
            return
        }
        #expect(
            elements == [
                InstantSample(labels: ["host": "a"], time: moment, value: 2),
                InstantSample(labels: ["host": "b"], time: moment, value: -0.25),
            ])
        guard case .scalar(moment, 3.5) = try await engine.instant("1.5 + 2", at: moment).value else {
            Issue.record("not a scalar")
            return
        }
        guard case .string(moment, "ä&=+ b") = try await engine.instant("\"ä&=+ b\"", at: moment).value else {
            Issue.record("not a string")
            return
        }
        guard case .matrix(let series) = try await engine.instant("load{host=\"a\"}[30s]", at: moment).value else {
            Issue.record("not a matrix")
            return
        }
        #expect(series.first?.samples == SampleColumns(times: [Self.start], values: [1]))
    }

    private func errorsKeepTheirEvidence(_ engine: RemoteEngine, _ url: String, _ client: HTTPClient) async throws {
        let moment = Timestamp(milliseconds: Self.start)
        let refusal = await #expect(throws: RemoteEngineError.self) { try await engine.instant("sum(", at: moment) }
        guard case .refused(url + "/api/v1/query", "bad_data", let reason) = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(reason.contains("parse error"))
        let elsewhere = RemoteEngine(
            client: client, endpoint: .init(queryURL: url + "/nowhere", writeURL: url + "/nowhere"))
        let missing = await #expect(throws: RemoteEngineError.self) { try await elsewhere.instant("1", at: moment) }
        guard case .http(.status(_, 404, _)) = missing else {
            Issue.record("\(String(describing: missing))")
            return
        }
        await #expect(throws: RemoteEngineError.self) { try await elsewhere.append([]) }
        let unwritable = RemoteEngine(client: client, endpoint: .init(queryURL: url))
        await #expect(throws: RemoteEngineError.noWriteURL) { try await unwritable.append([]) }
    }
}
