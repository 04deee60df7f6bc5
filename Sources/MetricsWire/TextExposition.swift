/// Writes the Prometheus text exposition format, version 0.0.4
/// (prometheus.io/docs/instrumenting/exposition_formats).
public struct TextExposition: Sendable {
    /// What a metric is.
    public enum Kind: String, Sendable {
        /// Only grows, and starts again at zero when its process does.
        case counter
        /// Goes up and down.
        case gauge
        /// Said by nobody.
        case untyped
    }

    /// The media type to serve the text under.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// What was written so far.
    public private(set) var text = ""
    /// The samples that were written so far, in order.
    public private(set) var samples: [MetricSample] = []
    private var family = ""

    /// An empty page.
    public init() {}

    /// Begins a metric family; its samples follow.
    public mutating func family(_ name: String, _ kind: Kind, help: String) {
        family = name
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// Writes one sample of the family that was begun last.
    public mutating func sample(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
        text += family
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.key)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        text += " \(Self.text(of: value))\n"
        samples.append(MetricSample(name: family, labels: labels.map { (name: $0.key, value: $0.value) }, value: value))
    }

    /// A family of one sample without labels.
    public mutating func single(_ name: String, _ kind: Kind, help: String, _ value: Double) {
        family(name, kind, help: help)
        sample(value)
    }

    /// A value as the format writes it: `1.5`, `3`, `NaN`, `+Inf`, `-Inf`.
    public static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let plain = value.description
        return plain.hasSuffix(".0") ? String(plain.dropLast(2)) : plain
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// One sample of a page.
public struct MetricSample: Sendable {
    /// The metric's name.
    public var name: String
    /// Its labels, in the order in which they were written.
    public var labels: [(name: String, value: String)]
    /// Its value.
    public var value: Double
}
