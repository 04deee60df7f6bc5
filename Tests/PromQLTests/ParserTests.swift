import FleetModel
import PromQL
import Testing

@Suite struct ParserTests {
    /// Text and how it is printed; the print must read back as an equal tree.
    @Test(arguments: [
        ("1 + 2*3 ^-2", "1 + 2 * 3 ^ -2"),
        ("-1^2", "-1 ^ 2"),
        ("-foo^2", "-foo ^ 2"),
        ("2^3^2", "2 ^ 3 ^ 2"),
        ("(2^3)^2", "(2 ^ 3) ^ 2"),
        ("a-b-c", "a - b - c"),
        ("a OR b AND c UNLESS d", "a or b and c unless d"),
        ("1 == bool 2", "1 == bool 2"),
        ("foo{a='1',b!=\"2\", c=~`x\\d`,d!~\"\"}", "foo{a=\"1\",b!=\"2\",c=~\"x\\\\d\",d!~\"\"}"),
        ("{\"my.metric\", \"my label\"=\"x\",}", "{\"my.metric\",\"my label\"=\"x\"}"),
        ("{__name__=\"up\"}", "{__name__=\"up\"}"),
        ("job:up:sum offset 5m @ 1.5", "job:up:sum @ 1.5 offset 5m"),
        ("up[90s] @ end() offset -1h30m", "up[1m30s] @ end() offset -1h30m"),
        ("up[300]", "up[5m]"),
        ("rate(up[5m])[1h:] offset 1w", "rate(up[5m])[1h:] offset 1w"),
        ("min_over_time(up[1d:1m] @ start())", "min_over_time(up[1d:1m] @ start())"),
        ("sum(up) by (a,b,)", "sum by (a, b) (up)"),
        ("sum without(\"x y\") (up)", "sum without (\"x y\") (up)"),
        ("topk(3, up)", "topk(3, up)"),
        ("count_values(\"v\", up)", "count_values(\"v\", up)"),
        ("a / on(x) group_left(y, z) b", "a / on (x) group_left (y, z) b"),
        ("a * ignoring(x) group_right b", "a * ignoring (x) group_right () b"),
        ("a and on() b", "a and on () b"),
        ("1h + 0x1F + 1_000 + .5 + 2. + 1e-3", "3600 + 31 + 1000 + 0.5 + 2 + 0.001"),
        ("Inf - inf + NaN", "Inf - Inf + NaN"),
        ("\"\\x41\\u00e4\\n\\\"\\101\"", "\"Aä\\n\\\"A\""),
        ("sum # comment\n (up) # another", "sum(up)"),
        ("sum", "sum"), ("by + offset", "by + offset"), ("start + end", "start + end"),
        ("time() - start()", "time() - start()"),
        ("a + fill(0) b", "a + fill (0) b"), ("a + fill(NaN) b", "a + fill (NaN) b"),
        ("a == bool on(x) fill_right(-1) fill_left(Inf) b", "a == bool on (x) fill_left (+Inf) fill_right (-1) b"),
        ("fill + fill_left", "fill + fill_left"), ("smoothed + anchored", "smoothed + anchored"),
        ("rate(a[5m] anchored offset 1m)", "rate(a[5m] anchored offset 1m)"),
        ("a offset 1m smoothed", "a smoothed offset 1m"),
        ("a[2m*(10+5)]", "a[30m]"), ("a[-5m+35m]", "a[30m]"), ("a[2^2^1]", "a[4s]"), ("a[1.5*2m:7s%4]", "a[3m:3s]"),
        ("a offset 100 + 2", "a offset 1m40s + 2"), ("a offset (100 + 2)", "a offset 1m42s"),
        ("a offset -(2m)", "a offset -2m"), ("a[step()*2 + 1m]", "a[(step() * 2) + 60]"),
        ("a offset -min_of(STEP(), 1m) * 2", "a offset -min_of(step(), 60) * 2"),
        ("a offset (range()/2)", "a offset (range() / 2)"), ("a[range():step()]", "a[range():step()]"),
        ("a[5m] offset (step() - -5)", "a[5m] offset (step() - (-5))"),
        ("info(a)", "info(a)"), ("info(a, {__name__=~\".*\"})", "info(a, {__name__=~\".*\"})"),
        ("0755 + 08", "493 + 8"),
        ("+foo", "+foo"), ("- - 1", "1"), ("atan2x", "atan2x"), ("a atan2 b", "a atan2 b"),
    ])
    func aQueryIsPrintedInOneWayAndReadsBackTheSame(text: String, printed: String) throws {
        let expression = try PromQL.parse(text)
        #expect("\(expression)" == printed)
        #expect(try PromQL.parse(printed) == expression)
    }

