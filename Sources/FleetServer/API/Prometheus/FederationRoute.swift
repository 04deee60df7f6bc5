import FleetModel
import HTTPDoor
import Hummingbird
import MetricsWire

/// `/federate`: the newest sample of chosen series as a page of metrics, for another Prometheus to scrape.
struct FederationRoute {
    let lister: SeriesLister
    let lookBack: Duration
    let clock: any Clock

    func add(to router: Router<FleetRequestContext>) {
        router.serve("/federate", [.get]) { request, context in
            _ = try context.requireOperator()
            do {
                return try await page(request)
            } catch let error as APIError {
                // The one path whose errors are text in Prometheus as well.
                return .text(error.reason + "\n", status: error.status)
            }
        }
    }

    private func page(_ request: Request) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let selectors = try parameters.all("match[]").map { try SeriesLister.Scope.selector($0) }
        let now = clock.now
        let scope = SeriesLister.Scope(
            selectors: selectors, first: (now - lookBack).milliseconds, last: now.milliseconds)
        let found = try await APIError.translating { try await lister.newest(scope) }
        var page = TextExposition(MetricsPage.format(for: request))
        var metric: String?
        for element in found.sorted(by: { ($0.labels.metric ?? "") < ($1.labels.metric ?? "") }) {
            guard let name = element.labels.metric else { continue }
            if name != metric { page.family(name, .untyped, help: "") }
            metric = name
            var labels = element.labels.pairs.filter { $0.name != Labels.metricName }
                .map { (name: $0.name, value: $0.value) }
            // So that the reader takes the labels as they are and adds no instance of its own.
            if element.labels["instance"] == nil { labels.append((name: "instance", value: "")) }
            page.sample(element.value, labels: labels, at: Timestamp(milliseconds: element.time))
        }
        return MetricsPage.response(page)
    }
}
