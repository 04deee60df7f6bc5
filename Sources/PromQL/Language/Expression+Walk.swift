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

    /// The same with every range, offset, and sub-query's range and step divided by `speed`, never below a millisecond:
    /// a day's rules run in minutes when `speed` is high. Fixed moments (`@`) stay.
    public func scalingDurations(by speed: Double) -> Expression {
        var copy = self
        copy.scaleDurations(by: speed)
        return copy
    }

    private mutating func scaleDurations(by speed: Double) {
        switch self {
        case .number, .string: break
        case .selector(var node):
            node.offset = Self.scaled(node.offset, by: speed)
            self = .selector(node)
        case .range(var node):
            node.selector.offset = Self.scaled(node.selector.offset, by: speed)
            node.range = Self.scaled(node.range, by: speed)
            self = .range(node)
        case .subquery(var node):
            node.expression.scaleDurations(by: speed)
            node.range = Self.scaled(node.range, by: speed)
            node.step = node.step.map { Self.scaled($0, by: speed) }
            node.offset = Self.scaled(node.offset, by: speed)
            self = .subquery(node)
        case .call(var node):
            for place in node.arguments.indices { node.arguments[place].scaleDurations(by: speed) }
            self = .call(node)
        case .aggregation(var node):
            node.operand.scaleDurations(by: speed)
            node.parameter?.scaleDurations(by: speed)
            self = .aggregation(node)
        case .binary(var node):
            node.left.scaleDurations(by: speed)
            node.right.scaleDurations(by: speed)
            self = .binary(node)
        case .unary(var node):
            node.operand.scaleDurations(by: speed)
            self = .unary(node)
        case .parenthesized(var node):
            node.inner.scaleDurations(by: speed)
            self = .parenthesized(node)
        }
    }

    /// A positive duration stays positive.
    private static func scaled(_ duration: Duration, by speed: Double) -> Duration {
        let milliseconds = (Double(duration.milliseconds) / speed).rounded()
        guard milliseconds.isFinite, abs(milliseconds) < Double(Lexer.longestDuration) else { return duration }
        return .milliseconds(duration > .zero ? max(1, Int64(milliseconds)) : Int64(milliseconds))
    }
}
