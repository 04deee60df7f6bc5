import FleetModel
import FleetState
import HTTPTypes
import Hummingbird
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
            return try await controller.decide(.approve(tip: tip, snapshotVersion: order.plan), context) {
                try await reader.tip($0.tip ?? tip)
            }
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
            return try await controller.decide(.dismiss(tip: tip, reason: order.reason), context) {
                try await reader.tip($0.tip ?? tip)
            }
        }
        group.post("operations/:number/cancel") { _, context in
            let operation = try number(context, "operation")
            return try await controller.decide(.cancel(operation: operation), context) {
                try await reader.operation($0.operation ?? operation)
            }
        }
    }

    private func number(_ context: FleetRequestContext, _ what: String) throws -> Int64 {
        let text = context.parameters.get("number") ?? ""
        guard let number = Int64(text), number > 0 else {
            throw APIError(.badRequest, "'\(text)' is not the number of a \(what)")
        }
        return number
    }
}
