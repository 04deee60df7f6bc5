import Foundation

/// Secrets that requests bear.
public enum Credentials {
    /// The token in an `Authorization` header (RFC 6750, RFC 7617); whose name stands before it in Basic says nothing,
    /// since a token says itself whose it is.
    public static func secret(in header: String) -> String? {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        switch parts[0].lowercased() {
        case "bearer": return String(parts[1].trimmed)
        case "basic":
            guard let data = Data(base64Encoded: String(parts[1].trimmed)),
                let text = String(validating: data, as: UTF8.self), let colon = text.firstIndex(of: ":")
            else { return nil }
            return String(text[text.index(after: colon)...])
        default: return nil
        }
    }

    /// Whether two secrets are the same, in a time that does not tell how far they agree.
    public static func areEqual(_ one: String, _ other: String) -> Bool {
        let (left, right) = (Array(one.utf8), Array(other.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
