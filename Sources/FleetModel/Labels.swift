/// The identity of a series: label names and values, sorted by name, each name once, no empty values (in Prometheus'
/// data model a label with an empty value is a label that is not there).
public struct Labels: Hashable, Sendable {
    /// The name under which a series' metric name is kept.
    public static let metricName = "__name__"

    /// One label.
    public struct Pair: Hashable, Sendable {
        /// The label's name, UTF-8.
        public var name: String
        /// The label's value, UTF-8, never empty inside `Labels`.
        public var value: String

        /// A label `name="value"`.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Sorted by the bytes of the name.
    public private(set) var pairs: [Pair]

    /// No labels at all.
    public init() { pairs = [] }

    /// The given labels; of a name given twice the last counts, empty values vanish.
    public init(_ pairs: some Sequence<Pair>) {
        var byName: [String: String] = [:]
        for pair in pairs { byName[pair.name] = pair.value }
        self.init(byName)
    }

    /// The given labels; empty values vanish.
    public init(_ values: [String: String]) {
        pairs = values.filter { !$0.value.isEmpty }.map { Pair($0.key, $0.value) }.sorted { $0.name < $1.name }
    }

    /// Pairs that are known to be sorted by name, unique and without empty values: no check is made.
    public init(sortedUnchecked pairs: [Pair]) { self.pairs = pairs }

    /// The value of a label; setting `nil` or an empty value removes it.
    public subscript(name: String) -> String? {
        get { pairs.first { $0.name == name }?.value }
        set {
            let place = pairs.firstIndex { $0.name >= name } ?? pairs.endIndex
            let found = place < pairs.endIndex && pairs[place].name == name
            switch (newValue ?? "", found) {
            case ("", true): pairs.remove(at: place)
            case ("", false): break
            case (let value, true): pairs[place].value = value
            case (let value, false): pairs.insert(Pair(name, value), at: place)
            }
        }
    }

    /// The metric's name, if there is one.
    public var metric: String? { self[Self.metricName] }

    /// Only the labels in `names`.
    public func keeping(_ names: [String]) -> Labels {
        Labels(sortedUnchecked: pairs.filter { names.contains($0.name) })
    }

    /// All but the labels in `names`.
    public func dropping(_ names: [String]) -> Labels {
        Labels(sortedUnchecked: pairs.filter { !names.contains($0.name) })
    }

    /// A copy with one label set (or, with an empty value, removed).
    public func setting(_ name: String, to value: String) -> Labels {
        var copy = self
        copy[name] = value
        return copy
    }

    /// As a dictionary.
    public var dictionary: [String: String] {
        Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}

extension Labels: Comparable {
    /// The order in which Prometheus lists series: pair by pair, name before value; a prefix comes first.
    public static func < (left: Labels, right: Labels) -> Bool {
        for (one, other) in zip(left.pairs, right.pairs) where one != other {
            return one.name == other.name ? one.value < other.value : one.name < other.name
        }
        return left.pairs.count < right.pairs.count
    }
}

extension Labels: ExpressibleByDictionaryLiteral {
    /// `["host": "a", "lp": "0"]`; of a name given twice the last counts.
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { Pair($0.0, $0.1) })
    }
}

extension Labels: CustomStringConvertible {
    /// As PromQL writes it: `name{a="1", b="2"}`.
    public var description: String {
        let inner = pairs.filter { $0.name != Self.metricName }
        if inner.isEmpty, let metric { return metric }
        let listed = inner.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ", ")
        return "\(metric ?? ""){\(listed)}"
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// Encoded as a JSON object of strings.
extension Labels: Codable {
    /// Reads an object of strings.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode([String: String].self))
    }

    /// Writes an object of strings.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(dictionary)
    }
}
