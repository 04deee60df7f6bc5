import FleetModel
import Foundation
import HTTPClient
import Testing

@testable import Commands

/// An agent process with a page of metrics of its own; the server that it would push to is not there.
@Suite(.timeLimit(.minutes(2)))
struct AgentMetricsTests {
    private let folder: FleetFolder
    private let port: Int
    private let http = HTTPClient()

    init() throws {
        folder = try FleetFolder()
        port = try LoopbackPort.anyFree()
    }

    /// Runs an agent with further lines of configuration while `body` asks it.
    private func withAgent(_ settings: [String], _ body: () async throws -> Void) async throws {
        defer { try? folder.remove() }
        let lines =
            [
                "host: kvm1", "cluster: test", "data: agent", "machines: vms", "interval: 200ms", "accelerator: tcg",
                "server: http://127.0.0.1:\(try LoopbackPort.anyFree())",
            ] + settings
        let file = folder.path + "/agent.yaml"
        try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        let agent = try FleetProcess(
            "agent", executable: Built.executable, arguments: ["agent", "--config", file, "--until-input-ends"],
            log: folder.path + "/agent.log")
        defer { agent.end() }
        try await body()
    }

    /// The page, once there is something on it.
    private func page(_ request: HTTPRequest) async throws -> HTTPResponse {
        let clock = WallClock()
        let deadline = clock.now + .seconds(30)
        while true {
            if let response = try? await http.send(request), response.status != 200 || !response.text.isEmpty {
                return response
            }
            try #require(clock.now < deadline, "no page of metrics in time")
            try await clock.sleep(for: .milliseconds(50))
        }
    }

    @Test func thePageHasWhatIsPushedAndKeepsPagesAway() async throws {
        try await withAgent(["metrics_listen: 127.0.0.1:\(port)"]) {
            let url = "http://127.0.0.1:\(port)/metrics"
            let plain = try await page(HTTPRequest(.get, url))
            #expect(plain[header: "content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(plain.text.contains("\nevenkeel_lp_run_seconds_total{cluster=\"test\",host=\"kvm1\",lp=\""))
            let accept = (name: "Accept", value: "application/openmetrics-text; version=1.0.0")
            let open = try await page(HTTPRequest(.get, url, headers: [accept]))
            #expect(open.text.contains("# UNIT evenkeel_lp_run_seconds seconds\n"))
            #expect(open.text.hasSuffix("# EOF\n"))
            if LoopbackServer.hasPrometheus {
                let check = try Program.run("/usr/bin/promtool", ["check", "metrics"], input: plain.body)
                #expect(check.status == 0 && check.output.isEmpty, "\(check.output)")
            }
            let foreign = [
                [(name: "Origin", value: "https://evil.example.org")], [(name: "Sec-Fetch-Site", value: "cross-site")],
                [(name: "Host", value: "rebound.example.org")],
            ]
            for headers in foreign {
                #expect(try await http.send(HTTPRequest(.get, url, headers: headers)).status == 403)
            }
            #expect(try await http.send(HTTPRequest(.get, "http://127.0.0.1:\(port)/")).status == 404)
        }
    }

    @Test func beyondLoopbackItWantsTLSAndTheToken() async throws {
        let made = try Program.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-keyout", folder.path + "/key.pem", "-out", folder.path + "/cert.pem", "-subj", "/CN=127.0.0.1",
                "-addext", "subjectAltName=IP:127.0.0.1",
            ])
        try #require(made.status == 0, "\(made.output)")
        try "secret\n".write(toFile: folder.path + "/token", atomically: true, encoding: .utf8)
        let settings = [
            "metrics_listen: 0.0.0.0:\(port)", "metrics_tls_certificate: cert.pem", "metrics_tls_key: key.pem",
            "metrics_token_file: token",
        ]
        try await withAgent(settings) {
            var request = HTTPRequest(.get, "https://127.0.0.1:\(port)/metrics")
            request.certificateAuthority = folder.path + "/cert.pem"
            let unnamed = try await page(request)
            #expect(unnamed.status == 401)
            var wrong = request
            wrong.authorize(bearer: "secreT")
            let refused = try await page(wrong)
            #expect(refused.status == 401)
            request.authorize(bearer: "secret")
            let shown = try await page(request)
            #expect(shown.text.contains("evenkeel_host_memory_bytes{"))
        }
    }
}
