import FleetModel

extension Expression {
    /// The parts directly below this one.
    public var children: [Expression] {
        switch self {
        case .number, .string, .selector: []
        case .range(let node): [.selector(node.selector)]
        case .subquery(let node): [node.expression]
        case .call(let node): node.arguments
        case .aggregation(let node): (node.parameter.map { [$0] } ?? []) + [node.operand]
        case .binary(let node): [node.left, node.right]
        case .unary(let node): [node.operand]
        case .parenthesized(let node): [node.inner]
        }
    }

    /// Every selector in the expression, those with ranges included, in the order of the text.
    public var selectors: [VectorSelector] {
        if case .selector(let node) = self { return [node] }
        return children.flatMap { $0.selectors }
    }

    /// The names of the metrics it reads, as far as they are said outright.
    public var metricNames: Set<String> {
        Set(
            selectors.flatMap { $0.allMatchers }.compactMap { matcher in
                matcher.name == Labels.metricName && matcher.comparison == .equal ? matcher.value : nil
            })
    }

    /// How far back it looks at most, ranges inside each other and offsets added up; without the look-back for the newest
    /// sample, and without what the query itself decides.
    public var longestRange: Duration {
        let inner = children.map(\.longestRange).max() ?? .zero
        return switch self {
        case .selector(let node): max(.zero, node.offset)
        case .range(let node): inner + node.range
        case .subquery(let node): inner + node.range + max(.zero, node.offset)
        default: inner
        }
    }

    /// Changes every node by `body`, parts before the whole.
    mutating func change<Failure: Error>(
        _ body: (inout Expression) throws(Failure) -> Void
    ) throws(Failure) {
        switch self {
        case .number, .string, .selector, .range: break
        case .subquery(var node):
            try node.expression.change(body)
            self = .subquery(node)
        case .call(var node):
            for place in node.arguments.indices { try node.arguments[place].change(body) }
            self = .call(node)
        case .aggregation(var node):
            try node.operand.change(body)
            try node.parameter?.change(body)
            self = .aggregation(node)
        case .binary(var node):
            try node.left.change(body)
            try node.right.change(body)
            self = .binary(node)
        case .unary(var node):
            try node.operand.change(body)
            self = .unary(node)
        case .parenthesized(var node):
            try node.inner.change(body)
            self = .parenthesized(node)
        }
        try body(&self)
    }
}
