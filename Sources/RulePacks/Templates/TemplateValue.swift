import FleetModel

/// A value inside a template.
indirect enum TemplateValue: Hashable, Sendable {
    /// What a map without the key gives.
    case nothing
    case text(String)
    case number(Double)
    case whole(Int)
    case boolean(Bool)
    case labels(Labels)
    /// An element of a query's answer, with `Labels` and `Value`.
    case sample(labels: Labels, value: Double)
    case list([TemplateValue])
    case map([String: TemplateValue])
    /// A moment, with Go's methods.
    case moment(Timestamp)
    /// A span of time in seconds.
    case span(Double)
    /// What an alert's template is about, with `Labels`, `Value`, `ExternalLabels` and `ExternalURL`.
    case root

    /// As Go prints it with `%v`.
    var text: String {
        switch self {
        case .nothing: return "<no value>"
        case .text(let text): return text
        case .number(let number): return NumberText.shortest(number)
        case .whole(let number): return String(number)
        case .boolean(let flag): return flag ? "true" : "false"
        case .labels(let labels):
            return "map[" + labels.pairs.map { "\($0.name):\($0.value)" }.joined(separator: " ") + "]"
        case .sample(let labels, let value):
            return "{\(TemplateValue.labels(labels).text) \(NumberText.shortest(value))}"
        case .list(let values): return "[" + values.map(\.text).joined(separator: " ") + "]"
        case .map(let values):
            let pairs = values.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.text)" }
            return "map[" + pairs.joined(separator: " ") + "]"
        case .moment(let moment): return GoTime(moment).description
        case .span(let seconds): return GoTime.text(ofSpan: seconds)
        case .root: return ""
        }
    }

    /// The number that it is or spells; a span counts seconds.
    var number: Double? {
        switch self {
        case .number(let number), .span(let number): number
        case .whole(let number): Double(number)
        case .text(let text): NumberText.parsed(text)
        default: nil
        }
    }

    /// What `if` makes of it: nothing, empty and zero are false.
    var isTrue: Bool {
        switch self {
        case .nothing: false
        case .text(let text): !text.isEmpty
        case .number(let number), .span(let number): number != 0
        case .whole(let number): number != 0
        case .boolean(let flag): flag
        case .labels(let labels): !labels.pairs.isEmpty
        case .list(let values): !values.isEmpty
        case .map(let values): !values.isEmpty
        case .sample, .moment, .root: true
        }
    }

    /// What it counts for `len`; `nil` where it has no length.
    var length: Int? {
        switch self {
        case .text(let text): text.utf8.count
        case .labels(let labels): labels.pairs.count
        case .list(let values): values.count
        case .map(let values): values.count
        default: nil
        }
    }

    /// Bytes of its texts and a few for each of its parts, counted no further than just beyond `limit`: parts that are
    /// shared count each time, as they would be written.
    func size(atMost limit: Int) -> Int {
        switch self {
        case .text(let text): return text.utf8.count
        case .list(let values): return Self.sum(values, limit)
        case .map(let values): return Self.sum(values.values, limit)
        case .labels(let labels), .sample(let labels, _):
            return labels.pairs.reduce(8) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        default: return 8
        }
    }

    private static func sum(_ values: some Sequence<TemplateValue>, _ limit: Int) -> Int {
        var size = 8
        for value in values {
            size += 8 + value.size(atMost: limit - size)
            if size > limit { break }
        }
        return size
    }

    /// What is at a key or number; `nil` where it can have none, or a list is shorter.
    func element(_ key: TemplateValue) -> TemplateValue? {
        switch (self, key) {
        case (.labels(let labels), .text(let name)): .text(labels[name] ?? "")
        case (.map(let values), .text(let name)): values[name] ?? .nothing
        case (.list(let values), .whole(let place)): values.indices.contains(place) ? values[place] : nil
        case (.text(let text), .whole(let place)):
            text.utf8.count > place && place >= 0 ? .whole(Int(Array(text.utf8)[place])) : nil
        default: nil
        }
    }

    /// What `range` goes through, with each one's index or key; `nil` where it goes through nothing of the kind.
    func turns(limit: Int) -> [(key: TemplateValue, element: TemplateValue)]? {
        switch self {
        case .nothing: []
        case .list(let values): values.prefix(limit).enumerated().map { (.whole($0.offset), $0.element) }
        case .labels(let labels): labels.pairs.map { (.text($0.name), .text($0.value)) }
        case .map(let values): values.sorted { $0.key < $1.key }.map { (.text($0.key), $0.value) }
        case .whole(let count): (0..<max(0, min(count, limit))).map { (.whole($0), .whole($0)) }
        default: nil
        }
    }
}
