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

    struct NotReady: Error, CustomStringConvertible {
        var log: String
        var description: String { "prometheus did not become ready: \(log)" }
    }

    /// Starts it and waits until it says that it is ready.
    init(client: HTTPClient) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "prometheus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configuration = folder.appending(path: "prometheus.yml")
        try "global:\n  scrape_interval: 1m\n".write(to: configuration, atomically: true, encoding: .utf8)
        let log = folder.appending(path: "log")
        try Data().write(to: log)
        let port = try Self.freePort()
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
        for _ in 0..<300 {
            if let response = try? await client.send(HTTPRequest(.get, url + "/-/ready")), response.status == 200 {
                return
            }
            if !process.isRunning { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw NotReady(log: (try? String(contentsOf: log, encoding: .utf8)) ?? "")
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    func engine(_ client: HTTPClient) -> RemoteEngine {
        RemoteEngine(client: client, endpoint: .init(queryURL: url, writeURL: url + "/api/v1/write"))
    }

    /// A port that nobody listens on right now.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, size) | getsockname(descriptor, generic, &size)
            }
        }
        guard status == 0 else { throw NotReady(log: "no free port") }
        return UInt16(bigEndian: address.sin_port)
    }
}
