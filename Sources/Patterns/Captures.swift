/// What the groups of a pattern caught.
public struct Captures: Sendable {
    /// The whole match first, then each group; `nil` for a group that took no part.
    public let texts: [String?]
    /// The numbers of the named groups.
    public let names: [String: Int]

    /// `template` with `$1`, `${1}`, `$name`, `${name}` replaced by what the group caught and `$$` by a dollar sign, by
    /// the rules of Go's `Regexp.Expand`, which Prometheus' `label_replace` follows: a name is the longest run of
    /// letters, digits and `_`; an unknown group is empty; a `$` without a name stays.
    public func expand(_ template: String) -> String { expand(template, limit: .max) ?? "" }

    /// The same; `nil` where that has more than `limit` bytes.
    public func expand(_ template: String, limit: Int) -> String? {
        var result = ""
        var rest = Substring(template)
        while result.utf8.count <= limit, let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest.removeFirst()
            } else if let (name, after) = Self.reference(rest) {
                result += caught(name)
                rest = after
            } else {
                result += "$"
            }
        }
        guard result.utf8.count <= limit, rest.utf8.count <= limit - result.utf8.count else { return nil }
        return result + rest
    }

    private func caught(_ name: Substring) -> String {
        guard let number = Int(name) ?? names[String(name)], texts.indices.contains(number) else { return "" }
        return texts[number] ?? ""
    }

    /// The name at the start of `text`, in braces or bare, and what follows it.
    private static func reference(_ text: Substring) -> (name: Substring, after: Substring)? {
        let isBraced = text.first == "{"
        let inner = isBraced ? text.dropFirst() : text
        let name = inner.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let after = inner[name.endIndex...]
        guard !name.isEmpty else { return nil }
        guard isBraced else { return (name, after) }
        return after.first == "}" ? (name, after.dropFirst()) : nil
    }
}
