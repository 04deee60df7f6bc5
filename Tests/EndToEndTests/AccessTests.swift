import FleetModel
import FleetServer
import Foundation
import HTTPClient
import MetricsWire
import Testing

@testable import Commands

/// A server as it stands beyond loopback: TLS, and a token from everybody.
@Suite struct AccessTests {
    private let server: ProtectedServer

    init() async throws { server = try await ProtectedServer() }

    @Test func nobodyGetsInWithoutAToken() async throws {
        for path in ["/fleet/v1/status", "/api/v1/query?query=1", "/metrics", "/agent/v1/commands?host=a"] {
            #expect(try await server.get(path, token: nil).status == 401)
            #expect(try await server.get(path, token: "evenkeel_operator_00").status == 401)
        }
        #expect(try await server.get("/-/ready", token: nil).status == 200)
    }

    @Test func anOperatorMayReadAndMayNotSpeakForAHost() async throws {
        let token = try server.makeToken("operator", "alice")
        #expect(try await server.get("/fleet/v1/status", token: token).status == 200)
        #expect(try await server.get("/agent/v1/commands?host=a", token: token).status == 403)
    }

    @Test func anAgentMayOnlySpeakForItsOwnHost() async throws {
        let token = try server.makeToken("agent", "a")
        #expect(try await server.get("/fleet/v1/status", token: token).status == 403)
        #expect(try await server.get("/agent/v1/commands?host=a", token: token).status == 200)
        #expect(try await server.get("/agent/v1/commands?host=b", token: token).status == 403)
        #expect(try await server.write(host: "a", token: token).status == 204)
        let refused = try await server.write(host: "b", token: token)
        #expect(refused.status == 403)
        #expect(refused.text.contains("host"))
    }

    @Test func anAgentReadsNothingOfOthers() async throws {
        let token = try server.makeToken("agent", "a")
        let paths = [
            "query?query=up", "query_range?query=up&start=1&end=2&step=1", "series?match[]=up", "labels",
            "label/host/values", "metadata", "targets", "rules", "alerts", "status/config", "status/tsdb",
            "query_exemplars?query=up", "format_query?query=up", "nosuch",
        ]
        for path in paths.map({ "/api/v1/" + $0 }) + ["/federate?match[]=up", "/metrics", "/api/v2/alerts"] {
            let status = try await server.get(path, token: token).status
            #expect(status == 403 || path.hasSuffix("nosuch") && status == 404, "\(path)")
        }
    }

    @Test func aTokenMayBeAPassword() async throws {
        let token = try server.makeToken("operator", "grafana")
        func ask(_ password: String) async throws -> HTTPResponse {
            let credentials = Data("grafana:\(password)".utf8).base64EncodedString()
            return try await server.get(
                "/api/v1/query?query=1", token: nil, headers: [(name: "Authorization", value: "Basic \(credentials)")])
        }
        #expect(try await ask(token).status == 200)
        let refused = try await ask("wrong")
        #expect(refused.status == 401)
        // No question for a password: a browser that knows one would send it for every page.
        #expect(refused[header: "www-authenticate"] == "Bearer")
    }

    @Test func aRevokedTokenIsOutAtOnce() async throws {
        let token = try server.makeToken("operator", "bob")
        #expect(try await server.get("/fleet/v1/status", token: token).status == 200)
        try server.evenkeel(["token", "revoke", "operator", "bob", "--data", server.data])
        #expect(try await server.get("/fleet/v1/status", token: token).status == 401)
    }
}

/// A server process with a certificate that it made itself, in a folder that goes with it.
private final class ProtectedServer: Sendable {
    let folder: FleetFolder
    let data: String
    private let port: Int
    private let process: FleetProcess
    private let http = HTTPClient()

    init() async throws {
        folder = try FleetFolder()
        data = folder.path + "/server"
        port = try LoopbackPort.anyFree()
        try Self.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-keyout", folder.path + "/key.pem", "-out", folder.path + "/cert.pem", "-subj", "/CN=127.0.0.1",
                "-addext", "subjectAltName=IP:127.0.0.1",
            ])
        let yaml = """
            data: server
            listen: 0.0.0.0:\(port)
            tls_certificate: cert.pem
            tls_key: key.pem
            """
        let file = folder.path + "/server.yaml"
        try yaml.write(toFile: file, atomically: true, encoding: .utf8)
        process = try FleetProcess(
            "server", executable: Built.executable, arguments: ["server", "--config", file, "--until-input-ends"],
            log: folder.path + "/server.log")
        let clock = WallClock()
        let deadline = clock.now + .seconds(30)
        while (try? await get("/-/ready", token: nil))?.status != 200 {
            try process.requireRunning()
            try #require(clock.now < deadline, "the server was not ready in time")
            try await clock.sleep(for: .milliseconds(50))
        }
    }

    deinit {
        process.end()
        try? folder.remove()
    }

    func get(
        _ path: String, token: String?, headers: [(name: String, value: String)] = []
    ) async throws -> HTTPResponse {
        try await send(HTTPRequest(.get, "https://127.0.0.1:\(port)\(path)", headers: headers), token: token)
    }

    /// Writes one sample of one series of `host`.
    func write(host: String, token: String) async throws -> HTTPResponse {
        let sample = SampleColumns(times: [WallClock().now.milliseconds], values: [1])
        let series = SeriesSamples(labels: ["__name__": "up", "host": host], samples: sample)
        var request = HTTPRequest(
            .post, "https://127.0.0.1:\(port)/api/v1/write", body: RemoteWriteEncoder.encode([series]))
        request.headers = [("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy")]
        return try await send(request, token: token)
    }

    func makeToken(_ role: String, _ name: String) throws -> String {
        try evenkeel(["token", "create", role, name, "--data", data]).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @discardableResult
    func evenkeel(_ arguments: [String]) throws -> String { try Self.run(Built.executable, arguments) }

    private func send(_ request: HTTPRequest, token: String?) async throws -> HTTPResponse {
        var request = request
        request.certificateAuthority = folder.path + "/cert.pem"
        if let token { request.authorize(bearer: token) }
        return try await http.send(request)
    }

    @discardableResult
    private static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(program) \(arguments) failed")
        return String(decoding: data, as: UTF8.self)
    }
}
