import FleetModel
import FleetState
import HTTPTypes
import Hummingbird
import Notifications

/// What keeps notifications quiet for a while.
struct SilenceRoutes {
    /// The longest that a silence holds.
    private static let longest: Double = 366 * 86_400

    let state: FleetStateStore
    let desk: NotificationDesk
    let clock: any Clock

    func add(to router: Router<FleetRequestContext>) {
        let group = router.group("/fleet/v1/silences")
        group.get { request, context in
            _ = try context.requireOperator()
            let silences = try await state.silences(at: clock.now, all: request.uri.queryParameters["all"] == "true")
            return try FleetJSON.response(silences)
        }
        group.post { try await add($0, $1) }
        group.delete(":number") { try await end($0, $1) }
    }

    private func add(_ request: Request, _ context: FleetRequestContext) async throws -> Response {
        let actor = try context.requireOperator().name
        let order = try await request.decoded(as: SilenceOrder.self, upTo: 1 << 16)
        if order.reason.allSatisfy(\.isWhitespace) { throw APIError(.badRequest, "reason: say why") }
        guard (1...Self.longest).contains(order.seconds) else {
            throw APIError(.badRequest, "seconds: a silence holds for a second to a year")
        }
        let now = clock.now
        let silence = Silence(
            matchers: order.matchers, created: now, until: now + .milliseconds(Int64(order.seconds * 1000)),
            actor: actor, reason: String(order.reason.prefix(1000)))
        do throws(LabelCondition.Problem) {
            _ = try ActiveSilence(silence)
        } catch {
            throw APIError(.badRequest, "\(error)")
        }
        guard let kept = try await state.addSilence(silence) else {
            throw APIError(.conflict, "\(FleetStateStore.mostSilences) silences hold already; end some")
        }
        try await tell()
        return try FleetJSON.response(kept)
    }

    private func end(_ request: Request, _ context: FleetRequestContext) async throws -> Response {
        let actor = try context.requireOperator().name
        let text = context.parameters.get("number") ?? ""
        guard let number = Int64(text), number > 0 else {
            throw APIError(.badRequest, "'\(text)' is not the number of a silence")
        }
        guard let ended = try await state.endSilence(number, actor: actor, at: clock.now) else {
            throw APIError(.notFound, "no silence \(number) holds")
        }
        try await tell()
        return try FleetJSON.response(ended)
    }

    private func tell() async throws { desk.use(try await state.silences(at: clock.now)) }
}
