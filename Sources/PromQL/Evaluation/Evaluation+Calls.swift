import FleetModel

#if canImport(Glibc)
    import Glibc
#endif

extension Evaluation {
    /// A function that gives a vector.
    func stream(_ node: Call, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        let name = node.function.name
        if let function = RangeFunction(rawValue: name) { return try stream(function, node, steps, receive) }
        if let function = ElementFunctions.plain[name] {
            return try streamMapped(node.arguments[0], steps, receive, function)
        }
        if let part = CalendarPart(rawValue: name) { return try stream(part, node, steps, receive) }
        switch name {
        case "absent": try streamAbsence(node, steps, receive)
        case "clamp", "clamp_min", "clamp_max": try streamClamped(node, steps, receive)
        case "round": try streamRounded(node, steps, receive)
        case "timestamp": try streamTimestamps(node, steps, receive)
        case "vector": try streamScalar(node.arguments[0], steps, receive)
        case "sort", "sort_desc", "sort_by_label", "sort_by_label_desc": try streamSorted(node, steps, receive)
        case "label_replace": try streamReplaced(node, steps, receive)
        case "label_join": try streamJoined(node, steps, receive)
        case "info": try streamInformed(node, steps, receive)
        case "histogram_quantile", "histogram_quantiles", "histogram_fraction":
            try streamHistograms(node, steps, receive)
        default: throw .evaluation(reason: "function \"\(name)\" is not supported")
        }
    }

    /// A function that gives a scalar.
    func scalar(_ node: Call, _ steps: Steps) throws(PromQLError) -> ScalarColumn {
        switch node.function.name {
        case "time": return ScalarColumn((0..<steps.count).map { Double(steps.time($0)) / 1000 })
        case "pi": return ScalarColumn(.pi)
        case "start": return ScalarColumn(Double(query.first) / 1000)
        case "end": return ScalarColumn(Double(end) / 1000)
        case "range": return ScalarColumn(Double(end - query.first) / 1000)
        case "step": return ScalarColumn(query.count > 1 ? Double(query.interval) / 1000 : 0)
        case "min_of", "max_of":
            let isMinimum = node.function.name == "min_of"
            return try scalar(node.arguments[0], steps).combined(with: scalar(node.arguments[1], steps), steps) {
                ElementFunctions.extreme($0, $1, isMinimum: isMinimum)
            }
        case "scalar": return try onlyElement(node.arguments[0], steps)
        default: throw .evaluation(reason: "function \"\(node.function.name)\" is not supported")
        }
    }

    /// `scalar()`: the value of the only element, not-a-number where there is none or more than one.
    private func onlyElement(_ vector: Expression, _ steps: Steps) throws(PromQLError) -> ScalarColumn {
        var values = [Double](repeating: .nan, count: steps.count)
        var counts = [Int](repeating: 0, count: steps.count)
        try stream(vector, steps) { (series: inout StepSeries) throws(PromQLError) in
            for step in 0..<steps.count where !StepSeries.isAbsent(series.values[step]) {
                counts[step] += 1
                values[step] = counts[step] == 1 ? series.values[step] : .nan
            }
        }
        return ScalarColumn(values)
    }

    private func streamMapped(
        _ vector: Expression, _ steps: Steps, _ receive: Receiver, _ function: (Double) -> Double
    ) throws(PromQLError) {
        try stream(vector, steps) { (series: inout StepSeries) throws(PromQLError) in
            series.map(function)
            try receive(&series)
        }
    }

    private func streamAbsence(_ node: Call, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        var found = PresenceColumn(steps.count)
        try stream(node.arguments[0], steps) { (series: inout StepSeries) throws(PromQLError) in
            found.merge(series.values)
        }
        var series = StepSeries(
            labels: Self.labelsOfAbsence(node.arguments[0]), dropsName: false, values: found.absence)
        if series.hasValue { try receive(&series) }
    }

