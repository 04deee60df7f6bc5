import FleetModel
import Foundation
import HTTPClient
import RemoteEngine

/// A real Prometheus on loopback with an empty folder of its own, for as long as a test lasts.
final class PrometheusProcess {
    static let executable = "/usr/bin/prometheus"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: executable) }

    let url: String
    private let process = Process()
    private let folder: URL

    /// Starts it and waits until it says that it is ready.
    init(client: HTTPClient, rules: String? = nil, evaluationInterval: String = "1m") async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "prometheus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configuration = folder.appending(path: "prometheus.yml")
        var text = "global:\n  scrape_interval: 1m\n  evaluation_interval: \(evaluationInterval)\n"
        if let rules {
            let file = folder.appending(path: "rules.yml")
            try rules.write(to: file, atomically: true, encoding: .utf8)
            text += "rule_files: [\(file.path)]\n"
        }
        try text.write(to: configuration, atomically: true, encoding: .utf8)
        let log = folder.appending(path: "log")
        try Data().write(to: log)
        let port = try PeerProcess.freePort()
        url = "http://127.0.0.1:\(port)"
        process.executableURL = URL(filePath: Self.executable)
        process.arguments = [
            "--config.file=\(configuration.path)", "--storage.tsdb.path=\(folder.path)/data",
            "--web.listen-address=127.0.0.1:\(port)", "--web.enable-remote-write-receiver",
            "--storage.tsdb.retention.time=100y", "--enable-feature=promql-at-modifier,promql-negative-offset",
        ]
        let output = try FileHandle(forWritingTo: log)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try await PeerProcess.waitUntilReady(url + "/-/ready", client, process, log: log)
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    func engine(_ client: HTTPClient) -> RemoteEngine {
        RemoteEngine(client: client, endpoint: .init(queryURL: url, writeURL: url + "/api/v1/write"))
    }
}
