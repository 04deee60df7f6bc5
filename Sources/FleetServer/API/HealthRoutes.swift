import FleetModel
import HTTPTypes
import Hummingbird
import MetricsWire

/// What load balancers, scripts and Prometheus itself ask: is it up, can it work, how is it?
struct HealthRoutes {
    let controller: FleetController
    let metrics: ServerMetrics

    /// What is said of the server without asking who wants to know.
    func add(to router: Router<FleetRequestContext>) {
        router.get("/-/healthy") { _, _ in "Evenkeel \(metrics.version) is healthy.\n" }
        router.get("/-/ready") { _, _ -> Response in
            if let problem = controller.view.withLock({ $0.problem ?? $0.seriesProblem }) {
                throw APIError(.serviceUnavailable, problem, retryAfterSeconds: 5)
            }
            let text = "Evenkeel \(metrics.version) is ready.\n"
            return Response(
                status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
    }

    /// What only operators may read.
    func addMetrics(to router: Router<FleetRequestContext>) {
        router.get("/metrics") { _, context -> Response in
            _ = try context.requireOperator()
            let page = metrics.page()
            return Response(
                status: .ok, headers: [.contentType: TextExposition.contentType],
                body: .init(byteBuffer: ByteBuffer(string: page.text)))
        }
    }
}
