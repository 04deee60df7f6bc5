import HTTPTypes
import Hummingbird

/// Why somebody is not let in, as an answer of plain text.
public struct Refused: Error, HTTPResponseError {
    /// 401 or 403.
    public let status: HTTPResponse.Status
    /// For a person.
    public let reason: String

    /// The answer.
    public func response(from request: Request, context: some RequestContext) throws -> Response {
        var response = Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: reason + "\n")))
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }
}
