import FleetModel

extension Evaluation {
    /// `histogram_quantile`, `histogram_quantiles` and `histogram_fraction` of classic histograms: series that differ in
    /// the label `le` alone are the buckets of one.
    func streamHistograms(_ node: Call, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        guard let vector = node.arguments.first(where: { $0.kind == .instantVector }) else { return }
        let histograms = try histograms(vector, steps)
        var columns: [ScalarColumn] = []
        for argument in node.arguments where argument.kind == .scalar {
            columns.append(try scalar(argument, steps))
            if node.function.name != "histogram_fraction", let column = columns.last {
                warnAboutQuantile(column, steps, at: argument.span)
            }
        }
        guard node.function.name == "histogram_quantiles" else {
            let isFraction = node.function.name == "histogram_fraction"
            for histogram in histograms {
                try emit(histogram, steps, at: vector.span, receive) { buckets, step in
                    isFraction
                        ? buckets.fraction(from: columns[0][step], to: columns[1][step])
                        : buckets.quantile(columns[0][step])
                }
            }
            return
        }
        let label = try string(node.arguments[1])
        for column in columns {
            for var histogram in histograms {
                histogram.labels[label] = DecimalText.openMetrics(column[0])
                try emit(histogram, steps, at: vector.span, receive) { buckets, step in buckets.quantile(column[step]) }
            }
        }
    }

    private struct Histogram {
        var labels: Labels
        /// Every bucket's upper bound and its counts over the steps.
        var buckets: [(bound: Double, counts: [Double])] = []
    }

    private func histograms(_ vector: Expression, _ steps: Steps) throws(PromQLError) -> [Histogram] {
        var histograms: [Histogram] = []
        var places: [Labels: Int] = [:]
        for series in try collect(vector, steps) {
            let bound = series.labels["le"] ?? ""
            guard let upper = Self.bound(bound) else {
                let metric = series.labels.metric.map { " for metric name \"\($0)\"" } ?? ""
                annotations.warn(
                    "bucket label \"le\" is missing or has a malformed value of \"\(bound)\"\(metric)", at: vector.span)
                continue
            }
            let key = series.labels.dropping(["le"])
            let place = places[key] ?? histograms.count
            if place == histograms.count {
                places[key] = place
                histograms.append(Histogram(labels: key))
            }
            histograms[place].buckets.append((upper, series.values))
        }
        return histograms
    }

    private static func bound(_ text: String) -> Double? {
        switch text.lowercased() {
        case "+inf", "inf", "+infinity", "infinity": .infinity
        case "-inf", "-infinity": -.infinity
        default: Double(text)
        }
    }

    private func emit(
        _ histogram: Histogram, _ steps: Steps, at span: SourceSpan, _ receive: Receiver,
        value: (inout Buckets, Int) -> Double
    ) throws(PromQLError) {
        var series = StepSeries(labels: histogram.labels, dropsName: true, values: [])
        series.reset(steps.count)
        for step in 0..<steps.count {
            var buckets = Buckets(
                histogram.buckets.compactMap { bucket in
                    StepSeries.isAbsent(bucket.counts[step]) ? nil : (bucket.bound, bucket.counts[step])
                })
            if buckets.isEmpty { continue }
            series.values[step] = value(&buckets, step)
            if let correction = buckets.correction {
                annotations.inform(
                    of: correction, in: histogram.labels.metric ?? "", at: span, moment: steps.time(step))
            }
        }
        if series.hasValue { try receive(&series) }
    }
}
