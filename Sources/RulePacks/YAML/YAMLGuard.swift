/// Refuses YAML that would cost more than it says, before it is composed.
///
/// The composer shares what aliases repeat, so repeating is cheap; but it hashes the keys of each mapping, and a key
/// that is itself a collection of aliases is hashed in full: time exponential in the file's size. Keys of rule files
/// and packs are words, so a file that has anchors may have no other kind of key.
enum YAMLGuard {
    /// Longest file in bytes.
    static let longest = 1 << 20

    /// The first thing in `text` that is refused.
    static func objection(to text: String, file: String) -> PackFinding? {
        guard text.utf8.count <= longest else {
            return PackFinding(SourcePlace(file: file), "the file is longer than \(longest >> 10) KiB")
        }
        guard text.contains("&") else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.contains(where: hasAnchor) else { return nil }
        for (number, line) in lines.enumerated() {
            if let column = complexKey(in: line) {
                return PackFinding(
                    SourcePlace(file: file, line: number + 1, column: column),
                    "in a file with anchors a key must be a word, not a collection or an alias")
            }
        }
        return nil
    }

    /// `&name` where a value can begin.
    private static func hasAnchor(_ line: Substring) -> Bool {
        line.contains(/(^|[\s\[{,:\-])&[^\s,\[\]{}]/)
    }

    /// The column of `? `, `*name :`, `] :` or `} :`; a template's `{{ ... }}` in front of a colon is no collection.
    private static func complexKey(in line: Substring) -> Int? {
        let plain = line.replacing(/\{\{[^{}*&]*\}\}/) { String(repeating: "x", count: $0.output.count) }
        guard let match = plain.firstMatch(of: /(^|[\s\[{,])\?(\s|$)|\*[^\s,\[\]{}:]+\s*:(\s|$)|[\]}]\s*:(\s|,|$)/)
        else {
            return nil
        }
        return plain.distance(from: plain.startIndex, to: match.range.lowerBound) + 1
    }
}
