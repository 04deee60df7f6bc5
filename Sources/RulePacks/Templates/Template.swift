import FleetModel

/// A text with actions in `{{ }}`: Go's template language with the functions that Prometheus gives to alerts
/// (https://prometheus.io/docs/prometheus/latest/configuration/template_reference/), and `parameter "name"`, the value
/// of the pack's parameter in the alert's cluster.
public struct Template: Sendable, Hashable {
    /// The text as written.
    public let source: String
    let nodes: [TemplateNode]
    /// What `define` and `block` name.
    let definitions: [String: [TemplateNode]]

    /// Longest template and longest result, in bytes.
    static let longest = 64 << 10
    /// Most queries that filling in one template may ask.
    static let mostQueries = 32

    /// What a template can name from its start: the whole, an alert's labels and value, and what Prometheus adds.
    static let rootVariables: Set<String> = ["", "labels", "value", "externalLabels", "externalURL"]

    /// Reads `source`; throws where it is not a template, an unknown function among the reasons.
    public init(_ source: String) throws(TemplateError) {
        guard source.utf8.count <= Self.longest else {
            throw TemplateError(TemplatePlace(), "the template is longer than \(Self.longest) bytes")
        }
        self.source = source
        (nodes, definitions) = try TemplateParser.parse(source)
    }

    /// No text.
    static let empty = Template()

    private init() {
        source = ""
        nodes = []
        definitions = [:]
    }

    /// Fills it in. A template that asks a query whose answer `scene` does not have throws; see `missingQuery`.
    public func render(_ scene: TemplateScene) throws(TemplateError) -> String {
        var renderer = TemplateRenderer(scene, definitions: definitions)
        try renderer.write(nodes)
        return renderer.result
    }

    /// Fills it in; where that fails the text says so, as Prometheus' does, and loses nothing else.
    public func renderOrExplain(_ scene: TemplateScene) -> String {
        do throws(TemplateError) {
            return try render(scene)
        } catch {
            return Self.explanation(of: error)
        }
    }

    static func explanation(of error: TemplateError) -> String { "<error expanding template at \(error)>" }
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

    /// What a query gave.
    enum Answer: Sendable {
        case success([InstantSample])
        case failure(String)
    }

    /// The alert's labels.
    public var labels: Labels
    /// The alert's value.
    public var value: Double
    /// The pack's parameters in the alert's cluster, by name.
    public var parameters: [String: Double]
    /// What happens to values on their way into the text.
    public var escaping: Escaping
    /// The moment of the evaluation.
    public var moment: Timestamp
    /// What the server calls itself towards others.
    public var external: ExternalIdentity
    /// What queries gave, by their text.
    var answers: [String: Answer] = [:]

    /// A scene.
    public init(
        labels: Labels, value: Double, parameters: [String: Double] = [:], escaping: Escaping = .none,
        moment: Timestamp = Timestamp(milliseconds: 0), external: ExternalIdentity = ExternalIdentity()
    ) {
        self.labels = labels
        self.value = value
        self.parameters = parameters
        self.escaping = escaping
        self.moment = moment
        self.external = external
    }

    var externalURL: String { external.url }

    /// The path of the external URL, without a slash at its end.
    var externalPath: String {
        guard let scheme = external.url.firstRange(of: "://") else { return "" }
        var path = external.url[scheme.upperBound...].drop { $0 != "/" }.prefix { $0 != "?" && $0 != "#" }
        while path.last == "/" { path.removeLast() }
        return String(path)
    }
}

/// What a server calls itself towards others: Prometheus' external labels and URL.
public struct ExternalIdentity: Sendable, Hashable {
    /// Labels that tell this server's series and alerts from others'.
    public var labels: Labels
    /// Where people reach it.
    public var url: String

    /// An identity.
    public init(labels: Labels = Labels(), url: String = "") {
        self.labels = labels
        self.url = url
    }
}
