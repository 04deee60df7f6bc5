import FleetModel
import FleetServer
import Foundation
import HTTPClient
import Testing

@testable import Commands

/// A real Prometheus that takes the server for an Alertmanager: what it sends becomes series and a tip, and ends with it.
@Suite struct ForeignAlertTests {
    private static let rules = """
        groups:
          - name: events
            rules:
              - alert: HostEvent
                expr: count by (cluster, host) (evenkeel_event{host!=""})
                annotations: {summary: 'alerts about {{ $labels.host }}'}
        """
    private static let json = [(name: "Content-Type", value: "application/json")]

    private func server() async throws -> LoopbackServer {
        let server = try await LoopbackServer.evenkeel(
            settings: ["evaluation_interval: 500ms"], packs: ["events": Self.rules])
        let report = HostReport(
            host: try #require(HostName("kvm1")), cluster: try #require(ClusterName("lab")), time: WallClock().now,
            agentVersion: "1", agentRun: "r", logicalProcessors: 4, memory: .gibibytes(8), memoryAvailable: nil,
            accelerator: .tcg, migrationAddress: nil, virtualMachines: [])
        let answer = try await server.send(
            .post, "/agent/v1/report?host=kvm1", headers: Self.json, body: Array(JSONEncoder().encode(report)))
        try #require(answer.status == 200, "\(answer.text)")
        return server
    }

    private func post(_ server: LoopbackServer, _ body: String) async throws -> HTTPResponse {
        try await server.send(.post, "/api/v2/alerts", headers: Self.json, body: Array(body.utf8))
    }

    private func tips(_ server: LoopbackServer) async throws -> [JSONValue] {
        try JSONValue(try await server.send(.get, "/fleet/v1/tips").body).elements
    }

    @Test(.enabled(if: LoopbackServer.hasPrometheus, "Debian's package prometheus is not installed"))
    func anAlertOfPrometheusIsATipWhileItLasts() async throws {
        let server = try await server()
        let prometheus = try await prometheus(sendingTo: server)
        // An alert that fires before Prometheus knows whom to tell is told a minute later.
        try await server.until("Prometheus knows whom to tell") {
            try await prometheus.data("/api/v1/alertmanagers")["activeAlertmanagers"].elements.count == 1
        }
        try await prometheus.write([sample(broken: 1)])
        try await server.until("the alert is a tip") { try await !self.tips(server).isEmpty }
        #expect(try await tips(server)[0]["title"].text == "alerts about kvm1")
        let series = try await server.data("/api/v1/query?query=evenkeel_event")["result"]
        #expect(series[0]["metric"]["cluster"].text == "lab" && series[0]["metric"]["fan"].text == "3")
        let shown = try JSONValue(try await server.send(.get, "/api/v2/alerts").body)
        #expect(shown[0]["labels"]["alertname"].text == "FanFailed")
        #expect(shown[0]["annotations"]["summary"].text == "Fan 3 stands still")
        // Whatever happens to the server, the alert is there again with it.
        server.kill()
        try await server.restart()
        #expect(try JSONValue(try await server.send(.get, "/api/v2/alerts").body).elements.count == 1)
        try await prometheus.write([sample(broken: 0)])
        try await server.until("the tip ends with the alert") { try await self.tips(server).isEmpty }
        #expect(try await server.data("/api/v1/query?query=evenkeel_event")["result"].elements.isEmpty)
    }

    private func prometheus(sendingTo server: LoopbackServer) async throws -> LoopbackServer {
        let rules = """
            groups:
              - name: g
                interval: 1s
                rules:
                  - {alert: FanFailed, expr: broken == 1, labels: {severity: critical},
                     annotations: {summary: 'Fan {{ $labels.fan }} stands still'}}
            """
        let file = server.folder.path + "/alerts.yaml"
        try rules.write(toFile: file, atomically: true, encoding: .utf8)
        return try await LoopbackServer.prometheus(
            configuration: """
                rule_files: ['\(file)']
                alerting:
                  alertmanagers: [{static_configs: [{targets: ['127.0.0.1:\(server.port)']}]}]
                """)
    }

    private func sample(broken: Double) -> SeriesSamples {
        SeriesSamples(
            labels: [Labels.metricName: "broken", "instance": "kvm1:9100", "fan": "3"],
            samples: SampleColumns(times: [WallClock().now.milliseconds], values: [broken]))
    }

    @Test func whatIsWrongIsRefusedAndTheRestIsTaken() async throws {
        let server = try await server()
        let answer = try await post(server, #"[{"labels":{"alertname":"A"}},{"labels":{}}]"#)
        #expect(answer.status == 400 && answer.text.contains("alert 2: it has no labels"), "\(answer.text)")
        #expect(try JSONValue(try await server.send(.get, "/api/v2/alerts").body).elements.count == 1)
        #expect(try await post(server, "no list").status == 400)
        // A web page cannot post here.
        let foreign = try await server.send(
            .post, "/api/v2/alerts", headers: Self.json + [(name: "Origin", value: "http://evil.example")],
            body: Array("[]".utf8))
        #expect(foreign.status == 403)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/amtool"), "amtool is not installed"))
    func alertmanagersOwnToolReadsIt() async throws {
        let server = try await server()
        #expect(try await post(server, #"[{"labels":{"alertname":"FanFailed","host":"kvm1"}}]"#).status == 200)
        let shown = try Program.run("/usr/bin/amtool", ["--alertmanager.url", server.url, "alert", "-o", "json"])
        #expect(shown.status == 0 && shown.output.contains("FanFailed"), "\(shown.output)")
    }
}
