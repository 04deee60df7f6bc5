/// A text with actions in `{{ }}`, in the part of Go's template language that Prometheus' alerts use.
public struct Template: Sendable, Hashable {
    /// The text as written.
    public let source: String
}
