import HTTPTypes
import Hummingbird

/// Keeps web pages away from a server that trusts every process of its machine: a page may make a browser send requests
/// to loopback, and name rebinding may make them look local. Scripts and agents send neither `Origin` nor a foreign
/// `Host`, and no form can send `application/json`.
struct BrowserGuard<Context: RequestContext>: RouterMiddleware {
    /// The address that the server was told to listen on.
    let listen: ListenAddress

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if let problem = objection(to: request) { throw APIError(.forbidden, problem) }
        return try await next(request, context)
    }

    /// Why `request` may come from a web page; `nil` when it cannot.
    func objection(to request: Request) -> String? {
        guard let authority = request.head.authority, isOwn(authority) else {
            return "Host '\(request.head.authority ?? "")' is not this server's: use 127.0.0.1, ::1 or localhost"
        }
        if let origin = request.headers[.origin], origin != "http://\(authority)" {
            return "requests from web pages (Origin '\(origin)') are refused"
        }
        guard request.method == .post || request.method == .put else { return nil }
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased() ?? ""
        if type == "text/plain" || type == "multipart/form-data" {
            return "Content-Type '\(type)' is what a web page could send: refused"
        }
        let isQuery = request.uri.path.hasPrefix("/api/v1/")
        if type == "application/x-www-form-urlencoded" && !isQuery {
            return "send application/json, not a form"
        }
        return nil
    }

    private func isOwn(_ authority: String) -> Bool {
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return ["127.0.0.1", "localhost", "[::1]", listen.host, "[\(listen.host)]"].contains(String(host))
    }
}
