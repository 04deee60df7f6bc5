/// Readings of what QEMU says that go on to others: into labels, tables and paths.
extension JSONValue {
    /// A text that can be shown: not empty, at most `limit` bytes, without control characters.
    func plainText(limit: Int = 4096) -> String? {
        guard let text, !text.isEmpty, text.utf8.count <= limit else { return nil }
        var previous: UInt8 = 0
        for byte in text.utf8 {
            // U+0080 to U+009F are written c2 80 to c2 9f.
            if byte < 0x20 || byte == 0x7f || previous == 0xc2 && byte < 0xa0 { return nil }
            previous = byte
        }
        return text
    }

    /// A whole number that is no less than nothing: a count.
    var count: Int64? { whole.flatMap { $0 < 0 ? nil : $0 } }

    /// At most this many things of one kind are taken from one answer.
    static let mostItems = 1024

    /// The items of an array, as many as can be meant.
    var fewItems: ArraySlice<JSONValue> { (items ?? []).prefix(Self.mostItems) }
}
