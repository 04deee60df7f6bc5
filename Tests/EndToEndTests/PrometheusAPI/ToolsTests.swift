import FleetModel
import Foundation
import HTTPClient
import Testing

/// The tools of Prometheus' world against a server as it is: promtool, Prometheus itself, Grafana's calls.
@Suite(
    .enabled(if: LoopbackServer.hasPrometheus, "Debian's package prometheus is not installed"),
    .timeLimit(.minutes(3)))
struct ToolsTests {
    private static let promtool = "/usr/bin/promtool"

    private func served() async throws -> (LoopbackServer, SampleFleet) {
        let server = try await LoopbackServer.evenkeel()
        let fleet = SampleFleet(now: WallClock().now)
        try await server.write(fleet.series)
        return (server, fleet)
    }

    @Test func promtoolAsksAndUnderstands() async throws {
        let (server, fleet) = try await served()
        let (first, last) = ("\(fleet.start / 1000)", "\(fleet.end / 1000)")
        func promtool(_ arguments: String...) throws -> String {
            let result = try Program.run(Self.promtool, ["query"] + arguments)
            #expect(result.status == 0, "\(arguments): \(result.output)")
            return result.output
        }
        let moment = "\(fleet.moment / 1000)"
        #expect(try promtool("instant", "--time=\(moment)", server.url, "sum(up)").contains("{} => 5 @["))
        let range = try promtool(
            "range", "--start=\(first)", "--end=\(last)", "--step=1m", server.url, "up{job=\"db\"}")
        #expect(range.contains("up{instance=\"db-0:80\", job=\"db\"} =>"))
        let series = try promtool("series", "--start=\(first)", "--end=\(last)", "--match=odd_labels", server.url)
        #expect(series.contains("uni=\"日本\""))
        let labels = try promtool("labels", "--start=\(first)", "--end=\(last)", "--match=up", server.url, "job")
        #expect(labels == "api\ndb\n")
        let wrong = try Program.run(Self.promtool, ["query", "instant", server.url, "sum("])
        #expect(wrong.status != 0)
        #expect(wrong.output.contains("bad_data"))
    }

    @Test func theServersOwnPageIsClean() async throws {
        let (server, _) = try await served()
        let page = try await server.send(.get, "/metrics")
        #expect(page[header: "content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        let check = try Program.run(Self.promtool, ["check", "metrics"], input: page.body)
        #expect(check.status == 0 && check.output.isEmpty, "\(check.output)")
        let open = try await server.send(
            .get, "/metrics", headers: [(name: "Accept", value: "application/openmetrics-text;version=1.0.0")])
        #expect(open[header: "content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(open.text.hasSuffix("\n# EOF\n"))
    }

