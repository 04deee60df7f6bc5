import FleetModel
import FleetServer
import Foundation
import HTTPClient
import Testing

@testable import Commands

/// Tips on their way out: one server tells another, which takes them as an Alertmanager does.
@Suite struct NotificationTests {
    private static let rules = """
        groups:
          - name: load
            rules:
              - {alert: Loaded, expr: load > 5, labels: {severity: critical}, annotations: {summary: too much}}
        """

    private func load(_ value: Double, host: String = "a") -> [SeriesSamples] {
        [
            SeriesSamples(
                labels: [Labels.metricName: "load", "cluster": "c", "host": host],
                samples: SampleColumns(times: [WallClock().now.milliseconds], values: [value]))
        ]
    }

    private func alerts(_ server: LoopbackServer) async throws -> [JSONValue] {
        try JSONValue(try await server.send(.get, "/api/v2/alerts").body).elements
    }

    private func silence(_ server: LoopbackServer, _ arguments: [String]) throws -> (output: String, status: Int32) {
        try Program.run(Built.executable, ["silence"] + arguments + ["--server", server.url])
    }

    @Test func aTipIsToldAndItsEndToo() async throws {
        let other = try await LoopbackServer.evenkeel()
        let server = try await LoopbackServer.evenkeel(
            settings: ["evaluation_interval: 500ms", "notify:", "  - {alertmanager: '\(other.url)', name: other}"],
            packs: ["loads": Self.rules])
        try await server.write(load(7))
        try await other.until("the tip is told") { try await !self.alerts(other).isEmpty }
        let alert = try await alerts(other)[0]
        #expect(alert["labels"]["alertname"].text == "Loaded" && alert["labels"]["host"].text == "a")
        #expect(alert["annotations"]["summary"].text == "too much")
        let page = try await server.send(.get, "/metrics").text
        #expect(page.contains("evenkeel_notifications_waiting{receiver=\"other\"}"))
        // A server that was killed knows what it has told.
        server.kill()
        try await server.write(afterRestart: load(1))
        try await other.until("the end is told") { try await self.alerts(other).isEmpty }
    }

    @Test(.enabled(if: LoopbackServer.hasAlertmanager, "Debian's package prometheus-alertmanager is not installed"))
    func aRealAlertmanagerTakesTips() async throws {
        let other = try await LoopbackServer.alertmanager()
        let server = try await LoopbackServer.evenkeel(
            settings: ["evaluation_interval: 500ms", "notify:", "  - {alertmanager: '\(other.url)', name: other}"],
            packs: ["loads": Self.rules])
        try await server.write(load(7))
        try await other.until("the tip is told") { try await !self.alerts(other).isEmpty }
        let alert = try await alerts(other)[0]
        #expect(alert["labels"]["alertname"].text == "Loaded" && alert["status"]["state"].text == "active")
        #expect(alert["annotations"]["summary"].text == "too much")
        try await server.write(load(1))
        try await other.until("the end is told") { try await self.alerts(other).isEmpty }
    }

    @Test func aSilenceKeepsQuiet() async throws {
        let other = try await LoopbackServer.evenkeel()
        let server = try await LoopbackServer.evenkeel(
            settings: ["evaluation_interval: 500ms", "notify:", "  - {alertmanager: '\(other.url)', name: other}"],
            packs: ["loads": Self.rules])
        let made = try silence(server, ["add", "host=a", "--for", "1h", "--reason", "known"])
        #expect(made.status == 0 && made.output.contains("Silence 1 holds until"), "\(made.output)")
        #expect(try silence(server, ["ls"]).output.contains("host=a"))
        #expect(try silence(server, ["add", "host", "--for", "1h", "--reason", "known"]).status == 2)
        try await server.write(load(7) + load(8, host: "b"))
        try await other.until("the other host's tip is told") { try await self.alerts(other).count == 1 }
        #expect(try await alerts(other)[0]["labels"]["host"].text == "b")
        #expect(try silence(server, ["rm", "1"]).status == 0)
        #expect(try silence(server, ["rm", "1"]).status == 1)
        #expect(try silence(server, ["ls"]).output.contains("No silences."))
        try await other.until("what was silenced is told") { try await self.alerts(other).count == 2 }
    }
}

extension LoopbackServer {
    /// Starts it again and writes.
    fileprivate func write(afterRestart series: [SeriesSamples]) async throws {
        try await restart()
        try await write(series)
    }
}
