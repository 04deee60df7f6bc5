import Yams

/// A value of a YAML file and where it stands.
struct YAMLValue {
    let node: Node
    let place: SourcePlace

    init(_ node: Node, file: String) {
        self.node = node
        place = SourcePlace(file: file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0)
    }

    /// Whether it is written as nothing at all: an empty plain scalar, `~` or `null`.
    var isNull: Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// What it is, for a person.
    var kind: String {
        switch node {
        case .scalar: "a plain value"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}

/// A mapping whose keys are taken one after the other; what nobody takes is unknown.
struct YAMLMapping {
    let place: SourcePlace
    private(set) var entries: [(key: String, place: SourcePlace, value: YAMLValue)]
    private var taken: Set<String> = []

    init(place: SourcePlace, entries: [(key: String, place: SourcePlace, value: YAMLValue)]) {
        self.place = place
        self.entries = entries
    }

    /// The value of a key; `nil` where there is none, or nothing is written behind it.
    mutating func take(_ key: String) -> YAMLValue? {
        taken.insert(key)
        guard let value = entries.first(where: { $0.key == key })?.value, !value.isNull else { return nil }
        return value
    }

    /// Where a key stands; the mapping's own place where it does not.
    func place(of key: String) -> SourcePlace {
        entries.first { $0.key == key }?.place ?? place
    }

    func has(_ key: String) -> Bool { entries.contains { $0.key == key && !$0.value.isNull } }

    /// The keys that nobody took.
    var unknown: [(key: String, place: SourcePlace)] {
        entries.filter { !taken.contains($0.key) }.map { ($0.key, $0.place) }
    }

    /// The keys that somebody asked for.
    var known: [String] { taken.sorted() }
}
