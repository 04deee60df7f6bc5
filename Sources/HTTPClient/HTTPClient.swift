/// All outgoing HTTP, over libcurl: http and https, HTTP/2 where the server speaks it, connections reused, compressed
/// answers unpacked, no redirects followed.
///
/// One thread of its own drives every transfer with libcurl's multi interface, so hundreds of long polls wait at once
/// without holding a thread of Swift's pool. Cancelling the task aborts the transfer.
public final class HTTPClient: Sendable {
    private let loop: TransferLoop

    /// A client that names itself `agent` to servers.
    public init(agent: String = "evenkeel") {
        loop = TransferLoop(agent: agent)
        loop.start()
    }

    deinit { loop.stop() }

    /// Ends the client: transfers under way end with `HTTPClientError.closed`. Also happens when it is let go.
    public func close() { loop.stop() }

    /// Sends the request and returns what comes back, whatever its status.
    public func send(_ request: HTTPRequest) async throws(HTTPClientError) -> HTTPResponse {
        if let reason = Self.objection(to: request) {
            throw .invalidRequest(url: request.shownURL, reason: reason)
        }
        let ticket = loop.nextTicket()
        let result: Result<HTTPResponse, HTTPClientError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.submit(.begin(ticket, request, continuation))
            }
        } onCancel: {
            loop.submit(.cancel(ticket))
        }
        if Task.isCancelled { loop.submit(.forget(ticket)) }
        return try result.get()
    }

    /// Why a request must not reach libcurl.
    private static func objection(to request: HTTPRequest) -> String? {
        let url = request.url
        guard url.lowercased().hasPrefix("http://") || url.lowercased().hasPrefix("https://") else {
            return "the URL must begin with http:// or https://"
        }
        if url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) {
            return "the URL has a space or a control character"
        }
        for header in request.headers {
            if header.name.isEmpty || header.name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x3a || $0 >= 0x7f }) {
                return "'\(header.name)' is not a header field's name"
            }
            if header.value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f }) {
                return "the value of header field '\(header.name)' has a control character"
            }
        }
        return nil
    }
}
