import FleetModel
import HTTPTypes
import Hummingbird
import MetricsWire
import TimeSeriesStore

/// What load balancers, scripts and Prometheus itself ask: is it up, can it work, how is it?
struct HealthRoutes {
    let controller: FleetController
    let series: TimeSeriesStore
    let version: String

    /// What is said of the server without asking who wants to know.
    func add(to router: Router<FleetRequestContext>) {
        router.get("/-/healthy") { _, _ in "Evenkeel \(version) is healthy.\n" }
        router.get("/-/ready") { _, _ -> Response in
            if let problem = controller.view.withLock({ $0.problem ?? $0.seriesProblem }) {
                throw APIError(.serviceUnavailable, problem, retryAfterSeconds: 5)
            }
            let text = "Evenkeel \(version) is ready.\n"
            return Response(
                status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
    }

    /// What only operators may read.
    func addMetrics(to router: Router<FleetRequestContext>) {
        router.get("/metrics") { _, context -> Response in
            _ = try context.requireOperator()
            var page = TextExposition()
            page.family("evenkeel_build_info", .gauge, help: "The server's version; always 1.")
            page.sample(1, ["version": version])
            let view = controller.view.withLock { $0 }
            page.single("evenkeel_hosts", .gauge, help: "Hosts that ever reported.", Double(view.hosts.count))
            page.family("evenkeel_tips_open", .gauge, help: "Tips that have not ended, by level.")
            for level in TipLevel.allCases {
                page.sample(Double(view.tips.filter { $0.level == level }.count), ["level": level.rawValue])
            }
            page.single(
                "evenkeel_operations_running", .gauge, help: "Operations that have not ended.",
                Double(view.operations.count))
            series.writeMetrics(to: &page)
            return Response(
                status: .ok, headers: [.contentType: TextExposition.contentType],
                body: .init(byteBuffer: ByteBuffer(string: page.text)))
        }
    }
}
