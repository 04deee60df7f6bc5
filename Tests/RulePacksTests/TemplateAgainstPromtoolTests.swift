import FleetModel
import Foundation
import PromQL
import Testing

@testable import RulePacks

/// Every template is filled in here, and Debian's promtool 2.42 must expect the same text of its own evaluation.
@Suite("Templates are filled in as Prometheus fills them in")
struct TemplateAgainstPromtoolTests {
    private static let templates = [
        // Blocks, variables, dots.
        #"{{ range query "sort(peers)" }}{{ .Labels.i }}={{ .Value }};{{ end }}"#,
        #"{{ range $n, $s := query "sort(peers)" }}{{ $n }}:{{ $s.Labels.i }} {{ end }}"#,
        #"{{ range query "absent_metric" }}x{{ else }}none{{ end }}"#,
        #"{{ with query "sort(peers)" }}{{ . | first | value }}{{ end }}"#,
        #"{{ with query "absent_metric" }}some{{ else }}none{{ end }}"#,
        #"{{ with $x := $labels.i }}{{ $x }}{{ . }}{{ $.Value }}{{ end }}"#,
        #"{{ range query "sort(peers)" }}{{ if eq .Labels.i "b" }}{{ continue }}{{ end }}{{ .Labels.i }}{{ end }}"#,
        #"{{ range query "sort(peers)" }}{{ .Labels.i }}{{ break }}{{ end }}"#,
        #"{{ $n := 0 }}{{ range query "sort(peers)" }}{{ $n = len .Labels.i }}{{ end }}{{ $n }}"#,
        #"{{ $x := "out" }}{{ if true }}{{ $x := "in" }}{{ $x }}{{ end }}{{ $x }}"#,
        #"{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" $labels.i }}{{ template "t" "z" }}"#,
        #"{{ block "b" .Labels.i }}[{{ . }}]{{ end }}"#, #"{{ define "e" }}x{{ end }}{{ template "e" }}"#,
        #"{{ with args 1 "b" }}{{ .arg0 }}{{ .arg1 }}{{ .arg2 }}{{ end }}"#,
        #"{{ range $k, $v := $labels }}{{ $k }}={{ $v }},{{ end }}"#, "{{- /* trimmed */ -}} a {{- `b` }}  {{ 1 -}} c",
        #"{{ if and $value (gt $value 100.0) }}y{{ else if or "" $labels.i }}n{{ else }}e{{ end }}"#,
        // Queries.
        #"{{ query "sort(peers)" | sortByLabel "i" | first | label "i" }}"#,
        #"{{ query "sum(peers)" | first | value | printf "%.1f" }}"#, #"{{ len (query "sort(peers)") }}"#,
        #"{{ (index (query "sort(peers)") 1).Value }}"#, #"{{ query "sort(peers)" | first | strvalue }}"#,
        #"{{ (query "sort(peers)" | first).Labels.i }}"#, #"{{ index $labels "i" }}"#,
        // Numbers.
        "{{ humanize 1234567.0 }} {{ humanize1024 1048576.0 }} {{ humanizeDuration 899.99 }}",
        #"{{ humanizePercentage 0.1234567 }} {{ humanizeTimestamp 1435065584.128 }} {{ humanize "1500" }}"#,
        #"{{ parseDuration "1h30m" }} {{ $value }} {{ 1e21 }} {{ 0x10 }}"#,
        "{{ humanizeDuration -90.0 }} {{ humanizeDuration 0.0000123 }} {{ humanizeDuration 90061.0 }}",
        #"{{ (toTime 1435065584.128).Format "2006-01-02 15:04:05.000 Mon Jan _2 PM" }} {{ (toTime 0.0).Year }}"#,
        "{{ toTime 1435065584.5 }}",
        #"{{ (1709210096.0 | toTime).Format "Monday, 2 January 06 3:04pm MST -0700 Z07:00" }}"#,
        // Texts.
        #"{{ title "aa bb-cC d_e" }} {{ toUpper "aBc" }} {{ toLower "AbC" }}"#,
        "{{ stripPort $labels.instance }} {{ stripPort \"[::1]:80\" }} {{ stripPort \"plain\" }}",
        "{{ stripDomain $labels.instance }} {{ stripDomain \"10.0.0.1:80\" }} {{ stripDomain \"a.b.c\" }}",
        #"{{ match "^h.*e" $labels.instance }} {{ match "^x" $labels.instance }}"#,
        #"{{ reReplaceAll "(.*):\\d+" "$1!" $labels.instance }} {{ reReplaceAll "o" "0" "foo" }}"#,
        #"{{ graphLink "up == 0" }} {{ tableLink "rate(x[5m]) > 1" }}"#,
        #"{{ safeHtml "<b>" }} {{ html "<a href='x'>" }} {{ js "it's" }} {{ urlquery "a b" }}"#,
        #"{{ slice "abcdef" 1 3 }} {{ print 1 2 "x" 3 }} {{ println "l" }}"#,
        #"{{ printf "%s %q %v %5d|%-5d|%05d %x %t %6.2f|%e %g" "a" "b" 1 2 3 4 255 true 3.14159 1234.5 0.1 }}"#,
        #"{{ eq 1 1 }} {{ eq "a" "b" "a" }} {{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt "b" "a" }} {{ ge 1 2 }} {{ not "" }}"#,
        "{{ \"\\u00e4\\x41\\t|\" }} {{ `raw\\n` }} {{ and 1 0 2 }} {{ or 0 \"\" 3 }} {{ len \"häh\" }}",
        "{{ $labels.missing }}|{{ .Labels.i }}|{{ $externalLabels }}|{{ .ExternalLabels }}|{{ $labels }}",
    ]

