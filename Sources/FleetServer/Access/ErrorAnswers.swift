import FleetState
import HTTPDoor
import HTTPTypes
import Hummingbird

/// Turns errors into answers before they leave the other middleware, so that errors are compressed and open to admitted
/// pages like everything else. What nobody serves is answered as Prometheus does.
struct ErrorAnswers: RouterMiddleware {
    func handle(
        _ request: Request, context: FleetRequestContext,
        next: (Request, FleetRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return .text("404 page not found\n", status: .notFound)
        } catch let error as Refused {
            return try APIError(error.status, error.reason).response(from: request, context: context)
        } catch FleetStateError.diskFull(let path) {
            return try APIError(.insufficientStorage, "\(FleetStateError.diskFull(path: path))")
                .response(from: request, context: context)
        } catch let error as any HTTPResponseError {
            return try error.response(from: request, context: context)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return try APIError(.internalServerError, "\(error)", prometheusType: "internal")
                .response(from: request, context: context)
        }
    }
}

extension HTTPResponse.Status {
    /// The server has no room for what was asked (RFC 4918, section 11.5).
    static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}

extension Response {
    /// Plain text for a person or a script.
    static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

extension RouterMethods where Context == FleetRequestContext {
    /// Serves a path for the given methods and answers all others with 405 and what is allowed, as Prometheus does.
    func serve(
        _ path: RouterPath, _ methods: [HTTPRequest.Method],
        use handler: @Sendable @escaping (Request, FleetRequestContext) async throws -> Response
    ) {
        let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        let allowed = (methods + [.options]).map(\.rawValue).sorted().joined(separator: ", ")
        for method in methods { on(path, method: method, use: handler) }
        for method in known where !methods.contains(method) {
            on(path, method: method) { _, _ -> Response in
                var response =
                    method == .options
                    ? Response(status: .noContent) : .text("Method Not Allowed\n", status: .methodNotAllowed)
                response.headers[.allow] = allowed
                return response
            }
        }
    }
}
