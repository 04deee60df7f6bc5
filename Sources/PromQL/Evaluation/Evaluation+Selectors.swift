import FleetModel
import Patterns

extension Evaluation {
    /// An instant selector: at each step the newest sample that is not older than the look-back, unless the series had
    /// ended by then.
    func stream(_ node: VectorSelector, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        if node.boundary == .smoothed { return try streamInterpolated(node, steps, receive) }
        if let choice = buckets(for: node, steps) { return try stream(choice, steps, receive) }
        try newestSamples(node, steps) { columns, place in
            columns.values[place]
        } receive: { series throws(PromQLError) in
            try receive(&series)
        }
    }

    /// `timestamp()` of a selector: when those samples were taken, in seconds.
    func streamTimes(of node: VectorSelector, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        try newestSamples(node, steps) { columns, place in
            Double(columns.times[place]) / 1000
        } receive: { series throws(PromQLError) in
            series.dropsName = true
            try receive(&series)
        }
    }

    func newestSamples(
        _ node: VectorSelector, _ steps: Steps, pick: (borrowing SampleColumns, Int) -> Double, receive: Receiver
    ) throws(PromQLError) {
        let references = references(node.anchor, node.offset, steps)
        let lookBack = options.lookBack.milliseconds
        let set = try select(node, from: references.first - lookBack + 1, through: references.last)
        var columns = SampleColumns()
        var series = StepSeries(labels: Labels(), dropsName: false, values: [])
        for index in 0..<set.count {
            try read(set, index, into: &columns)
            series.reset(steps.count)
            var next = 0
            var hasValue = false
            for step in 0..<steps.count {
                let reference = references.time(step)
                while next < columns.count, columns.times[next] <= reference { next += 1 }
                let newest = next - 1
                guard newest >= 0, columns.times[newest] > reference - lookBack,
                    !Staleness.isMarker(columns.values[newest])
                else { continue }
                series.values[step] = pick(columns, newest)
                hasValue = true
            }
            guard hasValue else { continue }
            series.labels = set.labels(at: index)
            series.dropsName = false
            try receive(&series)
        }
    }

    /// The moments that a selector or sub-query looks at.
    func references(_ anchor: TimeAnchor?, _ offset: Duration, _ steps: Steps) -> References {
        let moment: Int64? =
            switch anchor {
            case .time(let moment): moment.milliseconds
            case .start: query.first
            case .end: end
            case nil: nil
            }
        return References(
            first: (moment ?? steps.first) - offset.milliseconds, stride: moment == nil ? steps.interval : 0,
            count: steps.count)
    }

    // MARK: Ranges

    /// Receives a series' samples, staleness markers taken out, and the moments at which its ranges end.
    typealias RangeReceiver = (
        _ series: inout StepSeries, _ columns: inout SampleColumns, _ references: References
    ) throws(PromQLError) -> Void

    /// Hands over every series of a range selector or sub-query; `series` has its labels and no values yet.
    func streamRanges(
        _ expression: Expression, _ steps: Steps, _ receive: RangeReceiver
    ) throws(PromQLError) {
        switch expression.unwrapped {
        case .range(let node): try streamRanges(node, steps, receive)
        case .subquery(let node): try streamRanges(node, steps, receive)
        default: throw .evaluation(reason: "\(expression) is not a range vector")
        }
    }

    private func streamRanges(
        _ node: RangeSelector, _ steps: Steps, _ receive: RangeReceiver
    ) throws(PromQLError) {
        let references = references(node.selector.anchor, node.selector.offset, steps)
        let reach = node.selector.boundary.map { $0.reach(options.lookBack.milliseconds) } ?? (before: 0, after: 0)
        let oldest = references.first - node.range.milliseconds - reach.before + 1
        let set = try select(node.selector, from: oldest, through: references.last + reach.after)
        var columns = SampleColumns()
        var series = StepSeries(labels: Labels(), dropsName: false, values: [])
        for index in 0..<set.count {
            try read(set, index, into: &columns)
            columns.removeStalenessMarkers()
            if columns.count == 0 { continue }
            series.reset(steps.count)
            series.labels = set.labels(at: index)
            series.dropsName = false
            try receive(&series, &columns, references)
        }
    }

    private func streamRanges(_ node: Subquery, _ steps: Steps, _ receive: RangeReceiver) throws(PromQLError) {
        let references = references(node.anchor, node.offset, steps)
        let inner = try innerSteps(of: node, references)
        guard inner.count > 0 else { return }
        var columns = SampleColumns()
        try stream(node.expression, inner) { (found: inout StepSeries) throws(PromQLError) in
            columns.removeAll()
            for step in 0..<inner.count where !StepSeries.isAbsent(found.values[step]) {
                columns.append(inner.time(step), found.values[step])
            }
            if columns.count == 0 { return }
            try self.countRead(columns.count)
            var series = StepSeries(labels: found.labels, dropsName: found.dropsName, values: [])
            series.reset(steps.count)
            try receive(&series, &columns, references)
        }
    }

    /// The multiples of the sub-query's step inside its ranges.
    private func innerSteps(of node: Subquery, _ references: References) throws(PromQLError) -> Steps {
        let interval = max(1, (node.step ?? options.subqueryStep).milliseconds)
        let open = references.first - node.range.milliseconds
        var first = interval * (open / interval)
        if first <= open { first += interval }
        let count = first > references.last ? 0 : (references.last - first) / interval + 1
        guard count <= options.sampleLimit else { throw .tooManySamples(limit: options.sampleLimit) }
        return Steps(first: first, interval: interval, count: Int(count))
    }

    // MARK: Reading

    func select(
        _ node: VectorSelector, from first: Int64, through last: Int64
    ) throws(PromQLError) -> SeriesScan {
        try checkStop()
        do {
            return SeriesScan(try source.select(node.allMatchers, from: first, through: last))
        } catch let error as PatternError {
            throw .evaluation(reason: "\(error)")
        } catch {
            throw PromQLError(selecting: error)
        }
    }

    func read(_ set: SeriesScan, _ index: Int, into columns: inout SampleColumns) throws(PromQLError) {
        try checkStop()
        do {
            try set.read(index, into: &columns)
        } catch {
            throw .storage(reason: "\(error)")
        }
        try countRead(columns.count)
    }
}

extension SampleColumns {
    /// Takes out the markers that say that a series ended; ranges do not see them.
    mutating func removeStalenessMarkers() {
        guard values.contains(where: Staleness.isMarker) else { return }
        var kept = 0
        for place in 0..<count where !Staleness.isMarker(values[place]) {
            times[kept] = times[place]
            values[kept] = values[place]
            kept += 1
        }
        times.removeSubrange(kept...)
        values.removeSubrange(kept...)
    }
}
