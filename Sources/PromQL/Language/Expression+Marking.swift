import FleetModel

/// An expression that finds, turned into one that says of what it could be worked out.
extension Expression {
    /// What `marking` is to leave as it is, and what it may put in.
    public struct MarkingOptions: Sendable {
        /// What recording rules compute, by the names under which they write it.
        public var recorded: [String: Expression] = [:]
        /// The longest range that is looked at: what was measured longer ago says nothing of now.
        public var longestRange: Duration = .seconds(600)
        /// Labels whose matchers stay; `nil` for all of them.
        public var keptLabels: Set<String>?
        /// Metrics whose matchers stay.
        public var keptMetrics: Set<String> = []

        /// Everything stays, and no range is longer than ten minutes.
        public init() {}
    }

    /// Whether it leaves elements out by what they are: by a comparison, or by `unless`.
    public var isFinding: Bool {
        if case .binary(let node) = self, node.operation.isComparison && !node.returnsBool || node.operation == .unless
        {
            return true
        }
        return children.contains { $0.isFinding }
    }

    /// Whether it gives something where nothing is: by `absent` or `absent_over_time`.
    public var looksForAbsence: Bool {
        if case .call(let call) = self, call.function.name.hasPrefix("absent") { return true }
        return children.contains { $0.looksForAbsence }
    }

    /// The same with comparisons that mark elements (`bool`) rather than leave them out, so that it gives an element for
    /// whatever it could be worked out of. What `unless` takes away is not taken away, and a condition behind `and` that is
    /// true by being there is left out: that nothing is there says nothing about measurements.
    public func marking(_ options: MarkingOptions) -> Expression {
        var copy = self
        copy.change { $0.mark(options) }
        return copy
    }

    private mutating func mark(_ options: MarkingOptions) {
        switch self {
        case .binary(var node) where node.operation.isComparison:
            node.returnsBool = true
            self = .binary(node)
        case .binary(let node) where node.operation == .unless: self = node.left
        case .binary(let node) where node.operation == .and && !node.right.compares: self = node.left
        case .range(var node):
            node.selector.keepMatchers(options)
            node.range = min(node.range, options.longestRange)
            self = .range(node)
        case .subquery(var node):
            node.range = min(node.range, max(options.longestRange, node.step ?? .zero))
            self = .subquery(node)
        case .selector(var node):
            if let name = node.metric, let source = options.recorded[name], node.offset == .zero, node.anchor == nil {
                var inner = options
                inner.recorded[name] = nil
                self = .parenthesized(Parenthesized(inner: source.marking(inner), span: node.span))
            } else {
                node.keepMatchers(options)
                self = .selector(node)
            }
        default: break
        }
    }

    private var compares: Bool {
        if case .binary(let node) = self, node.operation.isComparison { return true }
        return children.contains { $0.compares }
    }
}

extension VectorSelector {
    fileprivate mutating func keepMatchers(_ options: Expression.MarkingOptions) {
        guard let kept = options.keptLabels, let metric, !options.keptMetrics.contains(metric) else { return }
        matchers.removeAll { !kept.contains($0.name) }
    }
}
