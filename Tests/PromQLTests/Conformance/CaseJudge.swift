import FleetModel
import Patterns
import PromQL

/// Runs one evaluation in all the ways in which it must give the same, and says what is wrong.
struct CaseJudge {
    private let evaluation: EvaluationCase
    private let evaluator: Evaluator

    init(_ evaluation: EvaluationCase, _ source: MemorySource) {
        self.evaluation = evaluation
        evaluator = Evaluator(source: source)
    }

    private struct Complaint: Error {
        var text: String
    }

    /// `nil` where all is as expected.
    func failure() -> String? {
        do {
            try judge()
            return nil
        } catch let complaint as Complaint {
            return complaint.text
        } catch {
            return "\(error)"
        }
    }

    private func judge() throws {
        let answer: QueryAnswer
        do {
            let expression = try PromQL.parse(evaluation.expression)
            answer = try evaluate(expression, evaluation.time)
            if evaluation.fails != nil { throw Complaint(text: "did not fail") }
            try checkAnnotations(answer)
            try check(answer.value)
            if case .instant(let moment) = evaluation.time {
                try checkAsRange(expression, moment)
                try checkAnchored(expression, moment)
            }
        } catch let error as PromQLError {
            guard let expected = evaluation.fails else { throw error }
            let isExpected = try matches(expected, [error.description, reason(of: error)], asPrefix: true)
            if !isExpected { throw Complaint(text: "failed otherwise: \(error)") }
        }
    }

    private func evaluate(_ expression: Expression, _ time: EvaluationCase.Time) throws(PromQLError) -> QueryAnswer {
        switch time {
        case .instant(let moment):
            try evaluator.instant(
                expression, at: Timestamp(milliseconds: moment), text: evaluation.expression)
        case .range(let first, let last, let step):
            try evaluator.range(
                expression, from: Timestamp(milliseconds: first), through: Timestamp(milliseconds: last),
                step: .milliseconds(step), text: evaluation.expression)
        }
    }

    // MARK: Messages

    private func reason(of error: PromQLError) -> String {
        if case .syntax(_, _, let reason) = error { return reason }
        return error.description
    }

    /// An error may go on where Prometheus' text ends; an annotation has exactly its text.
    private func matches(
        _ expected: EvaluationCase.Message, _ texts: [String], asPrefix: Bool = false
    ) throws -> Bool {
        switch expected {
        case .any: return true
        case .text(let text): return texts.contains { asPrefix ? $0.hasPrefix(text) : $0 == text }
        case .pattern(let pattern):
            let search = try Pattern(".*(?:\(pattern)).*")
            return try texts.contains { try search.matches(whole: $0) }
        }
    }

    private func checkAnnotations(_ answer: QueryAnswer) throws {
        try check(answer.warnings, evaluation.warnings, isNoneExpected: evaluation.hasNoWarning, "warning")
        try check(answer.infos, evaluation.infos, isNoneExpected: evaluation.hasNoInfo, "info")
    }

    private func check(
        _ found: [String], _ expected: [EvaluationCase.Message], isNoneExpected: Bool, _ kind: String
    ) throws {
        if isNoneExpected, !found.isEmpty { throw Complaint(text: "unexpected \(kind): \(found)") }
        if expected.isEmpty { return }
        if found.isEmpty { throw Complaint(text: "no \(kind), expected \(expected)") }
        for message in expected where try !found.contains(where: { try matches(message, [$0]) }) {
            throw Complaint(text: "\(kind) is missing: \(message), found \(found)")
        }
        for text in found where try !expected.contains(where: { try matches($0, [text]) }) {
            throw Complaint(text: "\(kind) is not expected: \(text)")
        }
    }

    // MARK: Results

    private func check(_ value: QueryValue) throws {
        switch (evaluation.result, value) {
        case (.string(let expected), .string(_, let text)):
            if expected != text { throw Complaint(text: "string is \"\(text)\"") }
        case (.scalar(let expected), .scalar(_, let number)):
            if !Self.isSame(expected, number) { throw Complaint(text: "scalar is \(number), expected \(expected)") }
        case (.series(let expected), .vector(let found)): try check(found, expected)
        case (.series(let expected), .matrix(let found)): try check(found, expected)
        default: throw Complaint(text: "result is \(value), expected \(evaluation.result)")
        }
    }

    private func check(_ found: [InstantSample], _ expected: [SeriesNotation]) throws {
        guard found.count == expected.count else {
            throw Complaint(
                text: "\(found.count) elements, expected \(expected.count): \(found.map { ($0.labels, $0.value) })")
        }
        for (place, one) in expected.enumerated() {
            let match = evaluation.isOrdered ? found[place] : found.first { $0.labels == one.labels }
            guard let match, match.labels == one.labels else {
                throw Complaint(text: "\(one.labels) is missing: \(found.map(\.labels))")
            }
            guard case .value(let value)? = one.points.first, Self.isSame(value, match.value) else {
                throw Complaint(text: "\(one.labels) is \(match.value), expected \(one.points)")
            }
        }
    }

