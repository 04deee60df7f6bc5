/// Why there is no response, or not the wanted one; each with its evidence.
public enum HTTPClientError: Error, Hashable, Sendable {
    /// The request cannot be sent as it is: which URL, and what is wrong.
    case invalidRequest(url: String, reason: String)
    /// The server was not reached or the connection broke: libcurl's code and words.
    case transport(url: String, code: Int, reason: String)
    /// A time limit passed.
    case timedOut(url: String, reason: String)
    /// The body is larger than the request allows.
    case tooLarge(url: String, limit: Int)
    /// The task that asked was cancelled.
    case cancelled(url: String)
    /// The server answered, but not with success; the start of the body.
    case status(url: String, status: Int, body: String)
    /// The client was closed.
    case closed(url: String)

    /// Whether the same request may succeed later: a transport fault, a time limit, or a status that says so.
    public var isTemporary: Bool {
        switch self {
        case .transport, .timedOut: true
        case .status(_, let status, _): status == 429 || (500...599).contains(status)
        case .invalidRequest, .tooLarge, .cancelled, .closed: false
        }
    }
}

extension HTTPClientError: CustomStringConvertible {
    /// What happened, and with which URL.
    public var description: String {
        switch self {
        case .invalidRequest(let url, let reason): "cannot send a request to \(url): \(reason)"
        case .transport(let url, let code, let reason): "cannot reach \(url): \(reason) (curl \(code))"
        case .timedOut(let url, let reason): "no answer from \(url) in time: \(reason)"
        case .tooLarge(let url, let limit): "the answer of \(url) has more than \(limit) bytes"
        case .cancelled(let url): "the request to \(url) was cancelled"
        case .status(let url, let status, let body):
            body.isEmpty ? "\(url) answered \(status)" : "\(url) answered \(status): \(body)"
        case .closed(let url): "the request to \(url) was not finished: the client was closed"
        }
    }
}
