import FleetModel

/// A text with actions in `{{ }}`, in the part of Go's template language that Prometheus' alerts use
/// (https://prometheus.io/docs/prometheus/latest/configuration/template_reference/): `$labels`, `$value`, fields,
/// texts and numbers, pipes, `if`, comparisons, `printf` and the `humanize` family; and `parameter "name"`, the value
/// of the pack's parameter in the alert's cluster. `range` and `with` are read and cannot be filled in yet.
public struct Template: Sendable, Hashable {
    /// The text as written.
    public let source: String
    private let nodes: [TemplateNode]

    /// Longest template and longest result, in bytes.
    static let longest = 64 << 10

    /// What a template can name from its start: the whole, an alert's labels and value, and what Prometheus adds.
    static let rootVariables: Set<String> = ["", "labels", "value", "externalLabels", "externalURL"]

    /// Reads `source`; throws where it is not a template, an unknown function among the reasons.
    public init(_ source: String) throws(TemplateError) {
        guard source.utf8.count <= Self.longest else {
            throw TemplateError(TemplatePlace(), "the template is longer than \(Self.longest) bytes")
        }
        self.source = source
        nodes = try TemplateParser.parse(source)
    }

    /// No text.
    static let empty = Template()

    private init() {
        source = ""
        nodes = []
    }

    /// Fills it in.
    public func render(_ scene: TemplateScene) throws(TemplateError) -> String {
        var renderer = TemplateRenderer(scene)
        try renderer.write(nodes)
        return renderer.result
    }

    /// Fills it in; where that fails the text says so, as Prometheus' does, and loses nothing else.
    public func renderOrExplain(_ scene: TemplateScene) -> String {
        do throws(TemplateError) {
            return try render(scene)
        } catch {
            return "<error expanding template at \(error)>"
        }
    }
}

/// What a template is filled in with.
public struct TemplateScene: Sendable {
    /// What happens to values on their way into the text.
    public enum Escaping: Sendable {
        /// Nothing: the text is for people.
        case none
        /// They are escaped for a PromQL string: the text is a query.
        case query
    }

    /// The alert's labels.
    public var labels: Labels
    /// The alert's value.
    public var value: Double
    /// The pack's parameters in the alert's cluster, by name.
    public var parameters: [String: Double]
    /// What happens to values on their way into the text.
    public var escaping: Escaping

    /// A scene.
    public init(
        labels: Labels, value: Double, parameters: [String: Double] = [:], escaping: Escaping = .none
    ) {
        self.labels = labels
        self.value = value
        self.parameters = parameters
        self.escaping = escaping
    }
}
