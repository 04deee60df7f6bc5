/// What a query says beside its answer, in Prometheus' words, each once.
struct Annotations: Sendable {
    private(set) var warnings: Set<String> = []
    private(set) var infos: Set<String> = []
    private let source: SourceText

    init(source: SourceText) { self.source = source }

    /// Something is wrong with the query or its data.
    mutating func warn(_ text: String, at span: SourceSpan) {
        warnings.insert("PromQL warning: \(text) (\(place(span)))")
    }

    /// Something that the author of the query may want to know.
    mutating func inform(_ text: String, at span: SourceSpan) {
        infos.insert("PromQL info: \(text) (\(place(span)))")
    }

    /// `line:column`; without the text all is one line.
    private func place(_ span: SourceSpan) -> String {
        if source.bytes.isEmpty { return "1:\(span.start + 1)" }
        let (line, column) = source.place(of: span.start)
        return "\(line):\(column)"
    }
}
