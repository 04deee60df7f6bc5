/// Finds what a misspelt word was meant to be.
public enum Spelling {
    /// The known word that is at most `limit` edits away, the nearest first; `nil` where none is, and for words of more
    /// than 64 bytes. Without a limit two edits, one for words of up to three bytes.
    public static func nearest(
        to word: String, among known: some Collection<String>, within limit: Int? = nil
    ) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        let limit = limit ?? (word.utf8.count <= 3 ? 1 : 2)
        let rated = known.map { (distance: distance(Array(word.utf8), Array($0.utf8)), word: $0) }
        return rated.filter { $0.distance <= limit }.min { ($0.distance, $0.word) < ($1.distance, $1.word) }?.word
    }

    /// Levenshtein's distance.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (line, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, other) in right.enumerated() {
                let replaced = diagonal + (byte == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
