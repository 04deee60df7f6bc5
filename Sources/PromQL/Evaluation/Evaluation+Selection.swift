import FleetModel

extension Evaluation {
    /// `topk`, `bottomk`, `limitk`, `limit_ratio`: some elements of each group, as they are.
    func streamSelected(_ node: Aggregation, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        guard let parameter = node.parameter else { return }
        let amount = try scalar(parameter, steps)
        guard try isWorthSelecting(node, amount, steps, at: parameter.span) else { return }
        let groups = try collectGroups(node, steps)
        let inputCount = groups.members.reduce(0) { $0 + $1.count }
        for members in groups.members {
            var chosen = members
            for place in chosen.indices { chosen[place].reset(steps.count) }
            var order: [Int] = []
            for step in 0..<steps.count {
                try checkStop()
                order = Self.choice(node.operation, members, step, amount[step], inputCount)
                for place in order { chosen[place].values[step] = members[place].values[step] }
            }
            // An instant query keeps the order of the choice.
            let ordered = steps.count == 1 ? order.map { chosen[$0] } : chosen.filter(\.hasValue)
            for var series in ordered { try receive(&series) }
        }
    }

    /// Checks the parameter; false where nothing can be chosen.
    private func isWorthSelecting(
        _ node: Aggregation, _ amount: ScalarColumn, _ steps: Steps, at span: SourceSpan
    ) throws(PromQLError) -> Bool {
        let amounts = (0..<(amount.varies ? steps.count : 1)).map { amount[$0] }
        let least = amounts.min() ?? 0
        let most = amounts.max() ?? 0
        let isRatio = node.operation == .limitRatio
        if amounts.contains(where: \.isNaN) {
            throw .evaluation(reason: isRatio ? "Ratio value is NaN" : "Parameter value is NaN")
        }
        if isRatio {
            for (value, limit) in [(most, 1.0), (least, -1.0)] where abs(value) > 1 && value.sign == limit.sign {
                annotations.warn(
                    "ratio value should be between -1 and 1, got \(DecimalText.general(value)), "
                        + "capping to \(DecimalText.general(limit))", at: span)
            }
            return least != 0 || most != 0
        }
        if most < 1 { return false }
        let limit = Double(Int64.max)
        if least <= -limit { throw .evaluation(reason: "Scalar value \(Expression.text(least)) underflows int64") }
        if most >= limit { throw .evaluation(reason: "Scalar value \(Expression.text(most)) overflows int64") }
        return true
    }

    /// The places of the chosen members at one step, best first.
    private static func choice(
        _ operation: AggregationOperator, _ members: [StepSeries], _ step: Int, _ amount: Double, _ inputCount: Int
    ) -> [Int] {
        let present = members.indices.filter { !StepSeries.isAbsent(members[$0].values[step]) }
        let count = max(0, Int(min(amount, Double(inputCount))))
        switch operation {
        case .limitk: return Array(present.prefix(count))
        case .limitRatio: return present.filter { LabelSample.isInside(members[$0].labels, ratio: amount) }
        case .topk: return Array(sorted(present, members, step) { $0 > $1 }.prefix(count))
        default: return Array(sorted(present, members, step) { $0 < $1 }.prefix(count))
        }
    }

    /// Ordered by value, not-a-number last, equal ones as they came.
    private static func sorted(
        _ places: [Int], _ members: [StepSeries], _ step: Int, _ comesBefore: (Double, Double) -> Bool
    ) -> [Int] {
        places.sorted { one, other in
            let (left, right) = (members[one].values[step], members[other].values[step])
            if left.isNaN || right.isNaN { return left.isNaN == right.isNaN ? one < other : right.isNaN }
            return left == right ? one < other : comesBefore(left, right)
        }
    }
}
