import HTTPTypes
import Hummingbird

/// The web pages that may read from the Prometheus API, by their origins: none unless the configuration names some.
public struct AllowedOrigins: Sendable {
    /// `https://grafana.example.org`; `*` admits every page.
    public var origins: [String]

    /// The given origins.
    public init(origins: [String] = []) { self.origins = origins }

    /// Whether the request comes from a page that may read what it asks for. Reading is all that they may: not writing
    /// samples, not administration, not the fleet's own API.
    public func admit(_ request: Request) -> Bool {
        guard let origin = request.headers[.origin] else { return false }
        let path = request.uri.path
        guard path.hasPrefix("/api/v1/"), !path.hasPrefix("/api/v1/admin"), !path.hasPrefix("/api/v1/write") else {
            return false
        }
        return origins.contains("*") || origins.contains(origin)
    }
}

/// Tells browsers that a page was let in (Fetch standard, "CORS protocol"), in the way that Prometheus does.
public struct CrossOrigin<Context: RequestContext>: RouterMiddleware {
    private let allowed: AllowedOrigins

    /// Admits `allowed`.
    public init(allowed: AllowedOrigins) { self.allowed = allowed }

    /// Answers a browser's question before a request, and marks the answers of admitted pages.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard allowed.admit(request), let origin = request.headers[.origin] else {
            return try await next(request, context)
        }
        // A browser asks before it sends a token along, and that question bears none.
        var response = request.method == .options ? Response(status: .noContent) : try await next(request, context)
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlAllowHeaders] = "Accept, Authorization, Content-Type, Origin"
        response.headers[.accessControlAllowMethods] = "GET, POST, OPTIONS"
        response.headers[.accessControlExposeHeaders] = "Date"
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        return response
    }
}
