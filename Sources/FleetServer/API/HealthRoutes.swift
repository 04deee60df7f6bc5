import FleetModel
import HTTPDoor
import HTTPTypes
import Hummingbird

/// What load balancers, scripts and Prometheus itself ask: is it up, can it work, how is it?
struct HealthRoutes {
    let controller: FleetController
    let metrics: ServerMetrics

    /// What is said of the server without asking who wants to know.
    func add(to router: Router<FleetRequestContext>) {
        router.serve("/-/healthy", [.get, .head]) { request, _ in
            .text("Evenkeel \(metrics.version) is healthy.\n").answering(request)
        }
        router.serve("/-/ready", [.get, .head]) { request, _ in
            if let problem = controller.view.withLock({ $0.problem ?? $0.seriesProblem }) {
                throw APIError(.serviceUnavailable, problem, retryAfterSeconds: 5)
            }
            return .text("Evenkeel \(metrics.version) is ready.\n").answering(request)
        }
    }

    /// What only operators may read.
    func addMetrics(to router: Router<FleetRequestContext>) {
        router.serve("/metrics", [.get]) { request, context in
            _ = try context.requireOperator()
            return MetricsPage.response(metrics.page(MetricsPage.format(for: request)))
        }
    }
}

extension Response {
    /// Without its body where only the head was asked for.
    fileprivate func answering(_ request: Request) -> Response {
        request.method == .head ? createHeadResponse() : self
    }
}
