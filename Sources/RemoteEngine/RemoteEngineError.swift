import HTTPClient

/// Why another server gave no answer; each with its evidence.
public enum RemoteEngineError: Error, Hashable, Sendable {
    /// The server was not reached, or answered with what is not Prometheus' way.
    case http(HTTPClientError)
    /// The server refused the query: its words.
    case refused(url: String, type: String, reason: String)
    /// The answer cannot be read: where, and how it begins.
    case undecodable(url: String, reason: String, body: String)
    /// Samples were to be written, but the configuration names no URL for that.
    case noWriteURL
}

extension RemoteEngineError: CustomStringConvertible {
    /// What happened, with which server, and what to do.
    public var description: String {
        switch self {
        case .http(let error): "\(error)"
        case .refused(let url, let type, let reason): "\(url) refused the query (\(type)): \(reason)"
        case .undecodable(let url, let reason, let body):
            "cannot read the answer of \(url): \(reason); is it a Prometheus-compatible server? It begins: \(body)"
        case .noWriteURL: "samples cannot be written: the configuration of the query engine names no write URL"
        }
    }
}
