/// Writes elements of a document, everything in them escaped.
enum Markup {
    /// An element with attributes, by name, and text.
    static func element(_ name: String, _ attributes: [String: String] = [:], text: String? = nil) -> String {
        let begin = tag(name, attributes)
        guard let text else { return "<\(begin)/>" }
        return "<\(begin)>\(escaped(text))</\(name)>"
    }

    /// An element with others in it, which are written already.
    static func element(
        _ name: String, _ attributes: [String: String] = [:], @Parts _ inner: () -> String
    ) -> String {
        "<\(tag(name, attributes))>\(inner())</\(name)>"
    }

    private static func tag(_ name: String, _ attributes: [String: String]) -> String {
        attributes.sorted { $0.key < $1.key }.reduce(name) { "\($0) \($1.key)='\(escaped($1.value))'" }
    }

    /// Line ends and tabs are written as references, since whoever reads an attribute makes spaces of them.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&apos;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += "&#\(scalar.value);"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Puts elements one behind the other.
    @resultBuilder enum Parts {
        static func buildBlock(_ parts: String...) -> String { parts.joined() }
        static func buildOptional(_ part: String?) -> String { part ?? "" }
        static func buildEither(first part: String) -> String { part }
        static func buildEither(second part: String) -> String { part }
        static func buildArray(_ parts: [String]) -> String { parts.joined() }
    }
}
