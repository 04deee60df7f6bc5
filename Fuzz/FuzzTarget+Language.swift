import FleetModel
import Foundation
import Patterns
import PromQL

@testable import RulePacks

/// What people write: queries, rules, regular expressions.
extension FuzzTarget {
    // MARK: Queries

    /// A query. What is understood, printed and read again is the same; evaluating it ends, with an answer or an error.
    static let query = FuzzTarget(name: "query", seeds: { queries.map { Array($0.utf8) } }) { bytes in
        guard let expression = try? PromQL.parse(String(decoding: bytes, as: UTF8.self)) else { return }
        let printed = "\(expression)"
        guard let again = try? PromQL.parse(printed) else { fatalError("what was printed cannot be read: \(printed)") }
        require(again == expression, "what was printed is another query: \(printed)")
        require("\(again)" == printed, "printed again it is another text: \(printed)")
        var options = QueryOptions()
        options.sampleLimit = 20_000
        options.readLimit = 200_000
        options.timeLimit = .seconds(5)
        let evaluator = Evaluator(source: source, options: options)
        _ = try? evaluator.instant(expression, at: Timestamp(milliseconds: 30_000))
        _ = try? evaluator.range(
            expression, from: Timestamp(milliseconds: 0), through: Timestamp(milliseconds: 50_000), step: .seconds(7))
    }

    private static let source: MemorySource = {
        var source = MemorySource()
        for second in 0..<60 {
            let time = Timestamp(milliseconds: Int64(second) * 1000)
            source.append(["__name__": "up", "a": "b", "le": "0.5"], at: time, Double(second % 13))
            source.append(["__name__": "up", "a": "c", "le": "+Inf"], at: time, second == 30 ? .nan : Double(second))
        }
        return source
    }()

    private static let queries = [
        "up", "up{a=~\"b|c\",le!=\"\"}[5m:1m] offset -3s @ 20",
        "sum by (a) (rate(up[1m])) / ignoring(le) group_left up",
        "topk(2, up) or quantile_over_time(0.9, up[30s]) unless on(a) up > bool 3", "-1 ^ 2 ^ 0x1f % 1e5 + .5 == 7",
        "label_replace(up, \"x\", \"$1\", \"a\", \"(.*)\")", "histogram_quantile(0.9, sum without (a) (up))",
        "{\"quoted name\", __name__=~\"u.*\"} @ end()", "avg_over_time(up[1h:]) atan2 count_values(\"v\", up)",
        "'\\u00e4' # comment\n", "max_over_time((up > 3)[30s:5s] offset 2s)", "absent(up{a!~`x.*`}) and vector(time())",
    ]

    // MARK: Rules

    /// A rule file. Every expression of a file without findings is a query.
    static let rules = FuzzTarget(name: "rules", seeds: { [ruleFile, anchors].map { Array($0.utf8) } }) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        for names in [RuleFileReader.NameRule.anyText, .classic] {
            let read = RuleFileReader.read(text, file: "f.yaml", names: names)
            guard read.findings.isEmpty else { continue }
            for rule in read.groups.flatMap(\.rules) {
                require((try? PromQL.parse(rule.expression)) != nil, "a rule without findings has no query")
            }
        }
    }

    private static let ruleFile = """
        groups:
          - name: g
            interval: 15s
            limit: 3
            labels: {team: a}
            rules:
              - record: a:b
                expr: sum by (host) (rate(up[5m]))
              - alert: Hot
                expr: up > 0.5
                for: 2m
                keep_firing_for: 1m
                labels: {severity: warning}
                annotations: {summary: '{{ $labels.host }} at {{ $value | humanizePercentage }} {{ if gt $value 1.0 }}x{{ end }}'}

        """
    private static let anchors = "groups:\n  - &g {name: g, rules: []}\n  - {<<: *g, name: h}\n"

    /// A pack's manifest.
    static let manifest = FuzzTarget(name: "manifest", seeds: { [Array(packFile.utf8)] }) { bytes in
        _ = PackManifestReader.read(String(decoding: bytes, as: UTF8.self), file: "pack.yaml")
    }

    private static let packFile = """
        name: p
        version: 1.0.0
        title: T
        author: A
        licence: Apache-2.0
        parameters:
          limit: {kind: ratio, default: 80 %, minimum: 1 %, maximum: 100 %, help: h}
        tips:
          Hot:
            level: warning
            subject: host
            title: '{{ $labels.host }} is hot'
            knowledge: k
            remediation: {relieve-host: {resource: processor, target: limit}}
            approval: operator
            cooldown: 5m
            verify: {within: 2m}

        """

    // MARK: Regular expressions

    /// A regular expression, and behind the first line feed a text. What is known of it without running it agrees with
    /// the engine, and no match takes long.
    static let pattern = FuzzTarget(name: "pattern", seeds: { patterns.map { Array($0.utf8) } }) { bytes in
        let parts = bytes.split(separator: 0x0a, maxSplits: 1, omittingEmptySubsequences: false)
        let text = String(decoding: parts.first ?? [], as: UTF8.self)
        let candidate = String(decoding: parts.count > 1 ? parts[1] : [], as: UTF8.self)
        guard let pattern = try? Pattern(text), let quick = try? pattern.matches(whole: candidate) else { return }
        // A group and an empty assertion keep the engine from being passed by. An open quotation or comment would
        // swallow them.
        if text.contains("\\Q") || text.contains("(?") { return }
        guard let engine = try? Pattern("(?=)(?:\(text))"), let slow = try? engine.matches(whole: candidate) else {
            return
        }
        require(quick == slow, "'\(text)' and '\(candidate)': \(quick), and by the engine \(slow)")
        for alternative in (pattern.alternatives ?? []).prefix(20) {
            if let holds = try? engine.matches(whole: alternative) {
                require(holds, "'\(text)' does not match its '\(alternative)'")
            }
        }
    }

    private static let patterns = [
        "a|b(c|d)\nbc", ".*\nx", "kvm[0-9]{1,3}-.+\nkvm12-a", "(a+)+$\naaaaaaaaaaaaaaaaaaaaaaaa!",
        "\\d\\s\\w\\.x?\n1 a.",
        "h(ost)?-(a|b|)\nhost-", "[^x]*ä|ö\nyyä", "^(?:prod|test)\\.example$\nprod.example",
    ]
}