    /// Text, place and what is said.
    @Test(arguments: [
        ("", 1, 1, "no expression found in input"),
        ("  # nothing", 1, 1, "no expression found in input"),
        ("1 +", 1, 4, "unexpected end of input, expected an expression"),
        ("sum(", 1, 4, "unclosed left parenthesis"),
        ("sum(up", 1, 4, "unclosed left parenthesis"),
        ("foo)", 1, 4, "unexpected right parenthesis ')'"),
        ("foo bar", 1, 5, "unexpected identifier \"bar\", expected an operator or the end"),
        ("foo{a=1}", 1, 7, "unexpected number \"1\" in label matching, expected string"),
        ("foo{a}", 1, 6, "unexpected \"}\" in label matching, expected label matching operator"),
        ("foo{a=\"x\" b=\"y\"}", 1, 11, "unexpected identifier \"b\" in label matching, expected \",\" or \"}\""),
        ("foo{", 1, 5, "unexpected end of input inside braces"),
        ("foo{1=\"a\"}", 1, 5, "unexpected number \"1\" in label matching, expected identifier or \"}\""),
        ("{}", 1, 1, "vector selector must contain at least one non-empty matcher"),
        ("{x=\"\"}", 1, 1, "vector selector must contain at least one non-empty matcher"),
        ("{x=~\".*\"}", 1, 1, "vector selector must contain at least one non-empty matcher"),
        ("foo{__name__=\"bar\"}", 1, 14, "metric name must not be set twice: \"foo\" or \"bar\""),
        ("foo[5m", 1, 7, "unclosed left bracket"),
        ("foo[5m:1m:1m]", 1, 10, "unexpected \":\" in subquery selector, expected \"]\""),
        (
            "foo[]", 1, 5,
            "unexpected \"]\" in subquery or range selector, expected number, duration, step(), or range()"
        ),
        ("foo[0s]", 1, 5, "duration must be greater than 0"),
        ("foo[5min]", 1, 5, "bad number or duration syntax: \"5min\""),
        ("foo[1m5m]", 1, 5, "bad number or duration syntax: \"1m5m\""),
        ("sum(foo)[5m]", 1, 9, "ranges only allowed for vector selectors"),
        ("foo offset 1m [5m]", 1, 15, "no offset modifiers allowed before range"),
        ("foo @ 1 [5m]", 1, 9, "no @ modifiers allowed before range"),
        ("foo offset 1m offset 2m", 1, 15, "offset may not be set multiple times"),
        ("foo @ 1 @ 2", 1, 9, "@ <timestamp> may not be set multiple times"),
        ("foo @ bar", 1, 7, "unexpected identifier \"bar\" in @, expected timestamp"),
        (
            "1 offset 5m", 1, 3,
            "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery"
        ),
        ("foo offset", 1, 11, "unexpected end of input in offset, expected number, duration, step(), or range()"),
        ("rate(foo)", 1, 6, "expected type range vector in call to function \"rate\", got instant vector"),
        ("rate(foo[5m], 1)", 1, 1, "expected 1 argument(s) in call to \"rate\", got 2"),
        ("round(foo, 1, 2)", 1, 1, "expected at most 2 argument(s) in call to \"round\", got 3"),
        ("label_join(foo)", 1, 1, "expected at least 3 argument(s) in call to \"label_join\", got 1"),
        ("nonsense(foo)", 1, 1, "unknown function with name \"nonsense\""),
        ("histogram_sum(foo)", 1, 1, "function \"histogram_sum\" is not supported yet: it needs native histograms"),
        ("abs(foo,)", 1, 8, "trailing commas not allowed in function call args"),
        ("sum()", 1, 1, "no arguments for aggregate expression provided"),
        ("topk(foo)", 1, 1, "wrong number of arguments for aggregate expression provided, expected 2, got 1"),
        ("topk(foo, foo)", 1, 6, "expected type scalar in aggregation parameter, got instant vector"),
        ("sum(1)", 1, 5, "expected type instant vector in aggregation expression, got scalar"),
        ("sum by foo (bar)", 1, 8, "unexpected identifier \"foo\" in grouping opts, expected \"(\""),
        ("sum by (1) (bar)", 1, 9, "unexpected number \"1\" in grouping opts, expected label"),
        ("1 == 2", 1, 3, "comparisons between scalars must use BOOL modifier"),
        ("foo + bool bar", 1, 5, "bool modifier can only be used on comparison operators"),
        ("foo and 1", 1, 5, "set operator \"and\" not allowed in binary scalar expression"),
        ("foo and on(a) group_left b", 1, 5, "no grouping allowed for \"and\" operation"),
        ("foo + on(a) 1", 1, 5, "vector matching only allowed between instant vectors"),
        ("a / on(x) group_left(x) b", 1, 3, "label \"x\" must not occur in ON and GROUP clause at once"),
        ("foo[5m] + 1", 1, 1, "binary expression must contain only scalar and instant vector types"),
        (
            "-foo[5m]", 1, 1,
            "unary expression only allowed on expressions of type scalar or instant vector, got \"range vector\""
        ),
        ("foo[5m][5m:]", 1, 1, "subquery is only allowed on instant vector, got range vector instead"),
        ("a[5m][1m] anchored", 1, 6, "ranges only allowed for vector selectors"),
        ("a[5m:1m] smoothed", 1, 10, "smoothed modifier is not supported for subqueries"),
        ("rate(a[5m] anchored smoothed)", 1, 21, "anchored and smoothed modifiers cannot be used together"),
        ("sum(a) anchored", 1, 8, "anchored modifier must be preceded by a selector"),
        ("a + fill(b) c", 1, 10, "unexpected identifier \"b\" in fill, expected number"),
        ("a + fill(0) fill_left(1) b", 1, 13, "fill_left may not be set multiple times"),
        ("a and fill(0) b", 1, 3, "filling in missing series not allowed for set operators"),
        ("a + fill(0) 1", 1, 3, "filling in missing series only allowed between instant vectors"),
        ("a[5m / 0]", 1, 6, "division by zero"), ("a[5m % (1-1)]", 1, 6, "modulo by zero"),
        ("a[1-1]", 1, 3, "duration must be greater than 0"), ("a[10^400]", 1, 5, "duration out of range"),
        ("a[10^300]", 1, 3, "duration out of range"),
        (
            "a[foo]", 1, 3,
            "unexpected identifier \"foo\" in subquery or range selector, expected number, duration, step(), or range()"
        ),
        ("a offset min_of(1)", 1, 18, "unexpected \")\" in duration expression, expected \",\""),
        ("info(a, b)", 1, 9, "expected label selectors only, got vector selector instead"),
        ("info(a, sum(b))", 1, 9, "expected label selectors only"),
        (
            "info(1)", 1, 6,
            "expected type instant vector in call to function \"info\", got scalar"
        ),
        ("start_timestamp(a)", 1, 1, "function \"start_timestamp\" is not supported yet: it needs start timestamps"),
        ("h </ 5", 1, 3, "operator </ is not supported yet: it needs native histograms"),
        ("\"abc", 1, 1, "unterminated quoted string"),
        ("\"\\q\"", 1, 2, "unknown escape sequence '\\q'"),
        ("foo =~ \"x\"", 1, 5, "unexpected character after '=': '~'"),
        ("foo $ bar", 1, 5, "unexpected character: '$'"),
        ("a\n+ ü", 2, 3, "unexpected character: 'ü'"),
    ])
    func anErrorNamesThePlaceAndWhatWasExpected(text: String, line: Int, column: Int, reason: String) {
        #expect(throws: PromQLError.syntax(line: line, column: column, reason: reason)) { try PromQL.parse(text) }
    }