    private static let rules: String = {
        let annotations = templates.enumerated().map { "          t\($0.offset): \(quoted($0.element))\n" }.joined()
        return """
            groups:
              - name: g
                rules:
                  - alert: A
                    expr: load
                    labels: {where: '{{ $labels.instance | stripPort }}', n: '{{ query "sort(peers)" | len }}'}
                    annotations:
            \(annotations)
            """
    }()

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static var source: MemorySource {
        var source = MemorySource()
        let load: Labels = [Labels.metricName: "load", "i": "a", "instance": "host.example.com:9100"]
        source.append(load, at: Timestamp(milliseconds: 60_000), 12.5)
        for (name, value) in [("a", 1.0), ("b", 2.5), ("c", 1e6)] {
            source.append([Labels.metricName: "peers", "i": name], at: Timestamp(milliseconds: 60_000), value)
        }
        return source
    }

    @Test("promtool agrees", .enabled(if: PromtoolTests.tool != nil, "promtool is not installed (Debian: prometheus)"))
    func agrees() async throws {
        let read = RuleFileReader.read(Self.rules, file: "rules.yaml", names: .classic)
        #expect(read.findings.isEmpty, "\(read.findings)")
        let pack = try Places.withFolder(["rules.yaml": Self.rules]) { try RulePack.load(folder: $0) }
        var engine = RuleEngine(packs: [pack])
        let round = await engine.evaluate(
            at: Timestamp(milliseconds: 60_000), engine: EmbeddedEngine(source: Self.source), sink: nil)
        let alert = try #require(round.alerts.first)
        let labels = alert.labels.pairs.filter { $0.name != "alertname" }
            .map { "\($0.name): \(Self.quoted($0.value))" }.joined(separator: ", ")
        let annotations = alert.annotations.sorted { $0.key < $1.key }
            .map { "              \($0.key): \(Self.quoted($0.value))\n" }.joined()
        let test = """
            rule_files: [rules.yaml]
            evaluation_interval: 1m
            tests:
              - interval: 1m
                input_series:
                  - {series: 'load{i="a",instance="host.example.com:9100"}', values: '_ 12.5'}
                  - {series: 'peers{i="a"}', values: '_ 1'}
                  - {series: 'peers{i="b"}', values: '_ 2.5'}
                  - {series: 'peers{i="c"}', values: '_ 1000000'}
                alert_rule_test:
                  - eval_time: 1m
                    alertname: A
                    exp_alerts:
                      - exp_labels: {\(labels)}
                        exp_annotations:
            \(annotations)
            """
        let (status, output) = try Places.withFolder(["rules.yaml": Self.rules, "test.yaml": test]) { folder in
            try PromtoolTests.run(["test", "rules", "test.yaml"], in: folder)
        }
        #expect(status == 0, "\(output)")
    }
}
