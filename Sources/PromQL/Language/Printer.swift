import FleetModel

extension Expression: CustomStringConvertible {
    /// The expression as PromQL, which reads back as an equal tree.
    public var description: String {
        switch self {
        // Infinity without its plus, which would read back as an operator.
        case .number(let node): node.value == .infinity ? "Inf" : Self.text(node.value)
        case .string(let node): Self.quoted(node.text)
        case .selector(let node): node.description
        case .range(let node): node.description
        case .subquery(let node): node.description
        case .call(let node): "\(node.function.name)(\(Self.list(node.arguments)))"
        case .aggregation(let node): node.description
        case .binary(let node): node.description
        case .unary(let node): (node.isNegation ? "-" : "+") + node.operand.description
        case .parenthesized(let node): "(\(node.inner))"
        }
    }

    static func list(_ expressions: [Expression]) -> String {
        expressions.map { $0.description }.joined(separator: ", ")
    }

    /// A number: the shortest text that reads back as the same.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// A text in double quotes.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                result += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// A duration in its units: `1h30m`.
    static func text(_ duration: Duration) -> String {
        var rest = duration.milliseconds
        if rest == 0 { return "0s" }
        var result = rest < 0 ? "-" : ""
        rest = abs(rest)
        for unit in Lexer.units where rest >= unit.milliseconds {
            // Weeks and years only where nothing is left over, so that 400 days stay 400 days.
            if unit.milliseconds > 86_400_000, rest % unit.milliseconds != 0 { continue }
            result += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return result
    }

    /// A label's name as it is written in braces and lists: quoted where it is not a plain word.
    static func labelName(_ name: String) -> String {
        let bytes = name.utf8
        let isPlain =
            bytes.first.map { !(0x30...0x39).contains($0) } == true
            && bytes.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x5f
            }
        return isPlain ? name : quoted(name)
    }

    /// A length of time, fixed or decided by the query.
    static func text(_ duration: Duration, _ computed: DurationExpression?) -> String {
        computed.map { $0.description } ?? text(duration)
    }

    /// `offset` and `@`, with a space in front of each.
    static func modifiers(_ offset: Duration, _ computed: DurationExpression?, _ anchor: TimeAnchor?) -> String {
        let moment =
            switch anchor {
            case .time(let moment): " @ \(text(moment.seconds))"
            case .start: " @ start()"
            case .end: " @ end()"
            case nil: ""
            }
        if let computed { return "\(moment) offset \(computed.afterOffset)" }
        return moment + (offset == .zero ? "" : " offset \(text(offset))")
    }
}

extension VectorSelector: CustomStringConvertible {
    /// As PromQL.
    public var description: String { described(range: "") }

    func described(range: String) -> String {
        var conditions = matchers.map {
            "\(Expression.labelName($0.name))\($0.comparison.rawValue)\(Expression.quoted($0.value))"
        }
        var name = metric ?? ""
        if !isPlainMetric {
            conditions.insert(Expression.quoted(name), at: 0)
            name = ""
        }
        let braces = conditions.isEmpty && !name.isEmpty ? "" : "{\(conditions.joined(separator: ","))}"
        let ends = boundary.map { " \($0.rawValue)" } ?? ""
        return name + braces + range + ends + Expression.modifiers(offset, offsetExpression, anchor)
    }

    /// Whether the metric's name can stand in front of the braces.
    private var isPlainMetric: Bool {
        guard let metric else { return true }
        let isWord = Expression.labelName(metric.replacing(":", with: "_")) == metric.replacing(":", with: "_")
        let keywords = ["inf", "nan", "bool", "on", "ignoring", "group_left", "group_right", "atan2"]
        return isWord && !keywords.contains(metric.lowercased())
    }
}

extension RangeSelector: CustomStringConvertible {
    /// As PromQL.
    public var description: String { selector.described(range: "[\(Expression.text(range, rangeExpression))]") }
}

extension Subquery: CustomStringConvertible {
    /// As PromQL.
    public var description: String {
        "\(expression)\(suffix)"
    }

    /// What stands behind the expression.
    var suffix: String {
        let interval = step.map { Expression.text($0, stepExpression) } ?? ""
        return "[\(Expression.text(range, rangeExpression)):\(interval)]"
            + Expression.modifiers(offset, offsetExpression, anchor)
    }
}

extension Aggregation: CustomStringConvertible {
    /// As PromQL.
    public var description: String {
        "\(head)(\(Expression.list((parameter.map { [$0] } ?? []) + [operand])))"
    }

    /// What stands before the parentheses.
    var head: String {
        let names = labels.map { Expression.labelName($0) }.joined(separator: ", ")
        let grouping = isWithout ? " without (\(names)) " : labels.isEmpty ? "" : " by (\(names)) "
        return operation.rawValue + grouping
    }
}

extension BinaryOperation: CustomStringConvertible {
    /// As PromQL.
    public var description: String { "\(left) \(head) \(right)" }

    /// What stands between the two sides.
    var head: String {
        var words = [operation.rawValue]
        if returnsBool { words.append("bool") }
        if matching.isOn || !matching.labels.isEmpty || matching.cardinality == .manyToOne
            || matching.cardinality == .oneToMany
        {
            words.append("\(matching.isOn ? "on" : "ignoring") (\(Self.names(matching.labels)))")
        }
        if matching.cardinality == .manyToOne { words.append("group_left (\(Self.names(matching.included)))") }
        if matching.cardinality == .oneToMany { words.append("group_right (\(Self.names(matching.included)))") }
        if let left = matching.fillLeft, left == matching.fillRight {
            words.append("fill (\(Expression.text(left.value)))")
        } else {
            if let left = matching.fillLeft { words.append("fill_left (\(Expression.text(left.value)))") }
            if let right = matching.fillRight { words.append("fill_right (\(Expression.text(right.value)))") }
        }
        return words.joined(separator: " ")
    }

    private static func names(_ labels: [String]) -> String {
        labels.map { Expression.labelName($0) }.joined(separator: ", ")
    }
}
