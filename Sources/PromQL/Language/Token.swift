/// One word or sign of a query.
struct Token: Hashable, Sendable {
    /// What it is.
    enum Kind: Hashable, Sendable {
        /// A name or keyword; keywords are told from names by where they stand.
        case word(String)
        case number(Double)
        /// `5m`, in milliseconds.
        case duration(Int64)
        /// The text between quotes, unquoted; `isValid` is false where its escapes make bytes that are not UTF-8.
        case string(String, isValid: Bool)
        /// An operator or a bracket.
        case sign(String)
        case end
    }

    var kind: Kind
    var span: SourceSpan

    /// The lower-case word, where it is one.
    var keyword: String? {
        guard case .word(let text) = kind else { return nil }
        return text.lowercased()
    }

    func isSign(_ text: String) -> Bool { kind == .sign(text) }
}
