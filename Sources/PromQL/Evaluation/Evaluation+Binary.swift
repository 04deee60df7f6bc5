import FleetModel

#if canImport(Glibc)
    import Glibc
#endif

extension Evaluation {
    func stream(_ node: BinaryOperation, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        switch (node.left.kind, node.right.kind) {
        case (.instantVector, .scalar):
            try streamWithScalar(
                node, vector: node.left, try scalar(node.right, steps), isSwapped: false, steps, receive)
        case (.scalar, .instantVector):
            try streamWithScalar(
                node, vector: node.right, try scalar(node.left, steps), isSwapped: true, steps, receive)
        case (.instantVector, .instantVector) where node.operation.isSetOperator:
            try streamSet(node, steps, receive)
        case (.instantVector, .instantVector):
            try streamMatched(node, steps, receive)
        default:
            throw .evaluation(reason: "\(node) is not an instant vector")
        }
    }

    /// A vector and a scalar, in whichever order.
    private func streamWithScalar(
        _ node: BinaryOperation, vector: Expression, _ column: ScalarColumn, isSwapped: Bool, _ steps: Steps,
        _ receive: Receiver
    ) throws(PromQLError) {
        let operation = node.operation
        let changesName = !operation.isComparison || node.returnsBool
        try stream(vector, steps) { (series: inout StepSeries) throws(PromQLError) in
            for step in 0..<steps.count where !StepSeries.isAbsent(series.values[step]) {
                let value = series.values[step]
                let (left, right) = isSwapped ? (column[step], value) : (value, column[step])
                guard operation.isComparison else {
                    series.values[step] = operation.arithmetic(left, right)
                    continue
                }
                let holds = operation.holds(left, right)
                series.values[step] = node.returnsBool ? (holds ? 1 : 0) : holds ? value : StepSeries.absent
            }
            series.dropsName = series.dropsName || changesName
            try receive(&series)
        }
    }

    /// `and`, `or`, `unless`: which series have a partner on the other side, at each step.
    private func streamSet(_ node: BinaryOperation, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        let signature = JoinSignature(node.matching)
        let left = try collect(node.left, steps)
        let right = try collectRight(of: node, meeting: left, steps)
        var presence: [Labels: PresenceColumn] = [:]
        let reference = node.operation == .or ? left : right
        for series in reference {
            presence[signature.of(series.labels), default: PresenceColumn(steps.count)].merge(series.values)
        }
        var merged = MergedSeries()
        let filtered = node.operation == .or ? right : left
        if node.operation == .or { for series in left { try merged.add(series) } }
        for var series in filtered {
            let partners = presence[signature.of(series.labels)]
            for step in 0..<steps.count {
                let hasPartner = partners?[step] ?? false
                if hasPartner != (node.operation == .and) { series.values[step] = StepSeries.absent }
            }
            if series.hasValue { try merged.add(series) }
        }
        for var series in merged.series { try receive(&series) }
    }
}

/// What two series must have in common to be matched.
struct JoinSignature {
    private let isOn: Bool
    private let names: [String]

    init(_ matching: VectorMatching) {
        isOn = matching.isOn
        names = matching.isOn ? matching.labels : matching.labels + [Labels.metricName]
    }

    func of(_ labels: Labels) -> Labels { isOn ? labels.keeping(names) : labels.dropping(names) }
}

extension BinaryOperator {
    /// Whether a comparison holds.
    func holds(_ left: Double, _ right: Double) -> Bool {
        switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        default: false
        }
    }

    /// The result of an arithmetic operator.
    func arithmetic(_ left: Double, _ right: Double) -> Double {
        switch self {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        case .modulo: fmod(left, right)
        case .power: pow(left, right)
        case .arctangent: atan2(left, right)
        default: .nan
        }
    }

    /// The result between two scalars, where comparisons are 0 and 1.
    func scalarResult(_ left: Double, _ right: Double) -> Double {
        isComparison ? (holds(left, right) ? 1 : 0) : arithmetic(left, right)
    }
}
