import FleetModel
import FoundationEssentials
import HTTPClient

/// What a host says and hears at a console session of the server's (see the server's `ConsoleRoutes`).
extension ServerLink {
    /// What the server answered at a console session.
    enum ConsoleAnswer: Hashable, Sendable {
        /// What an operator typed, from the position on that was asked for.
        case typed([UInt8])
        /// Up to which position the session has what was printed.
        case taken(Int64)
        /// Nothing yet.
        case nothing
        /// Nobody is there any more: the session is over, or the server does not know it.
        case over(String)
    }

    private struct Receipt: Decodable { let end: Int64 }
    private struct Refusal: Decodable { let error: String }

    /// What was typed from `position` on; waits up to `wait` seconds for some.
    func typed(_ session: String, after position: Int64, wait: Int) async throws(HTTPClientError) -> ConsoleAnswer {
        var request = HTTPRequest(.get, address(session, "input") + "&after=\(position)&wait=\(wait)")
        request.totalLimit = .seconds(wait + 15)
        request.responseLimit = 1 << 20
        let response = try await exchange(request)
        switch response.status {
        case 200: return .typed(response.body)
        case 204: return .nothing
        default: return try ended(response)
        }
    }

    /// Says what was printed, from `position` on.
    func printed(
        _ bytes: [UInt8], at position: Int64, _ session: String
    ) async throws(HTTPClientError) -> ConsoleAnswer {
        var request = HTTPRequest(.post, address(session, "output") + "&at=\(position)", body: bytes)
        request.headers = [(name: "Content-Type", value: "application/octet-stream")]
        request.totalLimit = .seconds(30)
        let response = try await exchange(request)
        guard response.status == 200 else { return try ended(response) }
        guard let receipt = try? JSONDecoder().decode(Receipt.self, from: Data(response.body)) else {
            throw .status(url: response.url, status: response.status, body: "no receipt: \(response.text)")
        }
        return .taken(receipt.end)
    }

    /// Says that the console is closed on this side, and why.
    func endConsole(_ session: String, _ reason: String) async throws(HTTPClientError) {
        var request = HTTPRequest(.post, address(session, "end"), body: Array(reason.utf8.prefix(1000)))
        // Plain text is what a web page may send without asking, and so the server takes none.
        request.headers = [(name: "Content-Type", value: "application/octet-stream")]
        request.totalLimit = .seconds(10)
        _ = try await exchange(request)
    }

    /// Statuses that mean that nothing more will come of the session; others are thrown.
    private func ended(_ response: HTTPResponse) throws(HTTPClientError) -> ConsoleAnswer {
        if [403, 404, 409, 410].contains(response.status) {
            let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(response.body))
            return .over(refusal?.error ?? response.text)
        }
        try response.requireSuccess()
        return .nothing
    }

    private func address(_ session: String, _ what: String) -> String {
        let name = HTTPRequest.encoded(session)
        return "\(server)/agent/v1/consoles/\(name)/\(what)?host=\(HTTPRequest.encoded(host.text))"
    }
}
