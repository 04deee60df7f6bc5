/// Refuses YAML that would cost more than it says, before it is composed.
///
/// The composer shares what aliases repeat, so repeating is cheap; but it hashes the keys of each mapping, and a key
/// that is itself a collection of aliases is hashed in full: time exponential in the file's size. Keys of rule files
/// and packs are words, so a file that has anchors may have no other kind of key.
///
/// Lines are looked at without knowing what is text and what is structure: in a file with anchors a text that looks
/// like such a key is refused as well. One pass over the bytes, whatever they are.
struct YAMLGuard {
    /// Longest file in bytes.
    static let longest = 1 << 20

    /// The first thing in `text` that is refused.
    static func objection(to text: String, file: String) -> PackFinding? {
        guard text.utf8.count <= longest else {
            return PackFinding(SourcePlace(file: file), "the file is longer than \(longest >> 10) KiB")
        }
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.contains(where: { YAMLGuard(line: Array($0)).hasAnchor }) else { return nil }
        for (number, line) in lines.enumerated() {
            guard let column = YAMLGuard(line: Array(line)).complexKey else { continue }
            return PackFinding(
                SourcePlace(file: file, line: number + 1, column: column + 1),
                "in a file with anchors a key must be a word, not a collection or an alias")
        }
        return nil
    }

    private let line: [UInt8]

    /// `&name` where a value can begin.
    private var hasAnchor: Bool {
        line.indices.contains { line[$0] == UInt8(ascii: "&") && canBegin($0) && !isBlank($0 + 1) }
    }

    /// The byte of `? `, or of what ends in front of a colon and is an alias, `]` or `}`.
    private var complexKey: Int? {
        var index = 0
        var possibleKey: Int?
        while index < line.count {
            switch line[index] {
            case UInt8(ascii: "?") where canBegin(index) && (isBlank(index + 1) || opensValue(index + 1)): return index
            case UInt8(ascii: "*") where canBegin(index) && !isBlank(index + 1):
                possibleKey = index
                while index + 1 < line.count, !isBlank(index + 1), !isIndicator(index + 1) { index += 1 }
            case UInt8(ascii: "{") where templateEnd(from: index) != nil:
                possibleKey = nil
                index = templateEnd(from: index) ?? index
            case UInt8(ascii: "]"), UInt8(ascii: "}"): possibleKey = index
            case UInt8(ascii: ":"):
                if let possibleKey { return possibleKey }
            case _ where isBlank(index): break
            default: possibleKey = nil
            }
            index += 1
        }
        return nil
    }

    /// The last byte of a template's `{{ ... }}` that begins here and can be nothing else.
    private func templateEnd(from start: Int) -> Int? {
        guard start + 1 < line.count, line[start + 1] == UInt8(ascii: "{") else { return nil }
        var index = start + 2
        while index + 1 < line.count, !"{*&".utf8.contains(line[index]) {
            if line[index] == UInt8(ascii: "}") { return line[index + 1] == UInt8(ascii: "}") ? index + 1 : nil }
            index += 1
        }
        return nil
    }

    private func canBegin(_ index: Int) -> Bool {
        index == 0 || isBlank(index - 1) || "[{,:?-".utf8.contains(line[index - 1])
    }

    /// Space, tab, carriage return, or the line's end.
    private func isBlank(_ index: Int) -> Bool { index >= line.count || " \t\r".utf8.contains(line[index]) }

    private func isIndicator(_ index: Int) -> Bool { ",[]{}:".utf8.contains(line[index]) }

    private func opensValue(_ index: Int) -> Bool { "[{*&\"'!|>".utf8.contains(line[index]) }
}
