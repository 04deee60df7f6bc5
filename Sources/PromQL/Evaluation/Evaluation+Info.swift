import FleetModel
import Patterns

extension Evaluation {
    /// `info()`: adds to each series the labels of the info series (such as `target_info`) that speak of the same
    /// `instance` and `job` (Prometheus' promql/info.go).
    func streamInformed(_ node: Call, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        let request = try InfoRequest(node.arguments.dropFirst().first)
        let series = try collect(node.arguments[0], steps)
        let asked = series.map { !request.isInfo($0.labels) }
        let identities = zip(series, asked).filter(\.1).map { InfoRequest.identity(of: $0.0.labels) }
        let found = try infoSeries(request, identities, Self.reference(of: node.arguments[0]), steps)
        let names = Set(found.compactMap(\.labels.metric)).sorted()
        var merged = MergedSeries()
        for (one, isAsked) in zip(series, asked) {
            try checkStop()
            if isAsked {
                try inform(one, found, names, request, into: &merged)
            } else {
                try merged.add(one)
            }
        }
        for var one in merged.series where one.hasValue { try receive(&one) }
    }

    /// The info series of the given identities; a value is the moment at which the sample was taken, in milliseconds.
    private func infoSeries(
        _ request: InfoRequest, _ identities: [Labels], _ reference: (anchor: TimeAnchor?, offset: Duration),
        _ steps: Steps
    ) throws(PromQLError) -> [StepSeries] {
        var matchers = request.matchers
        for name in InfoRequest.identifying {
            let values = Set(identities.compactMap { $0[name] }).sorted()
            if !values.isEmpty {
                let pattern = values.map(InfoRequest.literal).joined(separator: "|")
                matchers.append(LabelMatcher(name, .matches, pattern))
            }
        }
        guard matchers.count > request.matchers.count else { return [] }
        let selector = VectorSelector(
            metric: nil, matchers: matchers, offset: reference.offset, anchor: reference.anchor, span: .none)
        var found: [StepSeries] = []
        try newestSamples(selector, steps) { columns, place in
            Double(columns.times[place])
        } receive: { series throws(PromQLError) in
            try self.hold(steps.count)
            found.append(series)
            series.values = []
        }
        return found
    }

    /// One series with the labels that it gets, which may change from step to step.
    private func inform(
        _ series: StepSeries, _ found: [StepSeries], _ names: [String], _ request: InfoRequest,
        into merged: inout MergedSeries
    ) throws(PromQLError) {
        let identity = InfoRequest.identity(of: series.labels)
        let candidates = names.map { name in
            found.indices.filter {
                found[$0].labels.metric == name && InfoRequest.identity(of: found[$0].labels) == identity
            }
        }
        var results: [[Int]: StepSeries] = [:]
        for step in series.values.indices where !StepSeries.isAbsent(series.values[step]) {
            var chosen: [Int] = []
            for places in candidates {
                if let place = try Self.newest(places, found, step) { chosen.append(place) }
            }
            if chosen.isEmpty, !request.acceptsNone { continue }
            if results[chosen] == nil {
                var result = StepSeries(
                    labels: try request.labels(of: series.labels, informedBy: chosen.map { found[$0].labels }),
                    dropsName: series.dropsName, values: [])
                result.reset(series.values.count)
                results[chosen] = result
            }
            results[chosen]?.values[step] = series.values[step]
        }
        for (_, result) in results.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) { try merged.add(result) }
    }

    /// Of several info series of one name and identity the one that was sampled last.
    private static func newest(_ places: [Int], _ found: [StepSeries], _ step: Int) throws(PromQLError) -> Int? {
        var best: Int?
        for place in places where !StepSeries.isAbsent(found[place].values[step]) {
            guard let other = best else {
                best = place
                continue
            }
            let (time, otherTime) = (found[place].values[step], found[other].values[step])
            if time == otherTime {
                throw .evaluation(
                    reason: "found duplicate series for info metric: existing \(found[other].labels) @ "
                        + "\(Int64(otherTime)), new \(found[place].labels) @ \(Int64(time))")
            }
            if time > otherTime { best = place }
        }
        return best
    }

    /// When the info series are looked at: as the first selector in the expression, with what sub-queries around it add.
    private static func reference(of expression: Expression) -> (anchor: TimeAnchor?, offset: Duration) {
        firstReference(expression) ?? (nil, .zero)
    }

    private static func firstReference(_ expression: Expression) -> (anchor: TimeAnchor?, offset: Duration)? {
        switch expression {
        case .selector(let node): return (node.anchor, node.offset)
        case .subquery(let node):
            guard let inner = firstReference(node.expression) else { return nil }
            return inner.anchor == nil ? (node.anchor, inner.offset + node.offset) : inner
        default:
            for child in expression.children {
                if let found = firstReference(child) { return found }
            }
            return nil
        }
    }
}
