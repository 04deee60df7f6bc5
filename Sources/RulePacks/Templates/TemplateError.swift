/// Why a template cannot be read or filled in.
public struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Line in the template, from 1.
    public var line: Int
    /// Column in the line, from 1, counting Unicode scalars.
    public var column: Int
    /// What is wrong.
    public var reason: String
    /// A query whose answer is needed first.
    var missingQuery: String?

    init(_ place: TemplatePlace, _ reason: String) {
        line = place.line
        column = place.column
        self.reason = reason
    }

    /// It cannot go on without the answer to `query`.
    init(_ place: TemplatePlace, missing query: String) {
        self.init(place, "nobody answers queries here")
        missingQuery = query
    }

    /// `line:column: reason`.
    public var description: String { "\(line):\(column): \(reason)" }
}
