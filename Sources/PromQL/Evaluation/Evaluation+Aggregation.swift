import FleetModel

extension Evaluation {
    func stream(_ node: Aggregation, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        switch node.operation {
        case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar: try streamFolds(node, steps, receive)
        case .quantile: try streamQuantiles(node, steps, receive)
        case .topk, .bottomk, .limitk, .limitRatio: try streamSelected(node, steps, receive)
        case .countValues: try streamCounts(node, steps, receive)
        }
    }

    /// Aggregations that fold one series after another into columns, one set a group: they never hold what they read.
    private func streamFolds(_ node: Aggregation, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        var groups = Groups<GroupColumns>(node)
        try stream(node.operand, steps) { (series: inout StepSeries) throws(PromQLError) in
            guard series.hasValue else { return }
            let known = groups.members.count
            let place = groups.place(of: series.labels) { GroupColumns(node.operation, steps.count) }
            if groups.members.count > known { try self.hold(group: steps) }
            groups.members[place].add(series)
        }
        for place in groups.members.indices {
            let columns = groups.members[place]
            var series = StepSeries(
                labels: groups.labels[place], dropsName: columns.dropsName, values: columns.result())
            try receive(&series)
        }
    }

    private func streamQuantiles(_ node: Aggregation, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        guard let parameter = node.parameter else { return }
        let quantile = try scalar(parameter, steps)
        warnAboutQuantile(quantile, steps, at: parameter.span)
        let groups = try collectGroups(node, steps)
        var scratch: [Double] = []
        for (place, members) in groups.members.enumerated() {
            var result = StepSeries(
                labels: groups.labels[place], dropsName: members.contains(where: \.dropsName), values: [])
            result.reset(steps.count)
            for step in 0..<steps.count {
                try checkStop()
                scratch.removeAll(keepingCapacity: true)
                for member in members where !StepSeries.isAbsent(member.values[step]) {
                    scratch.append(member.values[step])
                }
                if !scratch.isEmpty { result.values[step] = Quantiles.quantile(quantile[step], of: &scratch) }
            }
            try receive(&result)
        }
    }

    /// `count_values`: how often each value occurs, the value as a label.
    private func streamCounts(_ node: Aggregation, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        guard let parameter = node.parameter else { return }
        let label = try string(parameter)
        if label.isEmpty { throw .evaluation(reason: "invalid label name \"\"") }
        var grouping = node
        if !node.isWithout { grouping.labels.append(label) }
        var groups = Groups<[Double]>(grouping)
        try stream(node.operand, steps) { (series: inout StepSeries) throws(PromQLError) in
            for step in 0..<steps.count where !StepSeries.isAbsent(series.values[step]) {
                let text = DecimalText.text(series.values[step])
                let known = groups.members.count
                let place = groups.place(of: series.labels.setting(label, to: text)) {
                    [Double](repeating: StepSeries.absent, count: steps.count)
                }
                if groups.members.count > known { try self.hold(group: steps) }
                let count = groups.members[place][step]
                groups.members[place][step] = StepSeries.isAbsent(count) ? 1 : count + 1
            }
        }
        for (place, values) in groups.members.enumerated() {
            var series = StepSeries(labels: groups.labels[place], dropsName: false, values: values)
            try receive(&series)
        }
    }

    /// Counts what a new group holds: up to 32 bytes a step, and its labels.
    private func hold(group steps: Steps) throws(PromQLError) { try hold(2 * steps.count + 32) }

    /// All series by group.
    func collectGroups(_ node: Aggregation, _ steps: Steps) throws(PromQLError) -> Groups<[StepSeries]> {
        var groups = Groups<[StepSeries]>(node)
        try stream(node.operand, steps) { (series: inout StepSeries) throws(PromQLError) in
            guard series.hasValue else { return }
            try self.hold(steps.count)
            let place = groups.place(of: series.labels) { [] }
            groups.members[place].append(series)
            series.values = []
        }
        return groups
    }
}

/// The groups of an aggregation in the order in which they were met.
struct Groups<Member> {
    private let names: [String]
    private let isWithout: Bool
    private var places: [Labels: Int] = [:]
    private(set) var labels: [Labels] = []
    var members: [Member] = []

    init(_ node: Aggregation) {
        isWithout = node.isWithout
        names = node.isWithout ? node.labels + [Labels.metricName] : node.labels
    }

    /// Where the group of a series is; a new one is made by `create`.
    mutating func place(of series: Labels, create: () -> Member) -> Int {
        let key = names.isEmpty ? Labels() : isWithout ? series.dropping(names) : series.keeping(names)
        if let place = places[key] { return place }
        let place = members.count
        places[key] = place
        labels.append(key)
        members.append(create())
        return place
    }
}