    private func check(_ found: [SeriesSamples], _ expected: [SeriesNotation]) throws {
        guard found.count == expected.count else {
            throw Complaint(text: "\(found.count) series, expected \(expected.count): \(found.map(\.labels))")
        }
        for one in expected {
            guard let match = found.first(where: { $0.labels == one.labels }) else {
                throw Complaint(text: "\(one.labels) is missing: \(found.map(\.labels))")
            }
            let samples = expectedSamples(one.points)
            let isSame =
                samples.times == match.samples.times
                && zip(samples.values, match.samples.values).allSatisfy { Self.isSame($0, $1) }
            if !isSame { throw Complaint(text: "\(one.labels) is \(match.samples), expected \(samples)") }
        }
    }

    private func expectedSamples(_ points: [SeriesNotation.Point]) -> SampleColumns {
        var samples = SampleColumns()
        let (first, step): (Int64, Int64) =
            switch evaluation.time {
            case .range(let first, _, let step): (first, step)
            case .instant(let moment): evaluation.rangeVector.map { ($0.first, $0.step) } ?? (moment, 1)
            }
        for (place, point) in points.enumerated() {
            if case .value(let value) = point { samples.append(first + Int64(place) * step, value) }
        }
        return samples
    }

    /// Equal but for a relative error of 1e-6; not-a-number equals itself.
    static func isSame(_ left: Double, _ right: Double) -> Bool {
        if Staleness.isMarker(left) || Staleness.isMarker(right) { return left.bitPattern == right.bitPattern }
        if left.isNaN || right.isNaN { return left.isNaN && right.isNaN }
        if left == right { return true }
        let distance = abs(left - right)
        if left == 0 || right == 0 || abs(left) + abs(right) < .leastNormalMagnitude {
            return distance < 1e-6 * .leastNormalMagnitude
        }
        return distance / min(abs(left) + abs(right), .greatestFiniteMagnitude) < 1e-6
    }

    // MARK: The same in other ways

    /// The middle of a range query from a minute before to a minute after must be what the instant query gave.
    private func checkAsRange(_ expression: Expression, _ moment: Int64) throws {
        let depends = ["start", "end", "range", "step"]
        guard !evaluation.isOrdered, evaluation.rangeVector == nil, expression.kind != .string,
            expression.kind != .rangeVector, !expression.calls(anyOf: depends), !Self.decidesDurations(expression)
        else { return }
        let answer = try evaluate(expression, .range(first: moment - 60_000, last: moment + 60_000, step: 60_000))
        guard case .matrix(let series) = answer.value else { throw Complaint(text: "no matrix") }
        let middle = series.compactMap { one -> InstantSample? in
            guard let place = one.samples.times.firstIndex(of: moment) else { return nil }
            return InstantSample(
                labels: one.labels, time: Timestamp(milliseconds: moment), value: one.samples.values[place])
        }
        do {
            if case .scalar(let expected) = evaluation.result {
                let isSame = middle.first.map { Self.isSame($0.value, expected) } ?? false
                if !isSame { throw Complaint(text: "\(middle)") }
            } else {
                try check(.vector(middle))
            }
        } catch let complaint as Complaint {
            throw Complaint(text: "as a range: \(complaint.text)")
        }
    }

    /// Whether a duration depends on the query's step or range.
    private static func decidesDurations(_ expression: Expression) -> Bool {
        let text = "\(expression)"
        return text.contains("step()") || text.contains("range()")
    }

    /// With every selector anchored at the moment, any other moment of evaluation must give the same.
    private func checkAnchored(_ expression: Expression, _ moment: Int64) throws {
        let depends = [
            "days_in_month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "month", "year",
            "predict_linear", "time", "timestamp", "start", "end", "range", "step",
        ]
        guard evaluation.rangeVector == nil, !expression.calls(anyOf: depends) else { return }
        let anchored = expression.anchored(at: Timestamp(milliseconds: moment))
        for other in [-10 * moment, 0, moment / 5, moment, 10 * moment] {
            do {
                try check(try evaluate(anchored, .instant(other)).value)
            } catch let complaint as Complaint {
                throw Complaint(text: "\(anchored) at \(other) ms: \(complaint.text)")
            }
        }
    }
}

extension Expression {
    /// Whether any of the functions is called anywhere.
    func calls(anyOf names: [String]) -> Bool {
        if case .call(let call) = self, names.contains(call.function.name) { return true }
        return children.contains { $0.calls(anyOf: names) }
    }

    /// With `@ moment` on every selector and sub-query that has none and is not inside an anchored sub-query.
    func anchored(at moment: Timestamp) -> Expression {
        switch self {
        case .number, .string: return self
        case .selector(var node):
            node.anchor = node.anchor ?? .time(moment)
            return .selector(node)
        case .range(var node):
            node.selector.anchor = node.selector.anchor ?? .time(moment)
            return .range(node)
        case .subquery(var node):
            node.anchor = node.anchor ?? .time(moment)
            return .subquery(node)
        case .call(var node):
            node.arguments = node.arguments.map { $0.anchored(at: moment) }
            return .call(node)
        case .aggregation(var node):
            node.operand = node.operand.anchored(at: moment)
            node.parameter = node.parameter?.anchored(at: moment)
            return .aggregation(node)
        case .binary(var node):
            (node.left, node.right) = (node.left.anchored(at: moment), node.right.anchored(at: moment))
            return .binary(node)
        case .unary(var node):
            node.operand = node.operand.anchored(at: moment)
            return .unary(node)
        case .parenthesized(var node):
            node.inner = node.inner.anchored(at: moment)
            return .parenthesized(node)
        }
    }
}
