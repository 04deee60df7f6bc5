import FleetModel

/// What is known of the elements that the right side of an operation can meet, once the left side was evaluated.
///
/// Rules compare many with little: `rate(drops[5m]) > 10` leaves a few of thousands of VMs, and only of those the packets
/// have to be counted. So where few elements are left, the right side reads only series that could meet one of them, and
/// nothing at all where none is left. What cannot be proved to give the same answer, refusals included, is read whole.
struct Narrowing {
    /// More elements than this narrow nothing: series are found faster without so many alternatives.
    static let mostElements = 512

    /// Label values that elements must have to meet one of the others.
    private let values: [String: [String]]
    /// Whether there is nothing to meet.
    let isEmpty: Bool

    /// What `elements` of one side say about the other; `nil` where they are too many or nothing is known.
    init?(_ elements: [StepSeries], _ matching: VectorMatching) {
        guard matching.fillLeft == nil, matching.fillRight == nil else { return nil }
        var present: [Labels] = []
        for element in elements where element.hasValue {
            present.append(element.labels)
            if present.count > Self.mostElements { return nil }
        }
        isEmpty = present.isEmpty
        var values: [String: [String]] = [:]
        for name in matching.isOn ? matching.labels : [] {
            let found = present.map { $0[name] ?? "" }
            // The other side may lack the label then, and a matcher for that is not worth it.
            if !found.contains("") { values[name] = Set(found).sorted() }
        }
        self.values = values
        if values.isEmpty && !isEmpty { return nil }
    }

    private init(_ values: [String: [String]]) {
        self.values = values
        isEmpty = false
    }

    private func keeping(_ isKept: (String) -> Bool) -> Narrowing { Narrowing(values.filter { isKept($0.key) }) }

    /// `expression` so that it reads less, and gives the same elements that have one of the values.
    func narrowed(_ expression: Expression) -> Expression {
        guard !values.isEmpty else { return expression }
        switch expression {
        case .selector(var node):
            node.matchers += matchers
            return .selector(node)
        case .range(var node):
            node.selector.matchers += matchers
            return .range(node)
        case .call(var node):
            for place in node.arguments.indices where node.arguments[place].kind != .scalar {
                node.arguments[place] = narrowed(node.arguments[place])
            }
            return .call(node)
        case .aggregation(var node):
            node.operand = keeping { node.labels.contains($0) != node.isWithout }.narrowed(node.operand)
            return .aggregation(node)
        case .binary(let node): return .binary(narrowed(node))
        case .unary(var node):
            node.operand = narrowed(node.operand)
            return .unary(node)
        case .parenthesized(var node):
            node.inner = narrowed(node.inner)
            return .parenthesized(node)
        case .number, .string, .subquery: return expression
        }
    }

    private func narrowed(_ node: BinaryOperation) -> BinaryOperation {
        var node = node
        guard node.left.kind == .instantVector, node.right.kind == .instantVector else {
            if node.left.kind == .instantVector { node.left = narrowed(node.left) }
            if node.right.kind == .instantVector { node.right = narrowed(node.right) }
            return node
        }
        // A label that both must have alike can be asked of both; any other comes from one side alone.
        let common = keeping { node.matching.labels.contains($0) == node.matching.isOn }
        let own = keeping { !node.matching.included.contains($0) }
        switch node.matching.cardinality {
        case .oneToOne:
            node.left = common.narrowed(node.left)
            node.right = common.narrowed(node.right)
        case .manyToOne:
            node.left = own.narrowed(node.left)
            node.right = common.narrowed(node.right)
        case .oneToMany:
            node.left = common.narrowed(node.left)
            node.right = own.narrowed(node.right)
        case .manyToMany:
            node.left = (node.operation == .or ? common : self).narrowed(node.left)
            node.right = common.narrowed(node.right)
        }
        return node
    }

