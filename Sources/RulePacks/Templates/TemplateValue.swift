import FleetModel

/// A value inside a template.
enum TemplateValue: Hashable {
    case text(String)
    case number(Double)
    case whole(Int)
    case boolean(Bool)
    case labels(Labels)
    /// `.` itself, with `Labels`, `Value`, `ExternalLabels` and `ExternalURL`.
    case root

    /// As Go prints it with `%v`.
    var text: String {
        switch self {
        case .text(let text): return text
        case .number(let number): return NumberText.shortest(number)
        case .whole(let number): return String(number)
        case .boolean(let flag): return flag ? "true" : "false"
        case .labels(let labels):
            return "map[" + labels.pairs.map { "\($0.name):\($0.value)" }.joined(separator: " ") + "]"
        case .root: return ""
        }
    }

    /// The number that it is or spells.
    var number: Double? {
        switch self {
        case .number(let number): number
        case .whole(let number): Double(number)
        case .text(let text): Double(text)
        case .boolean, .labels, .root: nil
        }
    }

    /// What `if` makes of it: empty and zero are false.
    var isTrue: Bool {
        switch self {
        case .text(let text): !text.isEmpty
        case .number(let number): number != 0
        case .whole(let number): number != 0
        case .boolean(let flag): flag
        case .labels(let labels): !labels.pairs.isEmpty
        case .root: true
        }
    }
}
