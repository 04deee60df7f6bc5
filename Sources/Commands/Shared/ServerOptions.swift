import ArgumentParser
import FleetServer
import HTTPDoor
import Foundation

/// Which server a command talks to, and how it shows who it is.
struct ServerOptions: ParsableArguments {
    @Option(help: "The server's address. Default: EVENKEEL_SERVER, or http://127.0.0.1:7411.")
    var server: String?

    @Option(help: "File with an operator's token. Default: the token in EVENKEEL_TOKEN, if any.")
    var tokenFile: String?

    @Option(help: "File with the authority that signed the server's certificate. Default: the system's authorities.")
    var caFile: String?

    /// The client that these options describe.
    func client() throws -> ServerClient {
        let environment = ProcessInfo.processInfo.environment
        let address = server ?? environment["EVENKEEL_SERVER"] ?? "http://127.0.0.1:7411"
        guard let url = URL(string: address), ["http", "https"].contains(url.scheme), url.host != nil else {
            throw CommandFailure(.wrongUse, "'\(address)' is not a server's address; write http://HOST:PORT")
        }
        var base = address
        while base.hasSuffix("/") { base.removeLast() }
        let token = try token(environment)
        if token != nil, url.scheme == "http", !Self.isLoopback(url) {
            throw CommandFailure(
                .wrongUse,
                "\(address) would carry the token in clear text; use https, and --ca-file for a private authority")
        }
        return ServerClient(base: base, token: token, authorityFile: caFile)
    }

    private static func isLoopback(_ url: URL) -> Bool {
        let host = url.host ?? ""
        return ListenAddress(parsing: host.contains(":") ? "[\(host)]:80" : "\(host):80")?.isLoopback ?? false
    }

    private func token(_ environment: [String: String]) throws -> String? {
        guard let tokenFile else { return environment["EVENKEEL_TOKEN"] }
        do {
            let text = try String(contentsOfFile: tokenFile, encoding: .utf8)
            return text.trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw CommandFailure(.wrongUse, "cannot read the token in \(tokenFile): \(error.localizedDescription)")
        }
    }
}