    private var matchers: [LabelMatcher] {
        values.sorted { $0.key < $1.key }.map { name, values in
            values.count == 1
                ? LabelMatcher(name, .equal, values[0])
                : LabelMatcher(name, .matches, values.map(Self.quoted).joined(separator: "|"))
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = ""
        for scalar in text.unicodeScalars {
            if #"\.+*?()[]{}|^$#"#.unicodeScalars.contains(scalar) { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted
    }
}

// MARK: - What cannot be refused

extension Expression {
    /// Whether it gives the same elements, and is refused as little, when it reads only some of its series, whole groups
    /// at a time: whatever is matched in it is unique on the sides that must be.
    var canBeNarrowed: Bool {
        switch self {
        case .selector, .range, .number, .string: return true
        case .subquery: return false
        case .call(let node):
            let name = node.function.name
            let isPlain =
                ElementFunctions.plain[name] != nil || ["clamp", "clamp_min", "clamp_max", "round"].contains(name)
                || RangeFunction(rawValue: name).map { $0 != .absentOverTime } ?? false
            return isPlain && node.arguments.allSatisfy { $0.kind == .scalar || $0.canBeNarrowed }
        case .aggregation(let node): return node.operation.isFold && node.operand.canBeNarrowed
        case .unary(let node): return node.operand.canBeNarrowed
        case .parenthesized(let node): return node.inner.canBeNarrowed
        case .binary(let node):
            guard node.left.kind == .instantVector, node.right.kind == .instantVector else {
                return [node.left, node.right].allSatisfy { $0.kind == .scalar || $0.canBeNarrowed }
            }
            return node.left.canBeNarrowed && node.right.canBeNarrowed && node.matchesSurely
        }
    }

    /// The labels by which each of its elements differs from every other; `nil` where that is not known.
    fileprivate var identity: Set<String>? {
        switch self {
        // Names of metrics are lost on the way.
        case .aggregation(let node):
            return node.operation.isFold && !node.isWithout && !node.labels.contains(Labels.metricName)
                ? Set(node.labels) : nil
        case .parenthesized(let node): return node.inner.identity
        case .unary(let node): return node.operand.identity
        case .call(let node):
            return ElementFunctions.plain[node.function.name] != nil || node.function.name.hasPrefix("clamp")
                || node.function.name == "round" ? node.arguments[0].identity : nil
        case .binary(let node):
            if node.left.kind == .scalar { return node.right.identity }
            if node.right.kind == .scalar { return node.left.identity }
            switch node.matching.cardinality {
            case .oneToOne:
                return node.matching.isOn && !node.matching.labels.contains(Labels.metricName)
                    ? Set(node.matching.labels) : nil
            case .manyToOne: return node.matching.included.isEmpty ? node.left.identity : nil
            case .oneToMany: return node.matching.included.isEmpty ? node.right.identity : nil
            case .manyToMany:
                guard node.operation == .or else { return node.left.identity }
                guard node.matching.isOn, let identity = node.left.identity, identity == node.right.identity,
                    identity.isSuperset(of: node.matching.labels)
                else { return nil }
                return identity
            }
        case .selector, .range, .number, .string, .subquery: return nil
        }
    }
}

extension BinaryOperation {
    /// Whether no two elements of a side that must have but one for each match can have the same labels to match by.
    fileprivate var matchesSurely: Bool {
        guard matching.fillLeft == nil, matching.fillRight == nil else { return false }
        if matching.cardinality == .manyToMany { return operation != .or || Expression.binary(self).identity != nil }
        func isUnique(_ side: Expression) -> Bool {
            guard matching.isOn, let identity = side.identity else { return false }
            return identity.isSubset(of: matching.labels)
        }
        switch matching.cardinality {
        case .oneToOne: return isUnique(left) && isUnique(right)
        case .manyToOne: return isUnique(right) && left.identity != nil && matching.included.isEmpty
        case .oneToMany: return isUnique(left) && right.identity != nil && matching.included.isEmpty
        case .manyToMany: return true
        }
    }

    /// Whether the right side may be read for those elements alone that the left side has.
    var canNarrowRight: Bool {
        guard operation != .or, matching.cardinality != .oneToMany, right.canBeNarrowed else { return false }
        if matching.cardinality == .manyToMany { return true }
        guard matching.isOn, let identity = right.identity else { return false }
        return identity.isSubset(of: matching.labels)
    }
}

extension AggregationOperator {
    /// Whether it folds the elements of a group into one, each group by itself.
    fileprivate var isFold: Bool {
        switch self {
        case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar: true
        case .quantile, .topk, .bottomk, .limitk, .limitRatio, .countValues: false
        }
    }
}
