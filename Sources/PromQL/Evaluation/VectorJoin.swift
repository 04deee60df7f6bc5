import FleetModel

extension Evaluation {
    /// Arithmetic and comparisons between two vectors: elements meet by their join signature.
    func streamMatched(_ node: BinaryOperation, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        var join = VectorJoin(node, steps)
        // The side that may have many elements for one signature is called the left one from here on.
        let isSwapped = node.matching.cardinality == .oneToMany
        let left = try collect(node.left, steps)
        let right = try collectRight(of: node, meeting: left, steps)
        let (many, one) = isSwapped ? (right, left) : (left, right)
        try join.run(many: many, one: one, checkStop: checkStop)
        for var series in join.result.series where series.hasValue { try receive(&series) }
    }

    /// The right side of an operation: all of it, or what can meet the elements of the left one.
    func collectRight(
        of node: BinaryOperation, meeting left: [StepSeries], _ steps: Steps
    ) throws(PromQLError) -> [StepSeries] {
        guard node.canNarrowRight, let narrowing = Narrowing(left, node.matching) else {
            return try collect(node.right, steps)
        }
        return narrowing.isEmpty ? [] : try collect(narrowing.narrowed(node.right), steps)
    }
}

/// Matches the elements of two vectors step by step, with Prometheus' rules for what is ambiguous.
private struct VectorJoin {
    private let node: BinaryOperation
    private let steps: Steps
    private let signature: JoinSignature
    private(set) var result = MergedSeries()

    init(_ node: BinaryOperation, _ steps: Steps) {
        self.node = node
        self.steps = steps
        signature = JoinSignature(node.matching)
    }

    private var isOneToOne: Bool { node.matching.cardinality == .oneToOne }

    mutating func run(
        many: [StepSeries], one: [StepSeries], checkStop: () throws(PromQLError) -> Void
    ) throws(PromQLError) {
        var partners: [Labels: [StepSeries]] = [:]
        for series in one { partners[signature.of(series.labels), default: []].append(series) }
        try refuseDuplicates(partners, beside: many)
        var used: [Labels: Used] = [:]
        let unused = Used(steps.count)
        for series in many {
            let key = signature.of(series.labels)
            let candidates = partners[key] ?? []
            for candidate in candidates {
                try checkStop()
                try meet(series, candidate, &used[key, default: unused])
            }
            if let fill = node.matching.fillRight {
                let missing = standIn(fill.value, key, for: series) { step in
                    !candidates.contains { !StepSeries.isAbsent($0.values[step]) }
                }
                try meet(series, missing, &used[key, default: unused])
            }
        }
        guard let fill = node.matching.fillLeft else { return }
        for series in one {
            try checkStop()
            let key = signature.of(series.labels)
            let matched = used[key] ?? unused
            let missing = standIn(fill.value, key, for: series) { !matched.isMatched[$0] }
            try meet(missing, series, &used[key, default: unused])
        }
    }

    /// What stands in for an element that the other side lacks: the fill value where `series` is there and `isMissing`
    /// says that no other element is.
    private func standIn(
        _ value: Double, _ key: Labels, for series: StepSeries, isMissing: (Int) -> Bool
    ) -> StepSeries {
        let values = series.values.indices.map { step in
            !StepSeries.isAbsent(series.values[step]) && isMissing(step) ? value : StepSeries.absent
        }
        return StepSeries(labels: key, dropsName: false, values: values)
    }

    /// Two elements on the "one" side must never have the same signature at the same step. A step at which the other
    /// side is empty is not looked at.
    private func refuseDuplicates(
        _ partners: [Labels: [StepSeries]], beside many: [StepSeries]
    ) throws(PromQLError) {
        guard partners.contains(where: { $0.value.count > 1 }) else { return }
        var isMet = PresenceColumn(steps.count)
        for series in many { isMet.merge(series.values) }
        let isFilled = node.matching.fillLeft != nil || node.matching.fillRight != nil
        for (key, candidates) in partners where candidates.count > 1 {
            for step in 0..<steps.count where isFilled || isMet[step] {
                let present = candidates.filter { !StepSeries.isAbsent($0.values[step]) }
                if present.count > 1 { throw duplicates(key, present) }
            }
        }
    }

    private func duplicates(_ key: Labels, _ present: [StepSeries]) -> PromQLError {
        let side = node.matching.cardinality == .oneToMany ? "left" : "right"
        let shown = present.prefix(2).map { Self.quotedNames($0.labels) }.sorted()
        return .evaluation(
            reason: "found duplicate series for the match group \(Self.quotedNames(key)) on the \(side) hand-side of "
                + "the operation: [\(shown.joined(separator: ", "))];many-to-many matching not allowed: matching labels "
                + "must be unique on one side")
    }

    /// Labels as Go's library prints them, the metric's name among the others.
    private static func quotedNames(_ labels: Labels) -> String {
        let pairs = labels.pairs.map { "\($0.name)=\(Expression.quoted($0.value))" }
        return "{\(pairs.joined(separator: ", "))}"
    }

    /// What has been matched at each step under one signature.
    private struct Used {
        var isMatched: [Bool]
        var results: [Set<Labels>] = []

        init(_ count: Int) { isMatched = [Bool](repeating: false, count: count) }
    }

    private mutating func meet(_ many: StepSeries, _ one: StepSeries, _ used: inout Used) throws(PromQLError) {
        let labels = resultLabels(many.labels, one.labels)
        // A plain comparison hands on the left element, name and all.
        let dropsName = node.returnsBool
        var series = StepSeries(labels: labels, dropsName: dropsName, values: [])
        series.reset(steps.count)
        var hasValue = false
        for step in 0..<steps.count {
            let (left, right) = (many.values[step], one.values[step])
            if StepSeries.isAbsent(left) || StepSeries.isAbsent(right) { continue }
            try claim(step, labels, &used)
            let value = node.matching.cardinality == .oneToMany ? outcome(right, left) : outcome(left, right)
            series.values[step] = value
            hasValue = hasValue || !StepSeries.isAbsent(value)
        }
        if hasValue { try result.add(series) }
    }

    private func claim(_ step: Int, _ labels: Labels, _ used: inout Used) throws(PromQLError) {
        if isOneToOne {
            if used.isMatched[step] {
                throw .evaluation(
                    reason:
                        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")
            }
            used.isMatched[step] = true
            return
        }
        used.isMatched[step] = true
        if used.results.isEmpty { used.results = [Set<Labels>](repeating: [], count: steps.count) }
        if !used.results[step].insert(labels).inserted {
            throw .evaluation(
                reason: "multiple matches for labels: grouping labels must ensure unique matches")
        }
    }

    /// The value of one meeting; absent where a comparison does not hold.
    private func outcome(_ left: Double, _ right: Double) -> Double {
        guard node.operation.isComparison else { return node.operation.arithmetic(left, right) }
        let holds = node.operation.holds(left, right)
        if node.returnsBool { return holds ? 1 : 0 }
        return holds ? left : StepSeries.absent
    }

    private func resultLabels(_ many: Labels, _ one: Labels) -> Labels {
        var labels = many
        if !node.operation.isComparison { labels.dropMetadata() }
        if isOneToOne {
            labels = node.matching.isOn ? labels.keeping(node.matching.labels) : labels.dropping(node.matching.labels)
        }
        for name in node.matching.included { labels[name] = one[name] }
        return labels
    }
}