    @Test func prometheusScrapesAndFederatesAndSendsItsMetadata() async throws {
        let (server, fleet) = try await served()
        let now = WallClock().now.milliseconds
        try await server.write(
            fleet.series.filter { $0.labels.metric == "up" }.map {
                SeriesSamples(labels: $0.labels, samples: SampleColumns(times: [now], values: [1]))
            })
        let prometheus = try await LoopbackServer.prometheus(
            configuration: """
                scrape_configs:
                - job_name: own
                  static_configs: [{targets: ["127.0.0.1:\(server.port)"]}]
                - job_name: federate
                  honor_labels: true
                  metrics_path: /federate
                  params: {"match[]": ["up"]}
                  static_configs: [{targets: ["127.0.0.1:\(server.port)"]}]
                remote_write:
                - url: http://127.0.0.1:\(server.port)/api/v1/write
                  metadata_config: {send_interval: 1s}
                """)
        try await prometheus.until("both jobs are up") {
            let data = try await prometheus.data("/api/v1/targets")
            let targets = data["activeTargets"].elements
            return targets.count == 2 && targets.allSatisfy { $0["health"] == .string("up") }
        }
        let targets = try await prometheus.data("/api/v1/targets")["activeTargets"].elements
        #expect(targets.count == 2)
        for target in targets { #expect(target["lastError"] == .string(""), "\(target)") }
        try await prometheus.until("a federated series is there") {
            try await !prometheus.data("/api/v1/query?query=up%7Binstance%3D%22db-0%3A80%22%7D")["result"].elements
                .isEmpty
        }
        // It was read as OpenMetrics, or there would be no unit.
        let known = try await prometheus.data("/api/v1/targets/metadata?metric=evenkeel_store_log_bytes")
        #expect(known[0]["type"] == .string("counter"), "\(known)")
        #expect(known[0]["unit"] == .string("bytes"), "\(known)")
        try await server.until("what Prometheus scraped is told and written") {
            let told = try await server.data("/api/v1/metadata?metric=scrape_duration_seconds")
            let other = try await server.data("/api/v1/query?query=scrape_samples_scraped%7Bjob%3D%22own%22%7D")
            return !other["result"].elements.isEmpty || told != .object([:])
        }
    }

    /// The calls that Grafana's Prometheus data source documents, in its ways of writing them.
    @Test func grafanasDataSourceFindsItsWay() async throws {
        let (server, fleet) = try await served()
        let (first, last) = ("\(fleet.start / 1000)", "\(fleet.end / 1000)")
        // Its health check and the flavour.
        let health = try await APICase.post("query", [("query", "1+1"), ("time", "4")]).ask(server)
        #expect(try JSONValue(health.body)["data"]["result"][1] == .string("2"))
        let build = try await server.data("/api/v1/status/buildinfo")
        #expect(build["version"].text?.hasPrefix("3.") == true)
        #expect(build["features"] == .null, "with features it would take this for Mimir")
        // The metrics browser, code completion and variables.
        let names = try await server.data("/api/v1/label/__name__/values?start=\(first)&end=\(last)")
        #expect(names.elements.contains(.string("http_requests_total")))
        let scope = "match%5B%5D=%7B__name__%3D%22up%22%7D&start=\(fleet.start / 1000).000&end=\(fleet.end / 1000).999"
        #expect(
            try await server.data("/api/v1/labels?\(scope)")
                == .array(["__name__", "instance", "job"].map { .string($0) }))
        #expect(
            try await server.data("/api/v1/label/job/values?\(scope)&limit=40000")
                == .array([.string("api"), .string("db")]))
        #expect(try await server.data("/api/v1/series?\(scope)&limit=1").elements.count == 1)
        let metadata = try await server.data("/api/v1/metadata?limit=100000").members
        #expect(metadata["evenkeel_lp_run_seconds_total"]?[0]["type"] == .string("counter"))
        #expect(metadata["evenkeel_store_series"]?[0]["help"].text?.isEmpty == false)
        // Panels, exemplars, alert rules.
        let panel = try await APICase.post(
            "query_range",
            [("query", "rate(http_requests_total[2m])"), ("start", first), ("end", last), ("step", "15")]
        ).ask(server)
        #expect(try JSONValue(panel.body)["data"]["result"].elements.count == 15)
        let exemplars = [(name: "query", value: "up"), (name: "start", value: first), (name: "end", value: last)]
        #expect(
            try JSONValue(try await APICase.post("query_exemplars", exemplars).ask(server).body)["data"] == .array([]))
        #expect(try await server.data("/api/v1/rules?type=alert")["groups"] == .array([]))
    }

    @Test func answersComeCompressed() async throws {
        let (server, fleet) = try await served()
        let path =
            "/api/v1/query_range?query=http_requests_total&step=15"
            + "&start=\(fleet.start / 1000)&end=\(fleet.end / 1000)"
        func ask(_ encoding: String) throws -> String {
            let connection = try #require(RawConnection(port: server.port))
            connection.send(
                "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept-Encoding: \(encoding)\r\n\r\n")
            return connection.readAll()
        }
        let (plain, packed) = (try ask("identity"), try ask("gzip"))
        #expect(packed.contains("Content-Encoding: gzip\r\n"))
        // Bytes that are no text became three each when they were read as text.
        #expect(plain.utf8.count > 2 * packed.utf8.count)
        let body = try await server.send(.get, path, headers: [(name: "Accept-Encoding", value: "gzip")]).body
        #expect(plain.hasSuffix(String(decoding: body, as: UTF8.self)))
    }
}
