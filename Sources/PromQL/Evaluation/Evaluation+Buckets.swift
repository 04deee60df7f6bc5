import FleetModel
import Patterns

/// Which buckets stand in for the samples of a selector.
struct BucketChoice {
    let view: any RollupView
    let matchers: [LabelMatcher]
    let references: References
    /// How long the ranges are, milliseconds.
    let range: Int64
}

/// Answering from buckets of five minutes in place of samples (`SourceResolution` says when).
///
/// A range of whole buckets has the same least, greatest, newest value and count by buckets as by samples, the same sum
/// and average but for rounding, and an instant selector that looks back one bucket the same sample. A counter's growth
/// is what it really grew between the ends of the range, where Prometheus extrapolates from the samples inside.
extension Evaluation {
    /// The buckets for a range function, where they may be used.
    func buckets(for function: RangeFunction, _ argument: Expression, _ steps: Steps) -> BucketChoice? {
        guard case .range(let node) = argument.unwrapped else { return nil }
        switch function {
        case .minOverTime, .maxOverTime, .sumOverTime, .countOverTime, .avgOverTime, .lastOverTime, .presentOverTime,
            .absentOverTime:
            return buckets(node.selector, range: node.range.milliseconds, steps, isExact: true)
        case .rate, .increase:
            guard node.selector.isOfCounter else { return nil }
            return buckets(node.selector, range: node.range.milliseconds, steps, isExact: false)
        default: return nil
        }
    }

    /// The buckets for an instant selector, where they may be used.
    func buckets(for node: VectorSelector, _ steps: Steps) -> BucketChoice? {
        guard options.lookBack.milliseconds == BucketColumns.width else { return nil }
        return buckets(node, range: BucketColumns.width, steps, isExact: true)
    }

    private func buckets(_ node: VectorSelector, range: Int64, _ steps: Steps, isExact: Bool) -> BucketChoice? {
        let width = BucketColumns.width
        guard resolution != .samples, steps == query, node.anchor == nil, node.boundary == nil,
            let view = source.rollups
        else { return nil }
        let references = references(nil, node.offset, steps)
        guard references.first % width == 0, range > 0, range % width == 0,
            references.count == 1 || references.stride % width == 0
        else { return nil }
        if resolution == .samplesWhereKept {
            guard isExact, references.first - range < view.samplesBegin else { return nil }
        }
        return BucketChoice(view: view, matchers: node.allMatchers, references: references, range: range)
    }

    /// An instant selector by buckets.
    func stream(_ choice: BucketChoice, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        try readBuckets(choice, .last) { columns, series throws(PromQLError) in
            series.reset(steps.count)
            var next = 0
            for step in 0..<steps.count {
                let reference = choice.references.time(step)
                while next < columns.times.count, columns.times[next] < reference { next += 1 }
                if next < columns.times.count, columns.times[next] == reference {
                    series.values[step] = columns.last[next]
                }
            }
            if series.hasValue { try receive(&series) }
        }
    }

    /// A range function by buckets; only series with a value at any step.
    func stream(
        _ choice: BucketChoice, _ function: RangeFunction, _ steps: Steps, _ receive: Receiver
    ) throws(PromQLError) {
        var windows = BucketWindows(function: function, range: choice.range)
        try readBuckets(choice, windows.parts) { columns, series throws(PromQLError) in
            series.reset(steps.count)
            try windows.evaluate(columns, choice.references, into: &series.values, checkStop: self.checkStop)
            if series.hasValue { try receive(&series) }
        }
    }

    private func readBuckets(
        _ choice: BucketChoice, _ parts: BucketParts,
        _ receive: (borrowing BucketColumns, inout StepSeries) throws(PromQLError) -> Void
    ) throws(PromQLError) {
        // One bucket more for what a counter grew since the one before.
        let first = choice.references.first - choice.range
        let set: any BucketSet
        do {
            set = try choice.view.selectBuckets(choice.matchers, from: first, through: choice.references.last)
        } catch let error as PatternError {
            throw .evaluation(reason: "\(error)")
        } catch {
            throw PromQLError(selecting: error)
        }
        var columns = BucketColumns()
        var series = StepSeries(labels: Labels(), dropsName: false, values: [])
        for index in 0..<set.count {
            try checkStop()
            do {
                try set.read(index, parts, into: &columns)
            } catch {
                throw .storage(reason: "\(error)")
            }
            try countRead(columns.times.count)
            series.labels = set.labels(at: index)
            series.dropsName = false
            try receive(columns, &series)
        }
    }
}

extension VectorSelector {
    /// Whether it picks counters, by the one name that its series have.
    var isOfCounter: Bool {
        allMatchers.contains { matcher in
            matcher.name == Labels.metricName && matcher.comparison == .equal && BucketColumns.isCounter(matcher.value)
        }
    }
}
