import FleetModel
import Foundation
import HTTPClient

/// What the tests' peers have in common.
enum PeerProcess {
    struct NotReady: Error, CustomStringConvertible {
        var log: String
        var description: String { "the peer did not become ready: \(log)" }
    }

    /// Returns when the process answers at `url`.
    static func waitUntilReady(_ url: String, _ client: HTTPClient, _ process: Process, log: URL) async throws {
        for _ in 0..<600 {
            if let response = try? await client.send(HTTPRequest(.get, url)), response.status == 200 { return }
            if !process.isRunning { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw NotReady(log: (try? String(contentsOf: log, encoding: .utf8)) ?? "")
    }

    /// A port that nobody listens on right now.
    static func freePort() throws -> UInt16 {
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
