import FleetModel
import Foundation
import HTTPClient
import Testing

@testable import Commands

/// A server whose series another one keeps: everything that is asked of the one is what the other has.
@Suite(.enabled(if: LoopbackServer.hasPrometheus, "Debian's package prometheus is not installed"))
struct RemoteEngineServerTests {
    private static let rules = """
        groups:
          - name: g
            rules:
              - {record: 'load:double', expr: load * 2}
              - {alert: Loaded, expr: 'load:double > 5', labels: {severity: warning}}
        """

    private static func load(_ value: Double, at time: Timestamp) -> [SeriesSamples] {
        [
            SeriesSamples(
                labels: [Labels.metricName: "load", "cluster": "c", "host": "a"],
                samples: SampleColumns(times: [time.milliseconds], values: [value]))
        ]
    }

    private static func settings(_ other: LoopbackServer) -> [String] {
        [
            "engine: remote", "query_url: \(other.url)", "write_url: \(other.url)/api/v1/write",
            "evaluation_interval: 500ms", "engine_timeout: 2s",
        ]
    }

    @Test func samplesRulesAndQueriesGoThere() async throws {
        let prometheus = try await LoopbackServer.prometheus()
        let evenkeel = try await LoopbackServer.evenkeel(
            settings: Self.settings(prometheus), packs: ["loads": Self.rules])
        let now = WallClock().now
        try await evenkeel.write(Self.load(4, at: now))
        // Written here, there at once.
        #expect(try await prometheus.data("/api/v1/query?query=load")["result"].elements.count == 1)
        #expect(try await evenkeel.data("/api/v1/query?query=load%2B1")["result"][0]["value"][1].text == "5")
        try await evenkeel.until("the alert is there") {
            try await evenkeel.data("/api/v1/alerts")["alerts"].elements.count == 1
        }
        try await evenkeel.until("the alert is written") {
            try await prometheus.data("/api/v1/query?query=ALERTS%7Bhost%3D%22a%22%7D")["result"].elements.count == 1
        }
        let range = "/api/v1/query_range?query=load:double&start=\(now.seconds)&end=\(now.seconds + 60)&step=15"
        #expect(try await evenkeel.data(range)["result"].elements.count == 1)
        let selection = "/api/v1/series?match[]=load"
        #expect(try await evenkeel.data(selection)[0]["host"].text == "a")
        #expect(try await evenkeel.data("/api/v1/labels?match[]=load").elements.count == 3)
        #expect(try await evenkeel.data("/api/v1/label/host/values")[0].text == "a")
        let failure = try await evenkeel.send(.get, "/api/v1/query?query=sum(")
        #expect(failure.status == 400 && failure.text.contains("bad_data") && failure.text.contains("parse error"))
        let page = try await evenkeel.send(.get, "/federate?match[]=load")
        #expect(page.status == 200 && page.text.contains("load{") && page.text.contains("# TYPE load"))
    }

    @Test func whatTheOtherServerDoesNotHaveIsNotAcknowledged() async throws {
        let prometheus = try await LoopbackServer.prometheus()
        let evenkeel = try await LoopbackServer.evenkeel(settings: Self.settings(prometheus))
        let now = WallClock().now
        try await evenkeel.write(Self.load(1, at: now))
        prometheus.end()
        let headers = [
            (name: "Content-Type", value: "application/x-protobuf"), (name: "Content-Encoding", value: "snappy"),
        ]
        let body = RemoteWriteBody.of(Self.load(2, at: now + .seconds(1)))
        let refusal = try await evenkeel.send(.post, "/api/v1/write", headers: headers, body: body)
        #expect(refusal.status == 503 && refusal[header: "retry-after"] == "5", "\(refusal.text)")
        #expect(try await evenkeel.send(.get, "/-/ready").status == 503)
        let query = try await evenkeel.send(.get, "/api/v1/query?query=load")
        #expect(query.status == 503 && query.text.contains("unavailable"))
        try await prometheus.restart()
        try await evenkeel.until("it takes samples again") {
            try await evenkeel.send(.post, "/api/v1/write", headers: headers, body: body).status == 204
        }
        #expect(try await evenkeel.send(.get, "/-/ready").status == 200)
        let count = "/api/v1/query?query=count_over_time(load[5m])&time=\(now.seconds + 10)"
        #expect(try await evenkeel.data(count)["result"][0]["value"][1].text == "2")
    }
}
