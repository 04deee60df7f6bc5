import FleetModel
import FleetServer
import Foundation
import HTTPClient
import Testing

@testable import Commands

/// A pack with a program of its own: an alert of another system leads to a tip, an operator allows and approves, and the
/// program does what is to be done.
@Suite struct PlugInTests {
    private static let files = [
        "fans/pack.yaml": """
        name: fans
        version: 1.0.0
        title: Fans
        author: The Evenkeel authors
        licence: Apache-2.0
        parameters:
          fans: {type: number, default: 1, minimum: 1, maximum: 9, help: How many stand still.}
        tips:
          FanFailed:
            title: 'fan {{ $labels.fan }} of {{ $labels.cluster }} stands still'
            body: It stands still.
            level: critical
            subject: cluster
            knowledge: none
            remediation: {name: exec, command: bin/mend, arguments: {fan: '{{ $labels.fan }}'}, time_limit: 30s}
            approval: operator
        """,
        "fans/fans.rules.yaml": """
        groups:
          - name: fans
            rules:
              - {alert: FanFailed, expr: 'fan_failed{cluster!=""} == 1'}
        """,
        "fans/bin/mend": #"""
        #!/bin/sh
        cat > request.json
        echo '{"progress": 0.5, "message": "turning it by hand"}'
        echo '{"result": "done", "message": "it turns"}'
        """#,
    ]

    private func evenkeel(_ server: LoopbackServer, _ arguments: [String]) throws -> (output: String, status: Int32) {
        try Program.run(Built.executable, arguments + ["--server", server.url])
    }

    private func tip(_ server: LoopbackServer) async throws -> JSONValue {
        try JSONValue(try await server.send(.get, "/fleet/v1/tips?all=true").body)[0]
    }

    @Test func aProgramOfThePackRunsOnceItIsAllowedAndApproved() async throws {
        let server = try await LoopbackServer.evenkeel(
            settings: ["evaluation_interval: 500ms", "pack_speed: 100"], programs: Self.files)
        try await server.write([
            SeriesSamples(
                labels: [Labels.metricName: "fan_failed", "cluster": "lab", "fan": "3"],
                samples: SampleColumns(times: [WallClock().now.milliseconds], values: [1]))
        ])
        try await server.until("the tip is advice, and says why") {
            try self.evenkeel(server, ["tip", "show", "1"]).output.contains("--allow-plug-ins")
        }
        #expect(try evenkeel(server, ["tip", "approve", "1", "--yes"]).status == 1)
        let unknown = try evenkeel(server, ["pack", "set", "fans", "fans=2", "--cluster", "lap"])
        #expect(unknown.status == 1 && unknown.output.contains("no host is in a cluster 'lap'"), "\(unknown.output)")
        #expect(try evenkeel(server, ["pack", "set", "fans", "fans=", "--cluster", "lap"]).status == 0)
        #expect(try evenkeel(server, ["pack", "enable", "fans", "--allow-plug-ins"]).status == 0)
        try await server.until("the tip waits for approval") {
            try await self.tip(server)["state"].text == "awaitingApproval"
        }
        let approved = try evenkeel(server, ["tip", "approve", "1", "--yes"])
        try #require(approved.status == 0, "\(approved.output)")
        try await server.until("the program has done its work") {
            try await JSONValue(server.send(.get, "/fleet/v1/operations/1").body)["state"].text == "succeeded"
        }
        let shown = try evenkeel(server, ["operation", "show", "1"]).output
        #expect(
            shown.contains(#"exec fans/bin/mend fan="3" for lab"#) && shown.contains("50 %: turning it by hand"),
            "\(shown)")
        #expect(shown.contains("it turns"))
        let request = try String(contentsOfFile: server.folder.path + "/packs/fans/request.json", encoding: .utf8)
        #expect(request.contains(#""arguments":{"fan":"3"}"#) && request.contains(#""subject":{"cluster":"lab"}"#))
    }
}
