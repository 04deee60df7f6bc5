import FleetModel
import Foundation
import Glibc
import Testing

@testable import RulePacks

/// Folders of hostile authors: what is read of them, how much, and what is said of the rest.
@Suite("Hostile packs")
struct HostilePackTests {
    private static let manifest = """
        name: pack
        version: 1.0.0
        title: t
        author: a
        licence: Apache-2.0
        tips:
          A: {title: x, body: y, level: warning, subject: host, knowledge: k, remediation: {name: notify}}
        """
    private static let rules = "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]"

    /// What is wrong with the pack of these files, once `spoil` has been at its folder.
    private func findings(
        _ files: [String: String] = [:], manifest: String = manifest, rules: String = rules,
        spoil: (String) throws -> Void = { _ in }
    ) throws -> [String] {
        let all = files.merging(["pack.yaml": manifest, "a.rules.yaml": rules]) { first, _ in first }
        return try Places.withFolder(all) { folder in
            try spoil(folder)
            do throws(RulePackError) {
                _ = try RulePack.load(folder: folder)
                return []
            } catch {
                return error.findings.map(\.description)
            }
        }
    }

    private func link(_ name: String, to target: String) -> (String) throws -> Void {
        { try FileManager.default.createSymbolicLink(atPath: "\($0)/\(name)", withDestinationPath: target) }
    }

