import FleetModel
import Hummingbird
import Remediation

/// What was done, or is under way, on request.
struct Done: Sendable {
    var tip: Int64?
    var operation: Int64?
    /// Operations that were called off.
    var cancelled: [Int64] = []
    /// Why a stop holds in memory only.
    var unstored: String?
}

extension FleetController {
    /// Asks on behalf of whoever sent the request, an operator, and answers with what `show` makes of it.
    nonisolated func decide(
        _ kind: ControlRequest.Kind, _ context: FleetRequestContext,
        then show: (Done) async throws -> some Encodable
    ) async throws -> Response {
        let principal = try context.requireOperator()
        switch try await request(kind, by: principal.name) {
        case .done(let tip, let operation):
            return try FleetJSON.response(try await show(Done(tip: tip, operation: operation)))
        case .stopped(let cancelled): return try FleetJSON.response(try await show(Done(cancelled: cancelled)))
        case .stoppedInMemory(let reason): return try FleetJSON.response(try await show(Done(unstored: reason)))
        case .changed(let version, let warnings):
            return try FleetJSON.response(PolicyAnswer(version: version, warnings: warnings))
        case .foretold(let action, let choice): return try FleetJSON.response(MigrationView(action, choice))
        case .refused(let reason): throw APIError(.conflict, reason)
        case .notFound(let reason): throw APIError(.notFound, reason)
        }
    }
}
