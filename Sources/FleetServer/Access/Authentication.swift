import FleetModel
import FleetState
import HTTPDoor
import HTTPTypes
import Hummingbird

/// Finds out who sends a request. With tokens in force every request needs one, as a bearer token or as the password of
/// HTTP Basic, which is what Grafana and promtool offer; without, the server listens on loopback only and every process
/// of the machine is trusted.
struct Authentication: RouterMiddleware {
    /// What tokens are looked up in; `nil` where none are in force.
    let tokens: FleetStateStore?

    func handle(
        _ request: Request, context: FleetRequestContext,
        next: (Request, FleetRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.principal = try await principal(of: request)
        return try await next(request, context)
    }

    private func principal(of request: Request) async throws -> Principal {
        guard let tokens else { return .local }
        guard let secret = request.headers[.authorization].flatMap(Credentials.secret) else {
            throw APIError(
                .unauthorized,
                "this server wants 'Authorization: Bearer TOKEN', or HTTP Basic with the token as the password; "
                    + "see 'evenkeel token create'")
        }
        let hash = SHA256.hash(ofSecret: secret)
        guard let token = try await tokens.token(hash: hash), token.revoked == nil else {
            throw APIError(.unauthorized, "the token is unknown or was revoked")
        }
        switch token.role {
        case .operator: return .operator(token.name.text)
        case .agent:
            guard let host = HostName(token.name.text) else {
                throw APIError(.unauthorized, "the token's name '\(token.name)' is not a host's")
            }
            return .agent(host)
        }
    }
}