    @Test("the pack that the others are made from is whole")
    func whole() throws { #expect(try findings() == []) }

    @Test(
        "a link that leads out of the pack, round in circles or nowhere is said with its name",
        arguments: [
            ("/etc/passwd", "leads out of the pack"), ("../../../../../../etc/passwd", "leads out of the pack"),
            ("/dev/zero", "leads out of the pack"), ("/proc/self/environ", "leads out of the pack"),
            ("b.rules.yaml", "symbolic links"), ("nowhere", "No such file"),
        ])
    func links(target: String, words: String) throws {
        let found = try findings(spoil: link("b.rules.yaml", to: target))
        #expect(found.count == 1 && found[0].hasPrefix("b.rules.yaml: ") && found[0].contains(words), "\(found)")
    }

    @Test("a link that stays in the pack is followed")
    func innerLink() throws {
        let found = try findings(["data.txt": "groups: []"], spoil: link("b.rules.yaml", to: "data.txt"))
        #expect(found == [])
    }

    @Test("a pipe, a folder and a socket are no files, and nobody waits for them")
    func specialFiles() throws {
        let found = try findings { folder in
            #expect(unsafe mkfifo(folder + "/b.rules.yaml", 0o600) == 0)
            try FileManager.default.createDirectory(
                atPath: folder + "/c.rules.yaml", withIntermediateDirectories: false)
        }
        #expect(found == ["b.rules.yaml: it is no regular file", "c.rules.yaml: it is no regular file"])
        let manifest = try findings { folder in
            try FileManager.default.removeItem(atPath: folder + "/pack.yaml")
            #expect(unsafe mkfifo(folder + "/pack.yaml", 0o600) == 0)
        }
        #expect(manifest == ["pack.yaml: it is no regular file"])
        let alone = #expect(throws: RulePackError.self) { try RulePack.load(folder: "/dev/zero") }
        #expect(alone?.description == "zero: it is no regular file")
    }

    @Test("a sparse file of a terabyte is not read")
    func sparse() throws {
        let found = try findings { folder in
            #expect(FileManager.default.createFile(atPath: folder + "/b.rules.yaml", contents: nil))
            #expect(unsafe truncate(folder + "/b.rules.yaml", 1 << 40) == 0)
        }
        #expect(found == ["b.rules.yaml: the file is longer than 1024 KiB"])
    }

    @Test("too many files, too many bytes and too many rules are refused")
    func tooMuch() throws {
        let many = Dictionary((0...200).map { ("\($0).rules.yaml", "groups: []") }) { first, _ in first }
        #expect(try findings(many) == [".: the pack has 203 YAML files; it may have 200"])
        let filler = "groups: []\n#" + String(repeating: "x", count: 1_000_000)
        let long = Dictionary((1...9).map { ("b\($0).rules.yaml", filler) }) { first, _ in first }
        #expect(try findings(long) == ["b9.rules.yaml: with this file the pack is longer than 8 MiB"])
        let body = (0..<3000).map { "  - {record: 'a:b\($0)', expr: up}\n" }.joined()
        let file = { (name: String) in "groups:\n- name: g\n  rules:\n" + body.replacing("a:b", with: name) }
        let found = try findings(["b.rules.yaml": file("b:c"), "c.rules.yaml": file("c:d")])
        #expect(found == ["c.rules.yaml: with this file the pack has more than 5000 rules"])
        let parameters = (0...200).map { "  p\($0): {type: number, default: 1, help: h}\n" }.joined()
        let wide = try findings(manifest: Self.manifest + "\nparameters:\n" + parameters)
        #expect(wide.contains { $0.hasSuffix("the pack has more than 200 parameters") }, "\(wide)")
    }

    @Test("thousands of mistakes are told of by the first of them")
    func manyFindings() throws {
        let found = try findings(manifest: Self.manifest + "\n" + (0..<5000).map { "k\($0): v\n" }.joined())
        #expect(found.count == 201)
        #expect(found[0].hasPrefix("pack.yaml:8:1: unknown key 'k0'"))
        #expect(found[200] == "pack.yaml: there is more; only the first 200 are shown")
        let groups = "groups:\n" + (0..<12_000).map { "- {name: g\($0), rules: []}\n" }.joined()
        let spent = try findings(rules: groups)
        #expect(spent.count == 1 && spent[0].contains("comes to more than 50000 values"), "\(spent)")
    }

    @Test(
        "what Evenkeel writes is no name for a recording rule",
        arguments: [
            "evenkeel_lp_run_seconds_total", "evenkeel_parameter", "evenkeel_event", "ALERTS", "ALERTS_FOR_STATE",
        ])
    func measuredNames(name: String) throws {
        let found = try findings(["b.rules.yaml": "groups: [{name: h, rules: [{record: \(name), expr: vector(1)}]}]"])
        #expect(found.count == 1 && found[0].hasPrefix("b.rules.yaml:1:29: ") && found[0].contains(name), "\(found)")
    }

    @Test("the same rule twice, alerts without a name, groups twice: each with its place")
    func repetitions() throws {
        let twice = "groups: [{name: h, rules: [{record: 'a:b', expr: up}, {record: 'a:b', expr: up}]}]"
        let found = try findings(["b.rules.yaml": twice])
        #expect(
            found == ["b.rules.yaml:1:55: 'a:b' is at b.rules.yaml:1:28 already, with the same expression and labels"])
        let levels = """
            groups:
              - name: h
                rules:
                  - {alert: B, expr: up == 0, labels: {severity: warning}}
                  - {alert: B, expr: up == 0, labels: {severity: critical}}
            """
        #expect(try findings(["b.rules.yaml": levels]) == [])
        let nameless = try findings(["b.rules.yaml": #"groups: [{name: h, rules: [{alert: "", expr: up}]}]"#])
        #expect(nameless.contains { $0.contains("the alert's name is empty") })
        let escape = try findings(["b.rules.yaml": #"groups: [{name: h, rules: [{alert: "\e[2J", expr: up}]}]"#])
        #expect(escape.contains { $0.contains("control characters") })
        let groups = try findings(["b.rules.yaml": "groups: [{name: h, rules: []}, {name: h, rules: []}]"])
        #expect(groups == [#"b.rules.yaml:1:32: group "h" is repeated in the same file"#])
    }

    @Test(
        "expressions without end, and regular expressions without measure, are refused at their place",
        arguments: [
            String(repeating: "(", count: 50_000) + "up" + String(repeating: ")", count: 50_000),
            String(repeating: "-", count: 50_000) + "up", String(repeating: "up or ", count: 50_000) + "up",
            "up{a=~'((((a{1000}){1000}){1000}){1000})'}", "up{a=~'\(String(repeating: "(a|b)", count: 20_000))'}",
        ])
    func expressions(text: String) throws {
        let rules = "groups:\n- name: h\n  rules:\n  - {alert: B, expr: \"\(text)\"}"
        let found = try findings(["b.rules.yaml": rules])
        #expect(found.count == 1 && found[0].hasPrefix("b.rules.yaml:4:22: "), "\(found.map { $0.prefix(200) })")
    }

    @Test("a file of tests that would run for years is refused")
    func endlessTests() async throws {
        for times in ["{eval_time: 100y, alertname: A}", "{eval_time: 11m, alertname: A}"] {
            let text = """
                evaluation_interval: 1ms
                tests:
                  - input_series: [{series: up, values: '1x10'}]
                    alert_rule_test: [\(times)]
                """
            let read = UnitTestReader.read(text, file: "x.test.yaml", .promtool)
            #expect(
                read.findings.map(\.description) == [
                    "x.test.yaml:3:5: with this test the rules would be evaluated more than 600000 times"
                ])
        }
        let points = "tests: [{input_series: [{series: up, values: '0+1x9999999999'}], alert_rule_test: []}]"
        #expect(!UnitTestReader.read(points, file: "x.test.yaml", .promtool).findings.isEmpty)
    }
}

/// Templates of hostile authors: none takes long or makes much, and what is wrong is said.
@Suite("Hostile templates")
struct HostileTemplateTests {
    private func problem(_ source: String) -> String {
        do throws(TemplateError) {
            let text = try Template(source).render(TemplateScene(labels: ["host": "a"], value: 1))
            return "it gave \(text.utf8.count) bytes"
        } catch {
            return "\(error)"
        }
    }

    private func again(_ part: String) -> String { String(repeating: part, count: 60) }

    @Test("a value that is put into itself again and again")
    func doubling() {
        let start = #"{{ $a := "xxxxxxxxxxxxxxxx" }}"#
        for step in [#"printf "%s%s" $a $a"#, "print $a $a $a $a", "println $a $a", "html (print $a $a)"] {
            let found = problem(start + again("{{ $a = \(step) }}") + "{{ $a }}")
            #expect(found.contains("would be longer than 65536 bytes"), "\(step): \(found)")
        }
        let nested = "{{ $a := args 1 1 }}{{ $b := args 1 1 }}"
        let grown = again("{{ $a = args $a $a }}{{ $b = args $b $b }}")
        for end in ["{{ $a }}", "{{ eq $a $b }}", "{{ len (print $a) }}"] {
            #expect(problem(nested + grown + end).contains("would be longer"))
        }
    }

    @Test("templates that call each other, and loops in loops")
    func recursion() {
        let forever = #"{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}"#
        #expect(problem(forever).contains("too deeply"))
        let mutual =
            #"{{ define "a" }}{{ tmpl "b" . }}{{ end }}{{ define "b" }}{{ tmpl "a" . }}{{ end }}{{ tmpl "a" . }}"#
        #expect(problem(mutual).contains("too deeply"))
        let wide = (0..<20).map { level in
            let call = String(repeating: "{{ template \"t\(level + 1)\" . }}", count: 10)
            return "{{ define \"t\(level)\" }}\(call){{ end }}"
        }.joined()
        let silent = wide + #"{{ define "t20" }}{{ end }}{{ template "t0" . }}"#
        #expect(problem(silent).contains("goes on without end"))
        #expect(problem("{{ range 1000 }}{{ range 1000 }}{{ $x := 1 }}{{ end }}{{ end }}").contains("without end"))
        #expect(problem(#"{{ range 90000 }}{{ $x := match "(x+x+)+y" "xxxx" }}{{ end }}"#).contains("without end"))
        #expect(problem(#"{{ range 5000 }}{{ $x := printf "%200d%200d" 1 1 }}{{ end }}"#) == "it gave 0 bytes")
    }

    @Test("megabytes of text, widths without measure, blocks in blocks")
    func long() {
        #expect(problem("{{ range 90000 }}{{ print \"xxxxxxxx\" }}{{ end }}").contains("longer than 65536 bytes"))
        #expect(problem(#"{{ printf "%999999999d" 1 }}"#).contains("too wide"))
        #expect(problem(#"{{ printf "%.999999999f" 1.0 }}"#).contains("too wide"))
        #expect(problem("{{ " + String(repeating: "(", count: 20_000) + " }}").contains("nested too deeply"))
        let deep = String(repeating: "{{ if 1 }}", count: 3000) + String(repeating: "{{ end }}", count: 3000)
        #expect(!problem(deep).isEmpty)
        let text = String(repeating: "y", count: 20_000)
        #expect(problem("{{ reReplaceAll \"\" \"\(text)\" \"\(text)\" }}").contains("too long"))
        let backtracking = "{{ reReplaceAll \"(a|a)*b\" \"x\" \"\(String(repeating: "a", count: 5000))\" }}"
        #expect(!problem(backtracking).isEmpty)
    }
}
