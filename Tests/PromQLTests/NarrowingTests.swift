import FleetModel
import PromQL
import Testing

/// The right side of an operation is read for what the left side left over; the answers must not tell.
struct NarrowingTests {
    /// Notes which series are read.
    private final class WatchedSource: SeriesSource {
        let source: MemorySource
        let selected = Locked<[[LabelMatcher]]>([])

        init(_ source: MemorySource) { self.source = source }

        func select(_ matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> any SeriesSet {
            selected.withLock { $0.append(matchers) }
            return try source.select(matchers, from: first, through: last)
        }
    }

    private static let names = ["a.b", "a+b", "c|d", "e", "f", ""]

    /// Three metrics over VMs with odd names, one of them without any, on two hosts, in two clusters.
    private static func fleet() -> MemorySource {
        var source = MemorySource()
        for (place, vm) in names.enumerated() {
            for host in 0..<2 {
                let labels = ["vm": vm, "host": "\(host)", "cluster": place < 3 ? "x" : "y"]
                for step in 0..<20 {
                    let time = Timestamp(milliseconds: Int64(step) * 15_000)
                    for (metric, value) in [
                        ("load", Double((place * 7 + host * 3 + step) % 10)), ("drops", Double(step * place)),
                        ("packets", Double(step * 100)),
                    ] {
                        source.append(Labels(labels.merging([Labels.metricName: metric]) { $1 }), at: time, value)
                    }
                }
            }
        }
        source.append(["__name__": "limit", "cluster": "x"], at: Timestamp(milliseconds: 280_000), 4)
        source.append(["__name__": "limit", "cluster": "y"], at: Timestamp(milliseconds: 280_000), 7)
        return source
    }

    private static let lefts = [
        "sum by (vm) (load) > 12", "sum by (vm) (load) > 1000", "sum by (vm, cluster) (load) >= 0",
        #"sum by (vm, cluster) (load{vm=~"a.*|c.*"})"#, "max by (cluster) (load) > 8", "vector(3)",
        #"load{host="0"} > 7"#,
    ]
    private static let rights = [
        "sum by (vm, cluster) (rate(drops[1m]))",
        "sum by (vm) (rate(drops[1m])) / on (vm) sum by (vm) (rate(packets[1m]))",
        "max by (cluster) (limit)", "sum without (host) (rate(drops[1m]))", "packets", "-(max by (vm) (packets))",
        "max by (vm) (packets) > 5 or on (vm) min by (vm) (drops)", "topk(1, sum by (vm) (packets))",
        "sum by (vm, cluster) (load) > on (cluster) group_left () max by (cluster) (limit)",
        "max by (vm) (load) unless on (vm) (max by (vm) (drops) > 20)", "clamp_max(max by (vm) (load), 3)",
        "sum by (vm) (sum_over_time(load[2m:30s]))", "absent(sum by (vm) (nothing))", "sum(packets)",
    ]
    private static let operators = [
        "and on (vm)", "unless on (vm)", "or on (vm)", "> on (vm)", "/ on (vm)", "+ on (vm) group_left ()",
        "* on (cluster) group_left ()", "and on (cluster)", "and", "/", "and on ()", "- on (vm, cluster)",
        "== on (vm) group_right ()",
    ]

    private static func outcome(_ query: String, _ source: any SeriesSource, isRange: Bool) -> String {
        do throws(PromQLError) {
            let evaluator = Evaluator(source: source)
            let moment = Timestamp(milliseconds: 285_000)
            let parsed = try parse(query)
            let answer =
                isRange
                ? try evaluator.range(
                    parsed, from: Timestamp(milliseconds: 100_000), through: moment, step: .seconds(15), text: query)
                : try evaluator.instant(parsed, at: moment, text: query)
            guard case .vector(let elements) = answer.value else { return "\(answer.value)" }
            return elements.map { "\($0.labels) \($0.value)" }.sorted().joined(separator: "\n")
        } catch {
            return "\(error)".contains("duplicate series") || "\(error)".contains("multiple matches")
                ? "refused" : "\(error)"
        }
    }

    @Test(arguments: lefts)
    func answersAreThoseOfReadingEverything(left: String) throws {
        let source = Self.fleet()
        for right in Self.rights {
            for operation in Self.operators {
                let query = "(\(left)) \(operation) (\(right))"
                // What a label was replaced in is never narrowed.
                let whole = #"(\#(left)) \#(operation) label_replace(\#(right), "none", "", "none", "nothing")"#
                for isRange in [false, true] {
                    let found = Self.outcome(query, source, isRange: isRange)
                    #expect(found == Self.outcome(whole, source, isRange: isRange), "\(query)")
                }
            }
        }
    }

    @Test func onlySeriesThatCanMeetAreRead() throws {
        let source = WatchedSource(Self.fleet())
        let query = #"sum by (vm) (load{vm=~"a.b|c.d"}) > 0 and on (vm) sum by (vm) (rate(packets[1m])) > 0"#
        _ = try Evaluator(source: source).instant(try parse(query), at: Timestamp(milliseconds: 285_000))
        let last = source.selected.withLock { $0.last ?? [] }
        #expect(last.contains(LabelMatcher("vm", .matches, #"a\+b|a\.b|c\|d"#)), "\(last)")
    }

    @Test func nothingIsReadForNobody() throws {
        let source = WatchedSource(Self.fleet())
        let query = "sum by (vm) (load) > 1000 and on (vm) sum by (vm) (rate(packets[1m])) > 0"
        _ = try Evaluator(source: source).instant(try parse(query), at: Timestamp(milliseconds: 285_000))
        #expect(source.selected.withLock { $0.count } == 1)
    }

    @Test func manyElementsNarrowNothing() throws {
        var fleet = MemorySource()
        for number in 0..<600 {
            for metric in ["load", "packets"] {
                fleet.append(["__name__": metric, "vm": "\(number)"], at: Timestamp(milliseconds: 285_000), 1)
            }
        }
        let source = WatchedSource(fleet)
        let query = "sum by (vm) (load) and on (vm) sum by (vm) (packets)"
        let answer = try Evaluator(source: source).instant(try parse(query), at: Timestamp(milliseconds: 285_000))
        guard case .vector(let elements) = answer.value else {
            Issue.record("no vector")
            return
        }
        #expect(elements.count == 600)
        #expect(source.selected.withLock { $0.last?.contains { $0.name == "vm" } } == false)
    }
}
