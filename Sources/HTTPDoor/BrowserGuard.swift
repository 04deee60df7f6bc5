import HTTPTypes
import Hummingbird

/// Keeps web pages away. A page may make a browser send requests to loopback, name rebinding may make them look local,
/// and a browser adds a password that somebody once typed to whatever a page sends. Scripts, agents and Grafana's server
/// send no `Origin`, no foreign `Host`, and no `Sec-Fetch-Site`, which no page can leave out or forge.
public struct BrowserGuard<Context: RequestContext>: RouterMiddleware {
    private let listen: ListenAddress
    private let isOpen: Bool
    private let origins: AllowedOrigins

    /// A guard of a server that listens at `listen`. `isOpen` where no tokens are in force: then only loopback's names
    /// may stand in `Host`. `origins` are the pages that were let in.
    public init(listen: ListenAddress, isOpen: Bool = true, origins: AllowedOrigins = AllowedOrigins()) {
        self.listen = listen
        self.isOpen = isOpen
        self.origins = origins
    }

    /// Refuses with 403 what `objection` objects to.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if let problem = objection(to: request) { throw Refused(status: .forbidden, reason: problem) }
        return try await next(request, context)
    }

    /// Why `request` may come from a web page that nobody let in; `nil` when it cannot.
    public func objection(to request: Request) -> String? {
        guard let authority = request.head.authority, !isOpen || isOwn(authority) else {
            return "Host '\(request.head.authority ?? "")' is not this server's: use 127.0.0.1, ::1 or localhost"
        }
        if let problem = foreignPage(request, authority: authority) { return problem }
        guard isOpen, request.method == .post || request.method == .put else { return nil }
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased() ?? ""
        if type == "text/plain" || type == "multipart/form-data" {
            return "Content-Type '\(type)' is what a web page could send: refused"
        }
        // Of those paths only queries take a form, and a form that is sent from a page bears an Origin.
        let takesForms = ["/api/v1/", "/federate", "/metrics", "/-/"].contains { request.uri.path.hasPrefix($0) }
        if type == "application/x-www-form-urlencoded" && !takesForms {
            return "send application/json, not a form"
        }
        return nil
    }

    private func foreignPage(_ request: Request, authority: String) -> String? {
        if let origin = request.headers[.origin] {
            if origin == "http://\(authority)" || origin == "https://\(authority)" || origins.admit(request) {
                return nil
            }
            return "requests from web pages (Origin '\(origin)') are refused"
        }
        let site = request.headers[.secFetchSite] ?? "none"
        if site == "none" || site == "same-origin" { return nil }
        return "requests from web pages (Sec-Fetch-Site '\(site)') are refused"
    }

    private func isOwn(_ authority: String) -> Bool {
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return ["127.0.0.1", "localhost", "[::1]", listen.host, "[\(listen.host)]"].contains(String(host).lowercased())
    }
}

extension HTTPField.Name {
    /// Where a browser says that a request comes from, seen from the page that made it (W3C Fetch Metadata).
    static var secFetchSite: HTTPField.Name { .init("Sec-Fetch-Site") ?? .origin }
}
