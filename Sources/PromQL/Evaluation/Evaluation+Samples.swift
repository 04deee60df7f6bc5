import FleetModel

extension Evaluation {
    /// The samples of a range vector themselves, for an instant query.
    func ranges(_ expression: Expression) throws(PromQLError) -> [SeriesSamples] {
        let (range, boundary) = Self.span(of: expression)
        var result: [SeriesSamples] = []
        try streamRanges(expression, query) { series, columns, references throws(PromQLError) in
            let open = references.first - range.milliseconds
            let kept =
                boundary == nil
                ? Self.samples(columns, after: open, through: references.first)
                : BoundaryWindow(
                    columns, open: open, reference: references.first, isSmoothed: boundary == .smoothed,
                    lookBack: self.options.lookBack.milliseconds
                )?.samples ?? SampleColumns()
            if kept.count == 0 { return }
            try self.hold(kept.count)
            if series.dropsName { series.labels.dropMetadata() }
            result.append(SeriesSamples(labels: series.labels, samples: kept))
        }
        return result.sorted { $0.labels < $1.labels }
    }

    /// How long the ranges of a range vector are, and what happens at their ends.
    static func span(of expression: Expression) -> (range: Duration, boundary: RangeBoundary?) {
        switch expression.unwrapped {
        case .range(let node): (node.range, node.selector.boundary)
        case .subquery(let node): (node.range, nil)
        default: (.zero, nil)
        }
    }

    private static func samples(_ columns: SampleColumns, after open: Int64, through last: Int64) -> SampleColumns {
        var kept = SampleColumns()
        for place in 0..<columns.count where columns.times[place] > open && columns.times[place] <= last {
            kept.append(columns.times[place], columns.values[place])
        }
        return kept
    }

    /// A `smoothed` selector: at each step what lies on the line between the samples on both sides, as far as the
    /// look-back reaches; without a later sample the value of the earlier one.
    func streamInterpolated(_ node: VectorSelector, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        let references = references(node.anchor, node.offset, steps)
        let lookBack = options.lookBack.milliseconds
        let set = try select(node, from: references.first - lookBack + 1, through: references.last + lookBack)
        var columns = SampleColumns()
        var series = StepSeries(labels: Labels(), dropsName: false, values: [])
        for index in 0..<set.count {
            try read(set, index, into: &columns)
            columns.removeStalenessMarkers()
            series.reset(steps.count)
            for step in 0..<steps.count {
                let reference = references.time(step)
                let around = BoundaryWindow(
                    columns, open: reference, reference: reference, isSmoothed: true, lookBack: lookBack)
                if let value = around?.valueAtReference { series.values[step] = value }
            }
            guard series.hasValue else { continue }
            series.labels = set.labels(at: index)
            series.dropsName = false
            try receive(&series)
        }
    }
}

extension Labels {
    /// Takes away the metric's name, and with it the type and unit that a series may carry as labels.
    mutating func dropMetadata() {
        guard pairs.contains(where: Self.isMetadata) else { return }
        self = Labels(sortedUnchecked: pairs.filter { !Self.isMetadata($0) })
    }

    private static func isMetadata(_ pair: Pair) -> Bool {
        pair.name == metricName || pair.name == "__type__" || pair.name == "__unit__"
    }
}
