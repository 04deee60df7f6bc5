import FleetModel
import FleetState
import HTTPTypes
import Hummingbird
import NIOCore
import Remediation

/// What the command line and other tools of operators call.
struct FleetRoutes {
    let controller: FleetController
    let state: FleetStateStore
    let reader: FleetReader

    func add(to router: Router<FleetRequestContext>) {
        let group = router.group("/fleet/v1")
        group.get("status") { _, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(reader.status())
        }
        group.get("hosts") { _, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(try await reader.hosts())
        }
        group.get("tips") { request, context in
            _ = try context.requireOperator()
            if request.uri.queryParameters["brief"] == "true" {
                let json = TipRow.json(try await reader.tipRows(all: request.uri.queryParameters["all"] == "true"))
                return Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: .init(byteBuffer: ByteBuffer(bytes: json)))
            }
            return try FleetJSON.response(try await reader.tips(all: request.uri.queryParameters["all"] == "true"))
        }
        group.get("tips/:number") { _, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(try await reader.tip(try number(context, "tip")))
        }
        group.get("operations") { _, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(try await reader.operations())
        }
        group.get("operations/:number") { _, context in
            _ = try context.requireOperator()
            return try FleetJSON.response(try await reader.operation(try number(context, "operation")))
        }
        addDecisions(to: group)
    }

    private func addDecisions(to group: RouterGroup<FleetRequestContext>) {
        group.post("tips/:number/approve") { request, context in
            _ = try context.requireOperator()
            let tip = try number(context, "tip")
            let order = try await request.decoded(as: ApprovalOrder.self)
            let choice = try choice(of: order)
            let kind = ControlRequest.Kind.approvePart(tip: tip, snapshotVersion: order.plan, choice)
            return try await controller.decide(kind, context) { try await reader.tip($0.tip ?? tip) }
        }
        group.delete("hosts/:host") { _, context in
            guard let host = HostName(context.parameters.get("host") ?? "") else {
                throw APIError(.badRequest, "that is not a host's name")
            }
            return try await controller.decide(.removeHost(host), context) { _ in Empty() }
        }
        group.post("tips/:number/dismiss") { request, context in
            _ = try context.requireOperator()
            let tip = try number(context, "tip")
            let order = try await request.decoded(as: DismissalOrder.self)
            if order.reason.allSatisfy(\.isWhitespace) { throw APIError(.badRequest, "reason: say why") }
            if let seconds = order.seconds, !(1...Self.longestQuiet).contains(seconds) {
                throw APIError(.badRequest, "seconds: a second to a year")
            }
            let span = order.seconds.map { Duration.milliseconds(Int64($0 * 1000)) }
            let kind = ControlRequest.Kind.dismiss(tip: tip, reason: order.reason, quietFor: span)
            return try await controller.decide(kind, context) { try await reader.tip($0.tip ?? tip) }
        }
        group.post("operations/:number/cancel") { _, context in
            let operation = try number(context, "operation")
            return try await controller.decide(.cancel(operation: operation), context) {
                try await reader.operation($0.operation ?? operation)
            }
        }
    }

    /// The longest that a dismissed finding stays quiet, in seconds.
    private static let longestQuiet: Double = 366 * 86_400

    private func choice(of order: ApprovalOrder) throws -> PlanChoice {
        var destinations: [Int: HostName] = [:]
        for (step, text) in order.destinations ?? [:] {
            guard let host = HostName(text) else {
                throw APIError(.badRequest, "destinations: '\(text)' is not a host's name")
            }
            destinations[step] = host
        }
        return PlanChoice(steps: order.steps.map(Set.init), destinations: destinations)
    }

    private func number(_ context: FleetRequestContext, _ what: String) throws -> Int64 {
        let text = context.parameters.get("number") ?? ""
        guard let number = Int64(text), number > 0 else {
            throw APIError(.badRequest, "'\(text)' is not the number of a \(what)")
        }
        return number
    }
}
