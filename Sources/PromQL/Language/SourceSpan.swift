/// Where a node stood in the text of a query, as byte offsets. Spans take no part in equality: two expressions are
/// equal when they mean the same, wherever they were written.
public struct SourceSpan: Hashable, Sendable {
    /// The first byte.
    public var start: Int
    /// One past the last byte.
    public var end: Int

    /// The bytes `start..<end`.
    public init(_ start: Int, _ end: Int) {
        self.start = start
        self.end = end
    }

    /// Stands for "nowhere": a node that was made, not read.
    public static let none = SourceSpan(0, 0)

    /// Always equal: see the type.
    public static func == (left: SourceSpan, right: SourceSpan) -> Bool { true }

    /// Nothing to hash: see the type.
    public func hash(into hasher: inout Hasher) {}
}

/// Turns byte offsets of a query's text into lines and columns.
struct SourceText: Sendable {
    let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    /// Line and column of a byte, both from 1; the end of the text is a place too.
    func place(of offset: Int) -> (line: Int, column: Int) {
        let before = bytes.prefix(max(0, offset))
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return (line, before.count - start + 1)
    }

    /// An error at a byte.
    func error(at offset: Int, _ reason: String) -> PromQLError {
        let (line, column) = place(of: offset)
        return .syntax(line: line, column: column, reason: reason)
    }

    /// The text of a span.
    func text(_ span: SourceSpan) -> String {
        String(decoding: bytes[max(0, span.start)..<min(bytes.count, max(span.start, span.end))], as: UTF8.self)
    }
}
