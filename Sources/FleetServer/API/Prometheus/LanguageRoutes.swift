import Hummingbird
import PromQL

/// `format_query` and `parse_query`: what a query says, without asking it.
struct LanguageRoutes {
    func add(to group: RouterGroup<FleetRequestContext>) {
        group.serve("format_query", [.get, .post]) { request, _ in
            let expression = try Self.expression(try await RequestParameters(request))
            return .success { $0.string(expression.pretty) }
        }
        group.serve("parse_query", [.get, .post]) { request, _ in
            let expression = try Self.expression(try await RequestParameters(request))
            return .success { ExpressionJSON.write(expression, to: &$0) }
        }
    }

    static func expression(_ parameters: RequestParameters) throws -> PromQL.Expression {
        do throws(PromQLError) {
            return try parse(parameters["query"] ?? "")
        } catch {
            throw APIError(error)
        }
    }
}
