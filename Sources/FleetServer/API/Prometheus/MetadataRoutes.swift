import FleetModel
import Hummingbird
import Patterns

/// `metadata` and `targets/metadata`: what metrics are, and which host's agent writes them.
struct MetadataRoutes {
    let metadata: MetricMetadata
    let controller: FleetController

    func add(to group: RouterGroup<FleetRequestContext>) {
        group.serve("metadata", [.get]) { request, _ in try await byMetric(request) }
        group.serve("targets/metadata", [.get]) { request, _ in try await byTarget(request) }
    }

    private func byMetric(_ request: Request) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let limit = try Self.count(parameters, "limit")
        // One entry is all that is known of a metric.
        let limitPerMetric = try Self.count(parameters, "limit_per_metric") ?? 1
        var entries = metadata.all().sorted { $0.key < $1.key }
        if let metric = parameters["metric"], !metric.isEmpty { entries = entries.filter { $0.key == metric } }
        return .success { json in
            json.object { json in
                for (metric, entry) in entries.prefix(limit ?? entries.count) {
                    json.array(metric) { json in
                        guard limitPerMetric > 0 else { return }
                        json.object { Self.write(entry, to: &$0) }
                    }
                }
            }
        }
    }

    private func byTarget(_ request: Request) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let limit = try Self.count(parameters, "limit") ?? .max
        let matchers = try parameters["match_target"].flatMap { $0.isEmpty ? nil : $0 }
            .map { try SeriesLister.Scope.selector($0, parameter: "match_target") }
        let metric = parameters["metric"] ?? ""
        let known = metadata.agents().sorted { $0.key < $1.key }.filter { metric.isEmpty || $0.key == metric }
        let hosts = controller.view.withLock { $0.hosts }.map { TargetRoutes.labels(of: $0) }
        let chosen = try hosts.filter { try matchers?.hold(for: $0) ?? true }
        let rows = chosen.sorted().flatMap { target in known.map { (target, $0) } }.prefix(limit)
        return .list(Array(rows)) { json, row in
            json.object { json in
                json.key("target")
                json.labels(row.0)
                if metric.isEmpty { json.member("metric", row.1.key) }
                Self.write(row.1.value, to: &json)
            }
        }
    }

    private static func write(_ entry: MetricMetadata.Entry, to json: inout JSONText) {
        json.member("type", entry.kind)
        json.member("help", entry.help)
        json.member("unit", entry.unit)
    }

    /// A count in Prometheus' way: absent and negative say nothing.
    private static func count(_ parameters: RequestParameters, _ name: String) throws -> Int? {
        guard let text = parameters[name], !text.isEmpty else { return nil }
        guard let number = Int(text) else { throw APIError(.badRequest, "\(name) must be a number") }
        return number < 0 ? nil : number
    }
}

extension [LabelMatcher] {
    /// Whether labels satisfy all of them.
    func hold(for labels: Labels) throws -> Bool {
        try allSatisfy { matcher in
            let value = labels[matcher.name] ?? ""
            switch matcher.comparison {
            case .equal: return value == matcher.value
            case .notEqual: return value != matcher.value
            case .matches: return try Self.matches(value, matcher.value)
            case .doesNotMatch: return try !Self.matches(value, matcher.value)
            }
        }
    }

    private static func matches(_ value: String, _ expression: String) throws -> Bool {
        do throws(PatternError) {
            return try Pattern(expression).matches(whole: value)
        } catch {
            throw APIError(.badRequest, "\(error)")
        }
    }
}
