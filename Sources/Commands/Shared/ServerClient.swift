import FleetServer
import Foundation
import HTTPClient

/// The server's API as the commands use it; every failure becomes a message and an exit code of the contract.
struct ServerClient: Sendable {
    /// The server's address without a slash at the end.
    let base: String
    private let token: String?
    private let authorityFile: String?
    private let http = HTTPClient(agent: "evenkeel/\(Version.text)")

    init(base: String, token: String? = nil, authorityFile: String? = nil) {
        self.base = base
        self.token = token
        self.authorityFile = authorityFile
    }

    func get<Answer: Decodable>(_ path: String) async throws -> Answer {
        try decode(try await send(request(.get, path)), from: path)
    }

    func post<Answer: Decodable>(_ path: String, _ body: some Encodable) async throws -> Answer {
        var message = request(.post, path)
        message.headers.append((name: "Content-Type", value: "application/json"))
        message.body = Array(try JSONEncoder().encode(body))
        return try decode(try await send(message), from: path)
    }

    func delete<Answer: Decodable>(_ path: String) async throws -> Answer {
        try decode(try await send(request(.delete, path)), from: path)
    }

    /// Asks a Prometheus path with a form and returns the JSON as it came.
    func form(_ path: String, _ fields: [(name: String, value: String)]) async throws -> [UInt8] {
        var message = request(.post, path)
        message.headers.append((name: "Content-Type", value: "application/x-www-form-urlencoded"))
        let pairs = fields.map { "\(HTTPRequest.encoded($0.name))=\(HTTPRequest.encoded($0.value))" }
        message.body = Array(pairs.joined(separator: "&").utf8)
        return try await send(message).body
    }

    /// Sends bytes as they are and returns what comes back: success, or one of the statuses `alsoTaking`.
    func exchange(
        _ method: HTTPRequest.Method, _ path: String, body: [UInt8] = [], alsoTaking: Set<Int> = []
    ) async throws -> HTTPResponse {
        var message = request(method, path)
        message.body = body
        if !body.isEmpty { message.headers.append((name: "Content-Type", value: "application/octet-stream")) }
        return try await send(message, alsoTaking: alsoTaking)
    }

    /// Whether the server is up and takes requests.
    func isReady() async -> Bool {
        (try? await http.send(request(.get, "/-/ready")))?.status == 200
    }

    /// `text` as one step of a path.
    static func escaped(_ text: String) -> String { HTTPRequest.encoded(text) }

    private func request(_ method: HTTPRequest.Method, _ path: String) -> HTTPRequest {
        var request = HTTPRequest(method, base + path)
        request.certificateAuthority = authorityFile
        if let token { request.authorize(bearer: token) }
        return request
    }

    private func send(_ request: HTTPRequest, alsoTaking: Set<Int> = []) async throws -> HTTPResponse {
        let response: HTTPResponse
        do {
            response = try await http.send(request)
        } catch {
            throw failure(error)
        }
        if (200...299).contains(response.status) || alsoTaking.contains(response.status) { return response }
        throw refusal(response)
    }

    private func failure(_ error: HTTPClientError) -> CommandFailure {
        if case .invalidRequest = error { return CommandFailure(.wrongUse, "\(error)") }
        let authority = base.hasPrefix("https") ? " A private authority's certificate is named with --ca-file." : ""
        return CommandFailure(
            .unreachable,
            "\(error)\n  Is the server running? Name another one with --server or EVENKEEL_SERVER.\(authority)")
    }

    /// The reason that a refusal gives.
    static func reason(in response: HTTPResponse) -> String {
        (try? JSONDecoder().decode(Refusal.self, from: Data(response.body)))?.error ?? response.text
    }

    /// What an answer that is no success means: whoever answered at all with a reason was reached.
    func refusal(_ response: HTTPResponse) -> CommandFailure {
        let reason = Self.reason(in: response)
        switch response.status {
        case 401: return CommandFailure(.no, "\(reason); set EVENKEEL_TOKEN or --token-file")
        case 400: return CommandFailure(.wrongUse, reason)
        case 507: return CommandFailure(.environment, "the server lacks room: \(reason)")
        case 502...504: return CommandFailure(.unreachable, "\(base) answered \(response.status): \(reason)")
        case 500...: return CommandFailure(.no, "\(base) answered \(response.status): \(reason)")
        default: return CommandFailure(.no, reason)
        }
    }

    func decode<Answer: Decodable>(_ response: HTTPResponse, from path: String) throws -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(response.body))
        } catch {
            throw CommandFailure(
                .unreachable, "\(base)\(path) is not an Evenkeel server of this version: its answer cannot be read")
        }
    }

    private struct Refusal: Decodable {
        let error: String
    }
}
