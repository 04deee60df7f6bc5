import FleetModel
import Patterns

extension Evaluation {
    // MARK: Order

    /// `sort` and its like: they order the answer of an instant query and do nothing to a range.
    func streamSorted(_ node: Call, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        var series = try collect(node.arguments[0], steps)
        if steps.count > 1 || query.count > 1 {
            annotations.warn(
                "sort is ineffective for range queries since results are always ordered by labels", at: node.span)
        } else if node.function.name.hasPrefix("sort_by_label") {
            var names: [String] = []
            for argument in node.arguments.dropFirst() { names.append(try string(argument)) }
            let isDescending = node.function.name == "sort_by_label_desc"
            series.sort { one, other in
                let order = Self.compare(one.labels, other.labels, by: names)
                return isDescending ? order > 0 : order < 0
            }
        } else {
            let isDescending = node.function.name == "sort_desc"
            series.sort { one, other in
                let (left, right) = (one.values[0], other.values[0])
                if left.isNaN || right.isNaN { return !left.isNaN }
                return isDescending ? left > right : left < right
            }
        }
        for var one in series { try receive(&one) }
    }

    /// By the values of the named labels in natural order, then by all labels.
    private static func compare(_ left: Labels, _ right: Labels, by names: [String]) -> Int {
        for name in names {
            let order = NaturalOrder.compare(left[name] ?? "", right[name] ?? "")
            if order != 0 { return order }
        }
        return left == right ? 0 : left < right ? -1 : 1
    }

    // MARK: Labels

    /// `label_replace`: sets a label from what a regular expression catches in another.
    func streamReplaced(_ node: Call, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        let target = try labelName(node.arguments[1], "destination", of: node)
        let template = try string(node.arguments[2])
        let source = try string(node.arguments[3])
        let expression = try string(node.arguments[4])
        var merged = MergedSeries()
        do {
            let pattern = try Pattern(expression)
            try stream(node.arguments[0], steps) { (series: inout StepSeries) throws(PromQLError) in
                let captures = try Self.captures(pattern, series.labels[source] ?? "")
                if let captures {
                    guard let value = captures.expand(template, limit: Self.longestLabel) else {
                        throw self.tooLong(target, node)
                    }
                    try self.set(target, value, in: &series)
                }
                try self.hold(steps.count)
                try merged.add(series)
            }
        } catch let error as PatternError {
            throw .evaluation(reason: "invalid regular expression in label_replace(): \(error)")
        } catch let error as PromQLError {
            throw error
        } catch {
            throw .evaluation(reason: "\(error)")
        }
        for var series in merged.series { try receive(&series) }
    }

    private static func captures(_ pattern: Pattern, _ text: String) throws(PromQLError) -> Captures? {
        do {
            return try pattern.captures(whole: text)
        } catch {
            throw .evaluation(reason: "label_replace(): \(error)")
        }
    }

    /// `label_join`: sets a label to the values of others with a separator between them.
    func streamJoined(_ node: Call, _ steps: Steps, _ receive: Receiver) throws(PromQLError) {
        let target = try labelName(node.arguments[1], "destination", of: node)
        let separator = try string(node.arguments[2])
        var sources: [String] = []
        for argument in node.arguments.dropFirst(3) { sources.append(try labelName(argument, "source", of: node)) }
        var merged = MergedSeries()
        try stream(node.arguments[0], steps) { (series: inout StepSeries) throws(PromQLError) in
            let values = sources.map { series.labels[$0] ?? "" }
            let length = values.reduce(separator.utf8.count * max(0, values.count - 1)) { $0 + $1.utf8.count }
            guard length <= Self.longestLabel else { throw self.tooLong(target, node) }
            try self.set(target, values.joined(separator: separator), in: &series)
            try self.hold(steps.count)
            try merged.add(series)
        }
        for var series in merged.series { try receive(&series) }
    }

    private func labelName(_ argument: Expression, _ role: String, of node: Call) throws(PromQLError) -> String {
        let name = try string(argument)
        if name.isEmpty {
            throw .evaluation(reason: "invalid \(role) label name in \(node.function.name)(): \"\(name)\"")
        }
        return name
    }

    /// A label that a query makes has no more bytes: a chain of calls that each double it would fill any memory.
    private static let longestLabel = 65_536

    private func tooLong(_ name: String, _ node: Call) -> PromQLError {
        .evaluation(
            reason: "\(node.function.name)(): the label \"\(name)\" would have more than \(Self.longestLabel) bytes")
    }

    /// A metric's name that is set anew stays. What the text takes counts as samples of the same size do.
    private func set(_ name: String, _ value: String, in series: inout StepSeries) throws(PromQLError) {
        try hold(value.utf8.count / MemoryLayout<(Int64, Double)>.size)
        series.labels[name] = value
        if name == Labels.metricName { series.dropsName = false }
    }
}

/// The order in which people expect names with numbers: `cpu2` before `cpu10`.
enum NaturalOrder {
    /// Negative, zero or positive as `left` comes before, with or after `right`.
    static func compare(_ left: String, _ right: String) -> Int {
        let (one, other) = (chunks(left), chunks(right))
        for (a, b) in zip(one, other) where a != b {
            if let x = UInt64(a), let y = UInt64(b), x != y { return x < y ? -1 : 1 }
            return a < b ? -1 : 1
        }
        return one.count - other.count
    }

    /// Runs of digits and runs of anything else.
    private static func chunks(_ text: String) -> [Substring] {
        var chunks: [Substring] = []
        var rest = Substring(text)
        while let first = rest.first {
            let isDigit = first.isASCII && first.isNumber
            let chunk = rest.prefix { ($0.isASCII && $0.isNumber) == isDigit }
            chunks.append(chunk)
            rest = rest[chunk.endIndex...]
        }
        return chunks
    }
}
