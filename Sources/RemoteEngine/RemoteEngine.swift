import FleetModel
import HTTPClient
import MetricsWire

/// The query seam against any Prometheus-compatible server: queries go to its HTTP API, samples to its remote-write
/// receiver.
public final class RemoteEngine: QueryEngine, SeriesSink {
    /// Where the server is and how to speak to it.
    public struct Endpoint: Sendable {
        /// What `/api/v1/query` is appended to, such as `http://prometheus:9090`.
        public var queryURL: String
        /// The full URL of the remote-write receiver, such as `http://prometheus:9090/api/v1/write`; `nil` where nothing
        /// is written.
        public var writeURL: String?
        /// Sent as `Authorization: Bearer`.
        public var token: String?
        /// A file of certificates in PEM to trust in place of the system's.
        public var certificateAuthority: String?
        /// How long one request may take.
        public var timeLimit: Duration = .seconds(130)

        /// A server.
        public init(queryURL: String, writeURL: String? = nil) {
            self.queryURL = queryURL.hasSuffix("/") ? String(queryURL.dropLast()) : queryURL
            self.writeURL = writeURL
        }
    }

    private let client: HTTPClient
    private let endpoint: Endpoint

    /// An engine over the server at `endpoint`.
    public init(client: HTTPClient, endpoint: Endpoint) {
        self.client = client
        self.endpoint = endpoint
    }

    // MARK: Queries

    /// Evaluates `expression` at one moment; throws `RemoteEngineError`.
    public func instant(_ expression: String, at moment: Timestamp) async throws -> QueryAnswer {
        try await ask("/api/v1/query", [("query", expression), ("time", Self.seconds(moment.milliseconds))])
    }

    /// Evaluates `expression` over a range; throws `RemoteEngineError`.
    public func range(
        _ expression: String, from first: Timestamp, through last: Timestamp, step: Duration
    ) async throws -> QueryAnswer {
        try await ask(
            "/api/v1/query_range",
            [
                ("query", expression), ("start", Self.seconds(first.milliseconds)),
                ("end", Self.seconds(last.milliseconds)), ("step", Self.seconds(step.milliseconds)),
            ])
    }

    private func ask(_ path: String, _ form: [(String, String)]) async throws(RemoteEngineError) -> QueryAnswer {
        let body = form.map { "\($0.0)=\(HTTPRequest.encoded($0.1))" }.joined(separator: "&")
        let response = try await send(
            endpoint.queryURL + path, [("Content-Type", "application/x-www-form-urlencoded")], Array(body.utf8))
        return try AnswerDecoder.answer(of: response)
    }

    /// Milliseconds as seconds with three decimals.
    static func seconds(_ milliseconds: Int64) -> String {
        let magnitude = milliseconds.magnitude
        let fraction = String(magnitude % 1000 + 1000).dropFirst()
        return "\(milliseconds < 0 ? "-" : "")\(magnitude / 1000).\(fraction)"
    }

    // MARK: Samples

    /// Sends samples by remote write 1.0; returns when the server has acknowledged them. Throws `RemoteEngineError`.
    public func append(_ series: [SeriesSamples]) async throws {
        guard let url = endpoint.writeURL else { throw RemoteEngineError.noWriteURL }
        let headers = [
            ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
            ("X-Prometheus-Remote-Write-Version", "0.1.0"),
        ]
        let response = try await send(url, headers, RemoteWriteEncoder.encode(series))
        do {
            try response.requireSuccess()
        } catch {
            throw RemoteEngineError.http(error)
        }
    }

    private func send(
        _ url: String, _ headers: [(String, String)], _ body: [UInt8]
    ) async throws(RemoteEngineError) -> HTTPResponse {
        var request = HTTPRequest(.post, url, headers: headers.map { (name: $0.0, value: $0.1) }, body: body)
        request.totalLimit = endpoint.timeLimit
        request.certificateAuthority = endpoint.certificateAuthority
        if let token = endpoint.token { request.authorize(bearer: token) }
        do {
            return try await client.send(request)
        } catch {
            throw .http(error)
        }
    }
}
