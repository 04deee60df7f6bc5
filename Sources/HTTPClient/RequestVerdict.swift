/// What a receiver's answer means for a request that is repeated until it is delivered or refused.
public enum RequestVerdict: Hashable, Sendable {
    /// It has it.
    case delivered
    /// It will never take it.
    case refused(String)
    /// Try again, not before the span has passed.
    case later(String, after: Duration)

    /// The longest that a receiver may ask to be left alone.
    private static let longestWait: Int64 = 600

    /// By status (remote write 1.0, "Retries & Backoff"): 5xx and 429 are tried again, other 4xx are not; but for those
    /// that say something of the address, the credentials or the moment and nothing of the request.
    public init(_ response: HTTPResponse) {
        let text = String(decoding: response.body.prefix(500), as: UTF8.self)
        let reason = "status \(response.status)" + (text.isEmpty ? "" : ": \(text)")
        switch response.status {
        case 200...299: self = .delivered
        case 401, 403, 404, 405, 407, 408, 425, 429: self = .later(reason, after: Self.retryAfter(response))
        case 400...499: self = .refused(reason)
        default: self = .later(reason, after: Self.retryAfter(response))
        }
    }

    /// `Retry-After` in seconds; a date is not worth reading since the back-off comes first.
    private static func retryAfter(_ response: HTTPResponse) -> Duration {
        guard let text = response[header: "retry-after"], let seconds = Int64(text), seconds > 0 else { return .zero }
        return .seconds(min(seconds, longestWait))
    }
}
