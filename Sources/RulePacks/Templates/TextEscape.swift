/// Texts made fit for a query of a URL, HTML and JavaScript, as Go's `text/template` does it.
enum TextEscape {
    /// As Go's `url.QueryEscape`: a space becomes `+`.
    static func query(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case 0x20: result += "+"
            default: result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
        return result
    }

    static func html(_ text: String) -> String {
        replacing(text, ["\"": "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\u{fffd}"])
    }

    static func javaScript(_ text: String) -> String {
        replacing(
            text,
            [
                "\\": "\\\\", "'": "\\'", "\"": "\\\"", "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D",
                "\n": "\\u000A", "\r": "\\u000D", "\t": "\\u0009",
            ])
    }

    /// For a text inside a PromQL string.
    static func promQL(_ text: String) -> String { replacing(text, ["\\": "\\\\", "\"": "\\\"", "\n": "\\n"]) }

    private static func replacing(_ text: String, _ table: [Unicode.Scalar: String]) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if let other = table[scalar] { result += other } else { result.unicodeScalars.append(scalar) }
        }
        return result
    }
}