    private func streamClamped(_ node: Call, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        let name = node.function.name
        let first = try scalar(node.arguments[1], steps)
        let lower = name == "clamp_max" ? ScalarColumn(-.infinity) : first
        let upper =
            name == "clamp_min"
            ? ScalarColumn(.infinity) : name == "clamp_max" ? first : try scalar(node.arguments[2], steps)
        try stream(node.arguments[0], steps) { (series: inout StepSeries) throws(PromQLError) in
            for step in 0..<steps.count where !StepSeries.isAbsent(series.values[step]) {
                let value = series.values[step]
                series.values[step] =
                    upper[step] < lower[step]
                    ? StepSeries.absent
                    : ElementFunctions.extreme(
                        lower[step], ElementFunctions.extreme(upper[step], value, isMinimum: true), isMinimum: false)
            }
            series.dropsName = true
            try receive(&series)
        }
    }

    private func streamRounded(_ node: Call, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        let unit = node.arguments.count > 1 ? try scalar(node.arguments[1], steps) : ScalarColumn(1)
        try stream(node.arguments[0], steps) { (series: inout StepSeries) throws(PromQLError) in
            for step in 0..<steps.count where !StepSeries.isAbsent(series.values[step]) {
                // Multiplying by the inverse costs less accuracy for units such as 0.1.
                let inverse = 1 / unit[step]
                series.values[step] = (series.values[step] * inverse + 0.5).rounded(.down) / inverse
            }
            series.dropsName = true
            try receive(&series)
        }
    }

    private func streamTimestamps(_ node: Call, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        if case .selector(let selector) = node.arguments[0].unwrapped {
            return try streamTimes(of: selector, steps, receive)
        }
        try stream(node.arguments[0], steps) { (series: inout StepSeries) throws(PromQLError) in
            for step in 0..<steps.count where !StepSeries.isAbsent(series.values[step]) {
                series.values[step] = Double(steps.time(step)) / 1000
            }
            series.dropsName = true
            try receive(&series)
        }
    }

    private func streamScalar(_ expression: Expression, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        let column = try scalar(expression, steps)
        var series = StepSeries(
            labels: Labels(), dropsName: false, values: (0..<steps.count).map { column[$0] })
        try receive(&series)
    }

    private func stream(
        _ part: CalendarPart, _ node: Call, _ steps: Steps, _ receive: Receiver
    ) throws(PromQLError) {
        if let argument = node.arguments.first {
            return try streamMapped(argument, steps, receive) { part.value(seconds: $0) }
        }
        var series = StepSeries(
            labels: Labels(), dropsName: false,
            values: (0..<steps.count).map { part.value(seconds: Double(steps.time($0)) / 1000) })
        try receive(&series)
    }
}

/// The functions of single numbers.
enum ElementFunctions {
    static let plain: [String: @Sendable (Double) -> Double] = [
        "abs": { abs($0) }, "ceil": { $0.rounded(.up) }, "floor": { $0.rounded(.down) },
        "exp": { exp($0) }, "sqrt": { $0.squareRoot() }, "ln": { log($0) }, "log2": { log2($0) },
        "log10": { log10($0) },
        "sin": { sin($0) }, "cos": { cos($0) }, "tan": { tan($0) },
        "asin": { asin($0) }, "acos": { acos($0) }, "atan": { atan($0) },
        "sinh": { sinh($0) }, "cosh": { cosh($0) }, "tanh": { tanh($0) },
        "asinh": { asinh($0) }, "acosh": { acosh($0) }, "atanh": { atanh($0) },
        "rad": { $0 * .pi / 180 }, "deg": { $0 * 180 / .pi },
        "sgn": { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 },
    ]

    /// The smaller or larger of both; not-a-number where either is.
    static func extreme(_ left: Double, _ right: Double, isMinimum: Bool) -> Double {
        if left.isNaN || right.isNaN { return .nan }
        return isMinimum ? min(left, right) : max(left, right)
    }
}
