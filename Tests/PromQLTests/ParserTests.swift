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

    @Test func aMatcherThatIsNoRegularExpressionIsRefused() {
        let error = #expect(throws: PromQLError.self) { try PromQL.parse("up{job=~\"(\"}") }
        #expect(
            "\(error.map { "\($0)" } ?? "")".hasPrefix(
                "1:4: parse error: label matcher job: invalid regular expression"))
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
