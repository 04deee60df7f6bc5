import FleetModel
import Testing

@testable import RulePacks

@Suite("Templates")
struct TemplateTests {
    private func render(_ source: String, value: Double = 12, labels: Labels = ["i": "a"]) throws -> String {
        try Template(source).render(TemplateScene(labels: labels, value: value, parameters: ["limit": 75]))
    }

    /// What Debian's promtool 2.42 writes for the same templates.
    @Test(
        "numbers come out as Prometheus writes them",
        arguments: [
            (1_234_567, "1.234567e+06 1234567.00|1234567.0|1234567.00|+1234567.0|1.234567e+06"),
            (123456.789, "123456.789 123456.79|123456.8|123456.79|+123456.8|123456.789"),
            (0.00001234, "1.234e-05 0.00|  0.0|000.00|+0.0|1.234e-05"), (12, "12 12.00| 12.0|012.00|+12.0|12"),
            (0.5, "0.5 0.50|  0.5|000.50|+0.5|0.5"),
        ])
    func numbers(value: Double, expected: String) throws {
        let format = #"{{ $value }} {{ printf "%.2f|%5.1f|%06.2f|%+.1f|%g" $value $value $value $value $value }}"#
        #expect(try render(format, value: value) == expected)
    }

    @Test(
        "the humanize family",
        arguments: [
            (1_234_567, "1.235M 1.177Mi 14d 6h 56m 7s 1.235e+08%"),
            (123456.789, "123.5k 120.6ki 1d 10h 17m 36s 1.235e+07%"),
            (0.00001234, "12.34u 1.234e-05 12.34us 0.001234%"), (12, "12 12 12s 1200%"), (0.5, "500m 0.5 500ms 50%"),
            (0, "0 0 0s 0%"),
        ])
    func humanize(value: Double, expected: String) throws {
        let all =
            "{{ humanize $value }} {{ humanize1024 $value }} {{ humanizeDuration $value }} {{ $value | humanizePercentage }}"
        #expect(try render(all, value: value) == expected)
    }

    @Test("moments")
    func moments() throws {
        #expect(try render("{{ humanizeTimestamp $value }}", value: 123456.789) == "1970-01-02 10:17:36.789 +0000 UTC")
        #expect(try render("{{ humanizeTimestamp $value }}", value: 1_709_210_096) == "2024-02-29 12:34:56 +0000 UTC")
        #expect(try render("{{ humanizeTimestamp $value }}", value: -1) == "1969-12-31 23:59:59 +0000 UTC")
    }

    @Test(
        "labels, fields, pipes, conditions, white space, comments, variables",
        arguments: [
            ("host {{ $labels.i }}", "host a"), ("{{ .Labels.i }} {{ .Value }}", "a 12"),
            ("[{{ $labels.missing }}]", "[]"), ("{{ $labels }}", "map[i:a]"),
            ("{{ if gt $value 10.0 }}big{{ else }}small{{ end }}", "big"),
            ("{{ if lt $value 10.0 }}small{{ else if eq $value 12.0 }}twelve{{ end }}", "twelve"),
            ("a  {{- \"x\" -}}  b", "axb"), ("a{{/* nothing */}}b", "ab"), ("{{ $x := 3 }}{{ $x }}", "3"),
            ("{{ print $value 3 \"a\" \"b\" 4 }}", "12 3ab4"), ("{{ title \"ab cd\" }}", "Ab Cd"),
            ("{{ or \"\" \"b\" }}", "b"), ("{{ ($labels.i | toUpper) }}", "A"), ("{{ parameter \"limit\" }}", "75"),
            ("{{ `a\"b` }}{{ \"\\n\" }}", "a\"b\n"), ("no action }} here", "no action }} here"), ("", ""),
            ("{{ printf \"%-4d|%4s|%q|%%\" 3 \"x\" \"y\" }}", "3   |   x|\"y\"|%"),
        ])
    func language(source: String, expected: String) throws {
        #expect(try render(source) == expected)
    }

