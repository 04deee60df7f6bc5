import FleetModel

/// Writes a page of metrics: the Prometheus text format 0.0.4 or OpenMetrics 1.0
/// (prometheus.io/docs/instrumenting/exposition_formats, github.com/prometheus/OpenMetrics).
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

    /// A metric family as it was announced.
    public struct Family: Hashable, Sendable {
        /// The name that its samples bear.
        public var name: String
        /// What it is.
        public var kind: Kind
        /// What it says, in a sentence; empty where nobody said.
        public var help: String
        /// The base unit that its name ends with, `_total` left out; empty for none.
        public var unit: String { TextExposition.units.first { stem.hasSuffix("_" + $0) } ?? "" }

        /// The name without a counter's `_total`.
        var stem: String { kind == .counter && name.hasSuffix("_total") ? String(name.dropLast(6)) : name }
    }

    /// The media type to serve the text format under.
    public static let contentType = ExpositionFormat.text.contentType

    /// Base units of OpenMetrics, as far as names here end with them.
    fileprivate static let units = ["seconds", "bytes", "ratio", "celsius", "joules", "volts", "amperes", "meters"]

    /// How the page is written.
    public let format: ExpositionFormat
    /// The families that were begun so far, in order.
    public private(set) var families: [Family] = []
    /// The samples that were written so far, in order.
    public private(set) var samples: [MetricSample] = []
    private var lines = ""
    private var name = ""

    /// An empty page.
    public init(_ format: ExpositionFormat = .text) { self.format = format }

    /// The whole page.
    public var text: String { format.isOpenMetrics ? lines + "# EOF\n" : lines }

    /// Begins a metric family; its samples follow. Without `help` no such line is written.
    public mutating func family(_ name: String, _ kind: Kind, help: String) {
        let family = Family(name: name, kind: kind, help: help)
        families.append(family)
        self.name = name
        if format.isOpenMetrics {
            // A counter's samples must end with _total; what calls itself a counter and does not is left open.
            let isCounter = kind == .counter && name.hasSuffix("_total")
            let shown = format.shownMetric(family.stem)
            lines += "# TYPE \(shown) \(isCounter ? "counter" : kind == .gauge ? "gauge" : "unknown")\n"
            if !family.unit.isEmpty { lines += "# UNIT \(shown) \(family.unit)\n" }
            if !help.isEmpty { lines += "# HELP \(shown) \(Self.escaped(help, quotes: true))\n" }
        } else {
            let shown = format.shownMetric(name)
            if !help.isEmpty { lines += "# HELP \(shown) \(Self.escaped(help, quotes: false))\n" }
            lines += "# TYPE \(shown) \(kind.rawValue)\n"
        }
    }

    /// Writes one sample of the family that was begun last.
    public mutating func sample(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
        sample(value, labels: labels.map { (name: $0.key, value: $0.value) })
    }

    /// The same with labels that are not known beforehand, and with the moment that it was measured at.
    public mutating func sample(
        _ value: Double, labels: [(name: String, value: String)], at time: Timestamp? = nil
    ) {
        let pairs = labels.map { "\(format.shownLabel($0.name))=\"\(Self.escaped($0.value, quotes: true))\"" }
        let shown = format.shownMetric(name)
        if shown.hasPrefix("\"") {
            lines += "{\(([shown] + pairs).joined(separator: ","))}"
        } else {
            lines += shown
            if !pairs.isEmpty { lines += "{\(pairs.joined(separator: ","))}" }
        }
        lines += " \(Self.text(of: value))"
        if let time { lines += " \(format.isOpenMetrics ? Self.seconds(time) : "\(time.milliseconds)")" }
        lines += "\n"
        samples.append(MetricSample(name: name, labels: labels, value: value))
    }

    /// A family of one sample without labels.
    public mutating func single(_ name: String, _ kind: Kind, help: String, _ value: Double) {
        family(name, kind, help: help)
        sample(value)
    }

    /// A value as the formats write it: `1.5`, `3`, `NaN`, `+Inf`, `-Inf`.
    public static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let plain = value.description
        return plain.hasSuffix(".0") ? String(plain.dropLast(2)) : plain
    }

    private static func seconds(_ time: Timestamp) -> String {
        let decimals = String(time.milliseconds.magnitude % 1000 + 1000).dropFirst()
        return "\(time.milliseconds < 0 ? "-" : "")\(time.milliseconds.magnitude / 1000).\(decimals)"
    }

    fileprivate static func escaped(_ text: String, quotes: Bool) -> String {
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

/// A format of a page of metrics, and how it writes names that are not plain words.
public struct ExpositionFormat: Hashable, Sendable {
    /// OpenMetrics 1.0; otherwise the text format 0.0.4.
    public var isOpenMetrics: Bool
    /// Whether the reader takes any UTF-8 in names, in quotes; otherwise other characters become underscores.
    public var takesAnyName: Bool

    /// A format.
    public init(isOpenMetrics: Bool, takesAnyName: Bool) {
        self.isOpenMetrics = isOpenMetrics
        self.takesAnyName = takesAnyName
    }

    /// The text format 0.0.4 with plain names.
    public static let text = ExpositionFormat(isOpenMetrics: false, takesAnyName: false)
    /// OpenMetrics 1.0 with plain names.
    public static let openMetrics = ExpositionFormat(isOpenMetrics: true, takesAnyName: false)

    /// The media type to serve the page under.
    public var contentType: String {
        let type =
            isOpenMetrics
            ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8"
        return takesAnyName ? type + "; escaping=allow-utf-8" : type
    }

    fileprivate func shownMetric(_ name: String) -> String { shown(name, colon: true) }

    fileprivate func shownLabel(_ name: String) -> String { shown(name, colon: false) }

    private func shown(_ name: String, colon: Bool) -> String {
        var isPlain = !name.isEmpty
        var plain = ""
        for scalar in name.unicodeScalars {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
            let isDigit = ("0"..."9").contains(scalar) && !plain.isEmpty
            let isGood = isLetter || isDigit || colon && scalar == ":"
            if !isGood { isPlain = false }
            plain.unicodeScalars.append(isGood ? scalar : "_")
        }
        if isPlain || !takesAnyName { return plain }
        return "\"\(TextExposition.escaped(name, quotes: true))\""
    }
}