    @Test func aMatcherThatIsNoRegularExpressionIsRefused() {
        let error = #expect(throws: PromQLError.self) { try PromQL.parse("up{job=~\"(\"}") }
        #expect(
            "\(error.map { "\($0)" } ?? "")".hasPrefix(
                "1:1: parse error: label matcher job: invalid regular expression"))
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            String(repeating: "(", count: 5_000_000),
            String(repeating: "(", count: 5000) + "1" + String(repeating: ")", count: 5000),
            String(repeating: "-", count: 100_000) + "1",
            "1" + String(repeating: "+1", count: 100_000),
            "1" + String(repeating: "^1", count: 100_000),
            String(repeating: "sum(", count: 3000) + "up" + String(repeating: ")", count: 3000),
            "up" + String(repeating: "[5m:1m]", count: 3000),
            String(repeating: "x", count: 10_000_000),
        ])
    func aMonstrousQueryIsRefusedInBoundedTime(text: String) {
        #expect(throws: PromQLError.self) { try PromQL.parse(text) }
    }

    @Test func scalingDividesEveryDuration() throws {
        #expect(
            "\(try PromQL.parse("sum(rate(a[5m] offset 10m)) / max_over_time(b[1h:1m] offset 2m) > -c @ 60").scalingDurations(by: 60))"
                == "sum(rate(a[5s] offset 10s)) / max_over_time(b[1m:1s] offset 2s) > -c @ 60")
        #expect("\(try PromQL.parse("a[1ms]").scalingDurations(by: 1000))" == "a[1ms]")
    }

    @Test func theMetricsOfAQueryAreKnown() throws {
        let expression = try PromQL.parse(
            "sum(rate(a{x=\"1\"}[5m])) / on() {__name__=\"b\"} + (max_over_time(c[5m:1m]) or {__name__=~\"d|e\"})")
        #expect(expression.metricNames == ["a", "b", "c"])
        #expect(expression.selectors.count == 4)
    }
}
