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
        /// How to speak to it.
        public var access: HTTPAccess
        /// The most bytes of an answer, unpacked.
        public var answerLimit = 64 << 20

        /// A server.
        public init(
            queryURL: String, writeURL: String? = nil, access: HTTPAccess = HTTPAccess(timeLimit: .seconds(130))
        ) {
            self.queryURL = queryURL.hasSuffix("/") ? String(queryURL.dropLast()) : queryURL
            self.writeURL = writeURL
            self.access = access
        }
    }

    private let client: HTTPClient
    /// The server.
    public let endpoint: Endpoint
    /// How far back selectors look; `nil` for as far as the server does by itself.
    private let lookBack: Duration?

    /// An engine over the server at `endpoint`.
    public convenience init(client: HTTPClient, endpoint: Endpoint) {
        self.init(client: client, endpoint: endpoint, lookBack: nil)
    }

    private init(client: HTTPClient, endpoint: Endpoint, lookBack: Duration?) {
        self.client = client
        self.endpoint = endpoint
        self.lookBack = lookBack
    }

    /// The same engine with another look-back.
    public func lookingBack(_ lookBack: Duration) -> any QueryEngine {
        RemoteEngine(client: client, endpoint: endpoint, lookBack: lookBack)
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
        // VictoriaMetrics moves queries of the last half minute into the past unless it is told not to use its cache;
        // Prometheus passes the parameter over.
        let back = lookBack.map { [("lookback_delta", Self.seconds($0.milliseconds))] } ?? []
        return try AnswerDecoder.answer(of: try await post(path, form + back + [("nocache", "1")]))
    }

    /// Sends a form to a path of the server's API and gives back what it answers, whatever that is.
    public func post(_ path: String, _ form: [(String, String)]) async throws(RemoteEngineError) -> HTTPResponse {
        let body = form.map { "\(HTTPRequest.encoded($0.0))=\(HTTPRequest.encoded($0.1))" }.joined(separator: "&")
        return try await send(
            endpoint.queryURL + path, [("Content-Type", "application/x-www-form-urlencoded")], Array(body.utf8))
    }

    /// The path of a label's values.
    public static func path(ofValuesOf label: String) -> String {
        "/api/v1/label/\(HTTPRequest.encoded(label))/values"
    }

    /// Asks a path of the server's API for what it has, with the parameters in the URL.
    public func get(_ path: String, _ form: [(String, String)]) async throws(RemoteEngineError) -> HTTPResponse {
        let query = form.map { "\(HTTPRequest.encoded($0.0))=\(HTTPRequest.encoded($0.1))" }.joined(separator: "&")
        let url = endpoint.queryURL + path + (query.isEmpty ? "" : "?" + query)
        return try await send(HTTPRequest(.get, url))
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
        try await write(remoteWrite: RemoteWriteEncoder.encode(series))
    }

    /// Sends a remote write 1.0 request as it is; returns when the server has acknowledged it.
    public func write(remoteWrite body: [UInt8]) async throws(RemoteEngineError) {
        guard let url = endpoint.writeURL else { throw .noWriteURL }
        let response = try await send(url, RemoteWriteEncoder.headers, body)
        do throws(HTTPClientError) {
            try response.requireSuccess()
        } catch {
            throw .http(error)
        }
    }

    private func send(
        _ url: String, _ headers: [(String, String)], _ body: [UInt8]
    ) async throws(RemoteEngineError) -> HTTPResponse {
        try await send(HTTPRequest(.post, url, headers: headers.map { (name: $0.0, value: $0.1) }, body: body))
    }

    private func send(_ request: HTTPRequest) async throws(RemoteEngineError) -> HTTPResponse {
        var request = request
        endpoint.access.apply(to: &request)
        request.responseLimit = endpoint.answerLimit
        do throws(HTTPClientError) {
            return try await client.send(request)
        } catch {
            throw .http(error)
        }
    }
}
