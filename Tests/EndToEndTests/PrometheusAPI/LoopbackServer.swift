import FleetModel
import Foundation
import HTTPClient
import MetricsWire
import Testing

@testable import Commands

/// A server process on loopback in a folder that goes with it: Evenkeel's, or Debian's Prometheus.
final class LoopbackServer: Sendable {
    static let prometheus = "/usr/bin/prometheus"
    static var hasPrometheus: Bool { FileManager.default.isExecutableFile(atPath: prometheus) }

    let url: String
    let port: Int
    let folder: FleetFolder
    private let process: Locked<FleetProcess>
    private let start: @Sendable () throws -> FleetProcess
    private let http = HTTPClient()

    private init(
        _ name: String, folder: FleetFolder, port: Int, executable: String, arguments: [String]
    ) async throws {
        self.folder = folder
        self.port = port
        url = "http://127.0.0.1:\(port)"
        let log = folder.path + "/\(name).log"
        start = { try FleetProcess(name, executable: executable, arguments: arguments, log: log) }
        process = Locked(try start())
        try await until("\(name) is ready") { [http, url] in
            try await http.send(HTTPRequest(.get, url + "/-/ready")).status == 200
        }
    }

    /// Kills it as a crash would.
    func kill() { process.withLock { $0 }.kill() }

    /// Ends it.
    func end() { process.withLock { $0 }.end() }

    /// Starts it again where it was, and returns when it is ready.
    func restart() async throws {
        let next = try start()
        process.withLock { $0 = next }
        try await until("it is ready again") { try await self.send(.get, "/-/ready").status == 200 }
    }

    deinit {
        process.withLock { $0 }.end()
        try? folder.remove()
    }

    /// Evenkeel with the rule files `packs`, by their packs' names; `settings` are lines of its configuration, `data` is
    /// its data folder.
    static func evenkeel(
        settings: [String] = [], data: String = "data", packs: [String: String] = [:], programs: [String: String] = [:]
    ) async throws -> LoopbackServer {
        let folder = try FleetFolder()
        let port = try LoopbackPort.anyFree()
        try FileManager.default.createDirectory(atPath: folder.path + "/packs", withIntermediateDirectories: true)
        for (name, rules) in packs {
            let pack = folder.path + "/packs/\(name)"
            try FileManager.default.createDirectory(atPath: pack, withIntermediateDirectories: true)
            try rules.write(toFile: pack + "/rules.yaml", atomically: true, encoding: .utf8)
        }
        // Everything else of packs, by path: `fans/bin/mend`.
        for (name, text) in programs {
            let path = folder.path + "/packs/" + name
            let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: parent)
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        let lines = ["data: \(data)", "listen: 127.0.0.1:\(port)", "packs: packs"] + settings
        let file = folder.path + "/server.yaml"
        try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        return try await LoopbackServer(
            "evenkeel", folder: folder, port: port, executable: Built.executable,
            arguments: ["server", "--config", file, "--until-input-ends"])
    }

    /// Debian's Prometheus; `configuration` is what follows its `global` section. It ends when its input does.
    static func prometheus(configuration: String = "") async throws -> LoopbackServer {
        let folder = try FleetFolder()
        let port = try LoopbackPort.anyFree()
        let file = folder.path + "/prometheus.yml"
        try "global:\n  scrape_interval: 1s\n\(configuration)"
            .write(toFile: file, atomically: true, encoding: .utf8)
        let arguments = [
            "--config.file=\(file)", "--storage.tsdb.path=\(folder.path)/data",
            "--web.listen-address=127.0.0.1:\(port)", "--web.enable-remote-write-receiver",
        ]
        let script = "\(prometheus) \"$@\" & cat > /dev/null; kill $!; wait"
        return try await LoopbackServer(
            "prometheus", folder: folder, port: port, executable: "/bin/sh",
            arguments: ["-c", script, "prometheus"] + arguments)
    }

    static let alertmanager = "/usr/bin/prometheus-alertmanager"
    static var hasAlertmanager: Bool { FileManager.default.isExecutableFile(atPath: alertmanager) }

    /// Debian's Alertmanager, which tells nobody. It ends when its input does.
    static func alertmanager() async throws -> LoopbackServer {
        let folder = try FleetFolder()
        let port = try LoopbackPort.anyFree()
        let file = folder.path + "/alertmanager.yml"
        try "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
            .write(toFile: file, atomically: true, encoding: .utf8)
        let arguments = [
            "--config.file=\(file)", "--storage.path=\(folder.path)/data", "--web.listen-address=127.0.0.1:\(port)",
            "--cluster.listen-address=",
        ]
        let script = "\(alertmanager) \"$@\" & cat > /dev/null; kill $!; wait"
        return try await LoopbackServer(
            "alertmanager", folder: folder, port: port, executable: "/bin/sh",
            arguments: ["-c", script, "alertmanager"] + arguments)
    }

    func send(
        _ method: HTTPRequest.Method = .get, _ path: String, headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) async throws -> HTTPResponse {
        try await http.send(HTTPRequest(method, url + path, headers: headers, body: body))
    }

    /// The data of an answer.
    func data(_ path: String) async throws -> JSONValue {
        let response = try await send(.get, path)
        #expect(response.status == 200, "\(path): \(response.text)")
        return try JSONValue(response.body)["data"]
    }

    func write(_ series: [SeriesSamples]) async throws {
        let headers = [
            (name: "Content-Type", value: "application/x-protobuf"), (name: "Content-Encoding", value: "snappy"),
        ]
        let response = try await send(
            .post, "/api/v1/write", headers: headers, body: RemoteWriteEncoder.encode(series))
        try #require(response.status == 204, "\(response.text)")
    }

    func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        let clock = WallClock()
        let deadline = clock.now + .seconds(60)
        while (try? await holds()) != true {
            try process.withLock { $0 }.requireRunning()
            try #require(clock.now < deadline, "gave up waiting until \(what)")
            try await clock.sleep(for: .milliseconds(50))
        }
    }
}

/// Runs a program to its end.
enum Program {
    /// What it printed, both streams together, and its exit code.
    static func run(
        _ path: String, _ arguments: [String], input: [UInt8] = []
    ) throws -> (output: String, status: Int32) {
        let process = Process()
        let (source, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = source
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try source.fileHandleForWriting.write(contentsOf: Data(input))
        try source.fileHandleForWriting.close()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (String(decoding: data, as: UTF8.self), process.terminationStatus)
    }
}
