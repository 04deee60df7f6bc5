import Patterns
import Testing

@Suite struct PatternTests {
    @Test(arguments: [
        ("a|b", "a", true), ("a|b", "ab", false), ("api-.+", "api-server", true), ("api-.+", "api-", false),
        (".*", "", true), (".+", "", false), (".+", "x\ny", true), ("a.c", "a\nc", true), ("a$", "a\n", false),
        ("(?i:PRO).*", "production", true), (".*((?i)TION)", "production", true), ("", "", true), ("", "x", false),
        ("zwölf", "zwölf", true), ("z.ölf", "zwölf", true), ("\\d+", "٣", false), ("a\\.b", "a.b", true),
        ("a\\.b", "axb", false), ("x{2}", "xx", true), ("[ab|)]+", "a|)", true), ("foo(bar|baz)?", "foo", true),
        ("(?P<n>a)b", "ab", true), ("a|", "", true), ("^a$", "a", true),
    ])
    func aWholeTextMatchesOrNot(expression: String, text: String, expected: Bool) throws {
        #expect(try Pattern(expression).matches(whole: text) == expected)
    }

    @Test(arguments: [("(.*", 3), ("a**b", 2), ("[z-a]", 3), ("\\C", 2), ("(?<n", 4)])
    func anInvalidExpressionSaysWhere(expression: String, offset: Int) throws {
        let error = try #require(throws: PatternError.self) { try Pattern(expression) }
        guard case .invalid(expression, offset, let reason) = error else {
            Issue.record("unexpected \(error)")
            return
        }
        #expect(!reason.isEmpty)
        #expect(error.description.contains("at byte \(offset)"))
    }

    @Test func anExpressionThatBacktracksWithoutEndIsGivenUp() throws {
        let pattern = try Pattern("(x+x+)+[ab]")
        let clock = ContinuousClock()
        let spent = try clock.measure {
            let error = try #require(throws: PatternError.self) {
                try pattern.matches(whole: String(repeating: "x", count: 200) + "z")
            }
            guard case .tooCostly = error else {
                Issue.record("unexpected \(error)")
                return
            }
        }
        #expect(spent < .seconds(2))
    }

    @Test func aLongTextNeedsNoBigStack() throws {
        #expect(try Pattern("(a|b|cd)*").matches(whole: String(repeating: "ab", count: 1000)))
    }

    @Test func anExpressionThatIsTooLongIsRefused() {
        #expect(throws: PatternError.self) { try Pattern(String(repeating: "a", count: 10_000_000)) }
        #expect(throws: PatternError.self) { try Pattern("((((a{1000}){1000}){1000}){1000})") }
        #expect(throws: PatternError.self) { try Pattern(String(repeating: "(", count: 5000)) }
    }

    @Test func oneThreadMayCompileWhileOthersMatch() async throws {
        let pattern = try Pattern("h[0-9]+(a|b)c?")
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<500).count { (try? pattern.matches(whole: "h\($0)a")) == true } }
            }
            for await count in group { #expect(count == 500) }
        }
    }
}

@Suite struct LiteralTests {
    @Test(arguments: [
        ("a|b|c", ["a", "b", "c"]), ("host-(a|b)", ["host-a", "host-b"]), ("(?:x|y)(1|2)", ["x1", "x2", "y1", "y2"]),
        ("a\\.b", ["a.b"]), ("", [""]), ("a|", ["a", ""]), ("\\-x", ["-x"]),
    ])
    func aListOfTextsIsKnown(expression: String, texts: [String]) throws {
        #expect(try Pattern(expression).alternatives == texts)
    }

    @Test(arguments: [
        ("web.*", "web"), ("ab?c", "a"), ("(?i)web", ""), ("a(?i)b|c", ""), ("(foo|fob)x*", "fo"), ("x[|)]y|xz", "x"),
        ("\\Qa|b\\E", ""), ("api\\d", "api"), ("a{2}", ""), ("^a", ""), ("(*NO_JIT)abc", ""), ("a\\x41", "a"),
        ("ab{x|c", ""),
    ])
    func otherwiseOnlyTheStartIsKnown(expression: String, prefix: String) throws {
        let pattern = try Pattern(expression)
        #expect(pattern.alternatives == nil)
        #expect(pattern.literalPrefix == prefix)
    }

    @Test func aListThatGrowsWithoutEndIsLeftToTheEngine() throws {
        let pattern = try Pattern(String(repeating: "(a|b|c|d)", count: 12))
        #expect(pattern.alternatives == nil)
        #expect(try pattern.matches(whole: "abcdabcdabcd"))
    }

    /// Two groups are 65,536 texts, three too many for any memory: they are counted before they are made.
    @Test func groupsInARowAreNotMultipliedOut() throws {
        let group = "(" + String(repeating: "|", count: 254) + "x)"
        #expect(try Pattern(String(repeating: group, count: 8)).alternatives == nil)
        let long = "(" + (0..<200).map { "\($0)" }.joined(separator: "|") + ")" + String(repeating: "y", count: 10_000)
        #expect(try Pattern(long).alternatives == nil)
        #expect(try Pattern(String(repeating: "y", count: 10_000)).alternatives?.first?.utf8.count == 10_000)
    }
}

@Suite struct CapturesTests {
    @Test(arguments: [
        ("value-$1", "value-10"), ("${1}x", "10x"), ("$1x", ""), ("$$1", "$1"), ("$", "$"), ("${1", "${1"),
        ("$name!", "10!"), ("$9", ""), ("plain", "plain"), ("a$1", "a10"),
    ])
    func aTemplateIsExpandedAsGoDoes(template: String, expected: String) throws {
        let captures = try #require(try Pattern("source-value-(?P<name>.*)").captures(whole: "source-value-10"))
        #expect(captures.expand(template) == expected)
    }

    @Test func aGroupThatTookNoPartIsEmpty() throws {
        let captures = try #require(try Pattern("(x)?source-(.*)|y").captures(whole: "source-10"))
        #expect(captures.texts == ["source-10", nil, "10"])
        #expect(captures.expand("<$1>") == "<>")
    }

    @Test func whatDoesNotMatchCatchesNothing() throws {
        #expect(try Pattern("value-(.*)").captures(whole: "source-value-10") == nil)
    }
}
