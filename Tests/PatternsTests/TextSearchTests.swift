import Patterns
import Testing

@Suite struct TextSearchTests {
    @Test(arguments: [
        ("b+", "abbc", true), ("^b", "abb", false), ("c$", "abc", true), ("", "", true), ("x", "", false),
    ])
    func somethingIsFoundOrNot(expression: String, text: String, expected: Bool) throws {
        #expect(try TextSearch(expression).isFound(in: text) == expected)
    }

    /// What Go's `Regexp.ReplaceAllString` makes of the same.
    @Test(arguments: [
        ("a", "b", "banana", "bbnbnb"), ("(.*):.*", "$1", "host:9100", "host"), ("x*", "-", "abc", "-a-b-c-"),
        ("a*", "-", "baac", "-b-c-"), ("(?P<n>b)", "<${n}>", "abc", "a<b>c"), ("z", "-", "ä", "ä"),
        ("", "-", "äö", "-ä-ö-"),
        ("b", "$$", "abc", "a$c"), ("q", "-", "", ""),
    ])
    func whatIsFoundIsReplaced(expression: String, template: String, text: String, expected: String) throws {
        #expect(try TextSearch(expression).replacingAll(in: text, with: template) == expected)
    }

    @Test func whatBacktracksWithoutEndIsGivenUp() throws {
        let search = try TextSearch("(x+x+)+[ab]")
        #expect(throws: PatternError.self) { try search.isFound(in: String(repeating: "x", count: 200)) }
        #expect(throws: PatternError.self) { try TextSearch("(") }
    }
}