    @Test(
        "what is wrong is said with its place",
        arguments: [
            ("{{ humanise $value }}", "1:4: function \"humanise\" not defined; did you mean \"humanize\"?"),
            ("a\n {{ $valu }}", "2:5: undefined variable \"$valu\""), ("{{ $value", "1:1: '{{' has no '}}'"),
            ("{{ }}", "1:1: a value is missing"), ("{{ if $value }}x", "1:1: 'if' has no 'end'"),
            ("{{ end }}", "1:1: 'end' without a block that it belongs to"),
            ("{{ template x }}", "1:1: 'template' needs a template's name in quotes"),
            ("{{ break }}", "1:1: 'break' outside of 'range'"), ("{{ $x = 3 }}", "1:7: undefined variable \"$x\""),
            ("{{ if 1 }}{{ define \"a\" }}{{ end }}{{ end }}", "1:11: 'define' stands outside of every block"),
            ("{{ eq 1 }}", "1:4: eq takes 2 to 32 values, not 1"),
            ("{{ $labels.a \"b\" 1 | 3 }}", "1:22: only a function can follow '|'"),
            ("{{ \"a }}", "1:4: a text has no closing '\"'"), ("{{ humanize }}", "1:4: humanize takes 1 values, not 0"),
            ("{{ $value | 3 }}", "1:13: only a function can follow '|'"),
            ("{{ 1e999 }}", "1:4: '1e999' is not a number"),
        ])
    func errors(source: String, expected: String) {
        let error = #expect(throws: TemplateError.self) { try Template(source) }
        #expect(error?.description == expected)
    }

    @Test("what cannot be filled in says so in its place, and the rest of the alert lives")
    func explained() throws {
        let scene = TemplateScene(labels: [:], value: 1)
        let unknown = try Template("{{ parameter \"nope\" }}").renderOrExplain(scene)
        #expect(unknown == "<error expanding template at 1:4: the pack has no parameter 'nope'>")
        let endless = try Template("{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}")
        #expect(endless.renderOrExplain(scene).contains("templates call each other too deeply"))
        let loops = String(repeating: "{{ range 100000 }}", count: 8) + String(repeating: "{{ end }}", count: 8)
        #expect(try Template(loops).renderOrExplain(scene).contains("goes on without end"))
        #expect(try Template("{{ query \"up\" }}").renderOrExplain(scene).contains("nobody answers queries here"))
    }

    @Test(
        "what Prometheus 3 has and 2.42 has not",
        arguments: [
            ("{{ toDuration 3661.5 }} {{ 0.25 | toDuration }}", "1h1m1.5s 250ms"),
            ("{{ urlQueryEscape \"a b&c\" }}", "a+b%26c"), ("{{ now }}", "0"),
            ("{{ true }} {{ nil }}", "true <no value>"),
            ("{{ range 3 }}{{ . }}{{ end }}", "012"),
            ("{{ with \"\" }}a{{ else with \"b\" }}{{ . }}{{ end }}", "b"),
        ])
    func newer(source: String, expected: String) throws {
        #expect(try render(source) == expected)
    }

    @Test("the server's own address and labels")
    func external() throws {
        let external = ExternalIdentity(labels: ["site": "b"], url: "https://evenkeel.example:7411/prefix/")
        let scene = TemplateScene(labels: [:], value: 1, external: external)
        let source =
            "{{ externalURL }} {{ pathPrefix }} {{ $externalURL }} {{ $externalLabels.site }} {{ .ExternalLabels }}"
        #expect(
            try Template(source).render(scene)
                == "https://evenkeel.example:7411/prefix/ /prefix https://evenkeel.example:7411/prefix/ b map[site:b]")
    }

    @Test("a label cannot break out of a query")
    func escaping() throws {
        let template = try Template(#"up{host="{{ $labels.host }}"}"#)
        let scene = TemplateScene(labels: ["host": "a\"} or vector(1) #\\"], value: 1, escaping: .query)
        #expect(try template.render(scene) == #"up{host="a\"} or vector(1) #\\"}"#)
    }

    @Test("neither depth nor length nor noise brings the reader down")
    func hostile() {
        let deep = "{{ " + String(repeating: "(", count: 5000) + "1" + String(repeating: ")", count: 5000) + " }}"
        #expect(throws: TemplateError.self) { try Template(deep) }
        let blocks = String(repeating: "{{ if 1 }}", count: 5000) + String(repeating: "{{ end }}", count: 5000)
        #expect(throws: TemplateError.self) { try Template(blocks) }
        let chain = "{{ if 1 }}" + String(repeating: "{{ else if 1 }}", count: 5000) + "{{ end }}"
        #expect(throws: TemplateError.self) { try Template(chain) }
        #expect(throws: TemplateError.self) { try Template(String(repeating: "a", count: 1 << 20)) }
        let alphabet = [
            "{{", "}}", "-", " ", "$", ".", "\"", "`", "(", ")", "|", "if", "end", "else", "a", "1", "\n", "é", ":=",
            ",",
        ]
        var state: UInt64 = 42
        for _ in 0..<5000 {
            var text = ""
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += alphabet[Int(state >> 33) % alphabet.count]
            }
            if let template = try? Template(text) { _ = template.renderOrExplain(TemplateScene(labels: [:], value: 1)) }
        }
    }
}
