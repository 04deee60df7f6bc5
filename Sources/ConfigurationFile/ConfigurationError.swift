/// What is wrong with a configuration, and where.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `file:line:column`, or the file alone.
    public var place: String
    /// What is wrong and what to write instead.
    public var reason: String

    /// A finding at a place.
    public init(place: String, reason: String) {
        self.place = place
        self.reason = reason
    }

    /// `place: reason`.
    public var description: String { "\(place): \(reason)" }
}
