import Foundation
import PromQL
import Testing

/// Every query of `Tests/QueryScripts/refused.txt` is refused with the place and the reason that stand behind it.
@Suite struct RefusedQueryTests {
    struct Row: Sendable {
        var query: String
        var message: String
    }

    static func rows() throws -> [Row] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../QueryScripts/refused.txt").standardizedFileURL
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line -> Row? in
            guard !line.hasPrefix("# "), let arrow = line.ranges(of: " => ").last else { return nil }
            return Row(
                query: String(line[..<arrow.lowerBound]).replacing("\\n", with: "\n"),
                message: String(line[arrow.upperBound...]))
        }
    }

    @Test func everyRefusalNamesThePlaceAndTheReason() throws {
        let rows = try Self.rows()
        #expect(rows.count >= 300)
        for row in rows {
            do {
                let expression = try PromQL.parse(row.query)
                Issue.record("\(row.query) is read as \(expression)")
            } catch .syntax(let line, let column, let reason) {
                #expect("\(line):\(column): \(reason)" == row.message, "\(row.query)")
            } catch {
                Issue.record("\(row.query): \(error)")
            }
        }
    }

    /// Wherever a query is broken off, the answer is a tree or a place inside it.
    @Test func everyBeginningOfAQueryIsReadOrRefused() throws {
        let queries =
            try Self.rows().map(\.query) + [
                "sum by (a) (rate(b{c=~\"d|e\", f!='g'}[5m] offset -1h @ end())) / on(h) group_left(i) fill(0) (j > bool 0x1f)"
            ]
        for query in queries {
            for end in query.indices {
                let text = String(query[..<end])
                do {
                    _ = try PromQL.parse(text)
                } catch .syntax(let line, let column, _) {
                    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                    #expect((1...lines.count).contains(line), "\(text)")
                    #expect(column >= 1 && column <= lines[line - 1].utf8.count + 1, "\(text)")
                } catch {
                    Issue.record("\(text): \(error)")
                }
            }
        }
    }
}
