extension Expression {
    /// From how many characters on a part goes onto lines of its own.
    private static let longestLine = 100

    /// The expression as PromQL over as many lines as it needs, indented by its structure, in the layout of Prometheus'
    /// `format_query`.
    public var pretty: String { pretty(level: 0) }

    private func pretty(level: Int) -> String {
        let margin = Self.margin(level)
        let line = description
        if line.unicodeScalars.count <= Self.longestLine { return margin + line }
        switch self {
        case .number, .string, .selector, .range: return margin + line
        case .parenthesized(let node): return "\(margin)(\n\(node.inner.pretty(level: level + 1))\n\(margin))"
        case .unary(let node):
            let operand = node.operand.pretty(level: level).drop { $0 == " " }
            return margin + (node.isNegation ? "-" : "+") + operand
        case .call(let node):
            let arguments = node.arguments.map { $0.pretty(level: level + 1) }.joined(separator: ",\n")
            return "\(margin)\(node.function.name)(\n\(arguments)\n\(margin))"
        case .aggregation(let node):
            let parts = (node.parameter.map { [$0] } ?? []) + [node.operand]
            let lines = parts.map { $0.pretty(level: level + 1) }.joined(separator: ",\n")
            return "\(margin)\(node.head)(\n\(lines)\n\(margin))"
        case .binary(let node):
            let sides = (node.left.pretty(level: level + 1), node.right.pretty(level: level + 1))
            return "\(sides.0)\n\(margin)\(node.head)\n\(sides.1)"
        case .subquery(let node): return node.expression.pretty(level: level) + node.suffix
        }
    }

    private static func margin(_ level: Int) -> String { String(repeating: "  ", count: level) }
}
