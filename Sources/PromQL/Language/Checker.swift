import FleetModel
import Patterns

/// Checks what the grammar alone does not say: types, numbers of arguments, what modifiers may stand where.
struct Checker {
    let source: SourceText

    func check(_ expression: Expression) throws(PromQLError) {
        switch expression {
        case .number, .string: break
        case .selector(let node): try check(node)
        case .range(let node): try check(node.selector)
        case .subquery(let node): try check(node)
        case .call(let node): try check(node)
        case .aggregation(let node): try check(node)
        case .binary(let node): try check(node)
        case .unary(let node): try check(node)
        case .parenthesized(let node): try check(node.inner)
        }
    }

    private func check(_ node: VectorSelector) throws(PromQLError) {
        var isSelective = node.metric != nil
        for matcher in node.matchers {
            switch matcher.comparison {
            case .equal: isSelective = isSelective || !matcher.value.isEmpty
            case .notEqual: isSelective = isSelective || matcher.value.isEmpty
            case .matches, .doesNotMatch:
                let matchesEmpty = try matchesEmpty(matcher, node)
                isSelective = isSelective || matchesEmpty != (matcher.comparison == .matches)
            }
        }
        if !isSelective {
            throw source.error(at: node.span.start, "vector selector must contain at least one non-empty matcher")
        }
    }

    private func matchesEmpty(_ matcher: LabelMatcher, _ node: VectorSelector) throws(PromQLError) -> Bool {
        do {
            return try Pattern(matcher.value).matches(whole: "")
        } catch {
            throw source.error(at: node.span.start, "label matcher \(matcher.name): \(error)")
        }
    }

    private func check(_ node: Subquery) throws(PromQLError) {
        try check(node.expression)
        if node.expression.kind != .instantVector {
            throw source.error(
                at: node.span.start,
                "subquery is only allowed on instant vector, got \(node.expression.kind.rawValue) instead")
        }
    }

    private func check(_ node: UnaryOperation) throws(PromQLError) {
        try check(node.operand)
        guard node.operand.kind == .scalar || node.operand.kind == .instantVector else {
            throw source.error(
                at: node.span.start,
                "unary expression only allowed on expressions of type scalar or instant vector, "
                    + "got \"\(node.operand.kind.rawValue)\"")
        }
    }

    private func check(_ node: Call) throws(PromQLError) {
        let function = node.function
        let count = node.arguments.count
        let wanted: String?
        if function.optional == 0 {
            wanted = count == function.arguments.count ? nil : "expected \(function.arguments.count)"
        } else if count < function.fewest {
            wanted = "expected at least \(function.fewest)"
        } else if let most = function.most, count > most {
            wanted = "expected at most \(most)"
        } else {
            wanted = nil
        }
        if let wanted {
            throw source.error(
                at: node.span.start, "\(wanted) argument(s) in call to \"\(function.name)\", got \(count)")
        }
        if function.name == "info", let selector = node.arguments.dropFirst().first {
            try check(node.arguments[0])
            try checkLabelSelector(selector)
            return try expect(.instantVector, node.arguments[0], in: "call to function \"info\"")
        }
        for (place, argument) in node.arguments.enumerated() {
            try check(argument)
            let expected = function.arguments[min(place, function.arguments.count - 1)]
            try expect(expected, argument, in: "call to function \"\(function.name)\"")
        }
    }

    /// The second argument of `info()` only says which labels are wanted, and may say so of all.
    private func checkLabelSelector(_ expression: Expression) throws(PromQLError) {
        guard case .selector(let selector) = expression else {
            throw source.error(at: expression.span.start, "expected label selectors only")
        }
        if selector.metric != nil {
            throw source.error(
                at: expression.span.start, "expected label selectors only, got vector selector instead")
        }
        for matcher in selector.matchers where matcher.comparison == .matches || matcher.comparison == .doesNotMatch {
            _ = try matchesEmpty(matcher, selector)
        }
    }

    private func check(_ node: Aggregation) throws(PromQLError) {
        if let parameter = node.parameter, let kind = node.operation.parameter {
            try check(parameter)
            try expect(kind, parameter, in: "aggregation parameter")
        }
        try check(node.operand)
        try expect(.instantVector, node.operand, in: "aggregation expression")
    }

    private func expect(
        _ kind: Expression.Kind, _ expression: Expression, in context: String
    ) throws(PromQLError) {
        if expression.kind != kind {
            throw source.error(
                at: expression.span.start,
                "expected type \(kind.rawValue) in \(context), got \(expression.kind.rawValue)")
        }
    }

    private func check(_ node: BinaryOperation) throws(PromQLError) {
        try check(node.left)
        try check(node.right)
        for side in [node.left, node.right] where side.kind != .scalar && side.kind != .instantVector {
            throw source.error(
                at: side.span.start, "binary expression must contain only scalar and instant vector types")
        }
        let hasScalar = node.left.kind == .scalar || node.right.kind == .scalar
        if let reason = objection(to: node, hasScalar: hasScalar) {
            throw source.error(at: node.operatorSpan.start, reason)
        }
    }

    private func objection(to node: BinaryOperation, hasScalar: Bool) -> String? {
        let matching = node.matching
        if node.returnsBool, !node.operation.isComparison {
            return "bool modifier can only be used on comparison operators"
        }
        if node.operation.isComparison, !node.returnsBool, node.left.kind == .scalar, node.right.kind == .scalar {
            return "comparisons between scalars must use BOOL modifier"
        }
        if matching.isOn, let label = matching.labels.first(where: { matching.included.contains($0) }) {
            return "label \"\(label)\" must not occur in ON and GROUP clause at once"
        }
        if hasScalar, node.operation.isSetOperator {
            return "set operator \"\(node.operation.rawValue)\" not allowed in binary scalar expression"
        }
        if hasScalar, !matching.labels.isEmpty { return "vector matching only allowed between instant vectors" }
        if matching.fillLeft != nil || matching.fillRight != nil {
            if hasScalar { return "filling in missing series only allowed between instant vectors" }
            if node.operation.isSetOperator { return "filling in missing series not allowed for set operators" }
        }
        if node.operation.isSetOperator, matching.cardinality != .manyToMany {
            return "no grouping allowed for \"\(node.operation.rawValue)\" operation"
        }
        return nil
    }
}
