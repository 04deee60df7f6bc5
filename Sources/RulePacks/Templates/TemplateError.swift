/// Why a template cannot be read or filled in.
public struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Line in the template, from 1.
    public var line: Int
    /// Column in the line, from 1, counting Unicode scalars.
    public var column: Int
    /// What is wrong.
    public var reason: String

    init(_ place: TemplatePlace, _ reason: String) {
        line = place.line
        column = place.column
        self.reason = reason
    }

    /// `line:column: reason`.
    public var description: String { "\(line):\(column): \(reason)" }
}
