import HTTPTypes
import Hummingbird

/// A refusal with its reason, answered as JSON: `{"error": "..."}`, in Prometheus' shape below `/api/v1`.
struct APIError: Error, HTTPResponseError {
    let status: HTTPResponse.Status
    /// For a person: what is wrong and what to do.
    let reason: String
    /// Prometheus' name for the kind of error.
    let prometheusType: String?
    /// After how many seconds a sender should come back.
    let retryAfterSeconds: Int?

    init(
        _ status: HTTPResponse.Status, _ reason: String, prometheusType: String? = nil, retryAfterSeconds: Int? = nil
    ) {
        self.status = status
        self.reason = reason
        self.prometheusType = prometheusType
        self.retryAfterSeconds = retryAfterSeconds
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        var json = JSONText()
        json.object { object in
            if request.uri.path.hasPrefix("/api/v1/") {
                object.member("status", "error")
                object.member("errorType", prometheusType ?? "bad_data")
            }
            object.member("error", reason)
        }
        var headers: HTTPFields = [.contentType: "application/json"]
        if let retryAfterSeconds { headers[.retryAfter] = "\(retryAfterSeconds)" }
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }
}
