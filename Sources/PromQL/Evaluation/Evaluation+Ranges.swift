import FleetModel

extension Evaluation {
    /// A function of a range vector: each series is read once, and a window slides over it.
    func stream(
        _ function: RangeFunction, _ node: Call, _ steps: Steps, _ receive: Receiver
    ) throws(PromQLError) {
        guard let argument = node.arguments.first(where: { $0.kind == .rangeVector }) else { return }
        let (range, boundary) = Self.span(of: argument)
        if let boundary, !boundary.functions.contains(function) {
            let names = boundary.functions.map(\.rawValue).joined(separator: ", ")
            throw .evaluation(
                reason: "\(boundary.rawValue) modifier can only be used with: \(names) - not with \(function.rawValue)")
        }
        let parameters = try parameters(function, node, steps)
        var windows = WindowKernel(function: function, parameters: parameters, steps: steps, range: range)
        var found = PresenceColumn(steps.count)
        func take(_ series: inout StepSeries) throws(PromQLError) {
            if function == .absentOverTime { return found.merge(series.values) }
            if function.isOfCounter { informIfNoCounter(series.labels, at: argument.span) }
            series.dropsName = series.dropsName || !function.keepsName
            try receive(&series)
        }
        if let choice = buckets(for: function, argument, steps) {
            try stream(choice, function, steps, take)
        } else {
            try streamRanges(argument, steps) { series, columns, references throws(PromQLError) in
                if let boundary {
                    self.evaluate(function, boundary, range, columns, references, into: &series.values)
                } else {
                    try windows.evaluate(columns, references, into: &series.values, checkStop: self.checkStop)
                }
                if series.hasValue { try take(&series) }
            }
        }
        if function == .absentOverTime { try emitAbsence(found, argument, steps, receive) }
    }

    /// A function of ranges that are `anchored` or `smoothed`.
    private func evaluate(
        _ function: RangeFunction, _ boundary: RangeBoundary, _ range: Duration, _ columns: SampleColumns,
        _ references: References, into values: inout [Double]
    ) {
        for step in values.indices {
            let reference = references.time(step)
            let window = BoundaryWindow(
                columns, open: reference - range.milliseconds, reference: reference,
                isSmoothed: boundary == .smoothed, lookBack: options.lookBack.milliseconds)
            if let window { values[step] = window.value(of: function, range: range.milliseconds) }
        }
    }

    /// The scalar arguments, checked.
    private func parameters(
        _ function: RangeFunction, _ node: Call, _ steps: Steps
    ) throws(PromQLError) -> [ScalarColumn] {
        var columns: [ScalarColumn] = []
        for argument in node.arguments where argument.kind == .scalar {
            columns.append(try scalar(argument, steps))
        }
        if function == .quantileOverTime, let quantile = columns.first {
            warnAboutQuantile(quantile, steps, at: node.arguments[0].span)
        }
        if function == .doubleExponentialSmoothing {
            try checkFactor(columns[0], "smoothing factor", "sf", steps)
            try checkFactor(columns[1], "trend factor", "tf", steps)
        }
        return columns
    }

    private func checkFactor(
        _ column: ScalarColumn, _ name: String, _ short: String, _ steps: Steps
    ) throws(PromQLError) {
        for step in 0..<steps.count where !(column[step] > 0 && column[step] < 1) {
            throw .evaluation(reason: "invalid \(name). Expected: 0 < \(short) < 1, got: \(column[step])")
        }
    }

    /// Warns where a quantile is not one.
    func warnAboutQuantile(_ column: ScalarColumn, _ steps: Steps, at span: SourceSpan) {
        for step in 0..<(column.varies ? steps.count : 1) where !(column[step] >= 0 && column[step] <= 1) {
            annotations.warn(
                "quantile value should be between 0 and 1, got \(DecimalText.general(column[step]))", at: span)
        }
    }

    private func informIfNoCounter(_ labels: Labels, at span: SourceSpan) {
        guard let metric = labels.metric, !metric.isEmpty,
            !["_total", "_sum", "_count", "_bucket"].contains(where: { metric.hasSuffix($0) })
        else { return }
        annotations.inform(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"\(metric)\"", at: span)
    }

    private func emitAbsence(
        _ found: PresenceColumn, _ argument: Expression, _ steps: Steps, _ receive: Receiver
    ) throws(PromQLError) {
        var series = StepSeries(labels: Self.labelsOfAbsence(argument), dropsName: false, values: found.absence)
        if series.hasValue { try receive(&series) }
    }

    /// The labels that a series surely had if there were one: those that a selector compares for equality, once each.
    static func labelsOfAbsence(_ expression: Expression) -> Labels {
        let matchers: [LabelMatcher]
        switch expression.unwrapped {
        case .selector(let node): matchers = node.matchers
        case .range(let node): matchers = node.selector.matchers
        default: return Labels()
        }
        var values: [String: String] = [:]
        var seen: Set<String> = []
        for matcher in matchers where matcher.name != Labels.metricName {
            if matcher.comparison == .equal, seen.insert(matcher.name).inserted {
                values[matcher.name] = matcher.value
            } else {
                values[matcher.name] = nil
            }
        }
        return Labels(values)
    }
}

/// At which steps any of many series had a value.
struct PresenceColumn {
    private var isPresent: [Bool]

    init(_ count: Int) { isPresent = [Bool](repeating: false, count: count) }

    mutating func merge(_ values: [Double]) {
        for step in values.indices where !StepSeries.isAbsent(values[step]) { isPresent[step] = true }
    }

    subscript(step: Int) -> Bool { isPresent[step] }

    /// One where none had a value.
    var absence: [Double] { isPresent.map { $0 ? StepSeries.absent : 1 } }
}
