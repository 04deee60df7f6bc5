import FleetModel
import FleetServer
import Foundation
import HTTPClient
import Testing

@testable import Commands

/// What led to a tip stays with it: in the API, on the terminal, and when the samples are gone.
@Suite struct EvidenceTests {
    private static let rules = """
        groups:
          - name: load
            rules:
              - {alert: Loaded, expr: load > 5, labels: {severity: critical}, annotations: {summary: too much}}
        """

    @Test func theSeriesBehindATipIsKeptAndDrawn() async throws {
        let server = try await LoopbackServer.evenkeel(
            settings: ["evaluation_interval: 500ms"], packs: ["loads": Self.rules])
        let now = WallClock().now
        let times = (0..<10).map { (now - .seconds(10 * Int64(9 - $0))).milliseconds }
        try await server.write([
            SeriesSamples(
                labels: [Labels.metricName: "load", "cluster": "c", "host": "a"],
                samples: SampleColumns(times: times, values: times.indices.map { Double($0) + 0.5 }))
        ])
        let client = ServerClient(base: server.url)
        try await server.until("the tip has its evidence") {
            let tip: TipView = try await client.get("/fleet/v1/tips/1")
            return tip.windows != nil
        }
        let window = try #require(try await (client.get("/fleet/v1/tips/1") as TipView).windows?.first)
        #expect(window.query == "load > 5")
        #expect(window.series.first?.labels["host"] == "a")
        let before = (window.series.first?.values ?? []).compactMap(\.self)
        #expect(
            before == before.sorted() && before.count > 1 && before.allSatisfy { (5.5...9.5).contains($0) }, "\(before)"
        )
        let deleted = try Program.run(
            Built.executable, ["store", "delete", "load", "--yes", "--server", server.url])
        #expect(deleted.status == 0, "\(deleted.output)")
        server.kill()
        try await server.restart()
        let shown = try Program.run(Built.executable, ["tip", "show", "1", "--server", server.url])
        let lines = shown.output.split(separator: "\n").map(String.init)
        #expect(lines.contains("  load > 5") && lines.contains { $0.contains("┤") }, "\(shown.output)")
        #expect(lines.contains { $0.contains("host=\"a\"") && $0.contains("last") }, "\(shown.output)")
        let asked = try Program.run(Built.executable, ["tip", "approve", "1", "--yes", "--server", server.url])
        #expect(asked.status == 1 && asked.output.contains("tip 1 has ended: expired"), "\(asked.output)")
    }
}
