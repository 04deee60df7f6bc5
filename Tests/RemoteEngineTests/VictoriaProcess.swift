import FleetModel
import Foundation
import HTTPClient
import RemoteEngine

/// A real VictoriaMetrics on loopback with an empty folder of its own, for as long as a test lasts.
final class VictoriaProcess {
    static let executable = "/usr/bin/victoria-metrics"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: executable) }

    let url: String
    private let port: UInt16
    private let folder: URL
    private let client: HTTPClient
    private var process = Process()

    /// Starts it and waits until it answers.
    init(client: HTTPClient) async throws {
        self.client = client
        folder = FileManager.default.temporaryDirectory.appending(path: "victoria-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = try PeerProcess.freePort()
        url = "http://127.0.0.1:\(port)"
        try await start()
    }

    /// Starts it, again where it was, and waits until it answers.
    func start() async throws {
        let log = folder.appending(path: "log")
        try Data().write(to: log)
        process = Process()
        process.executableURL = URL(filePath: Self.executable)
        process.arguments = [
            "-storageDataPath=\(folder.path)/data", "-httpListenAddr=127.0.0.1:\(port)", "-retentionPeriod=100y",
        ]
        let output = try FileHandle(forWritingTo: log)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try await PeerProcess.waitUntilReady(url + "/health", client, process, log: log)
    }

    /// Ends it; what it has stays.
    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    deinit {
        if process.isRunning { stop() }
        try? FileManager.default.removeItem(at: folder)
    }

    func engine() -> RemoteEngine {
        RemoteEngine(client: client, endpoint: .init(queryURL: url, writeURL: url + "/api/v1/write"))
    }

    /// Makes what was written so far visible to queries, which else takes a second or so.
    func flush() async throws {
        try await client.send(HTTPRequest(.get, url + "/internal/force_flush")).requireSuccess()
    }
}
