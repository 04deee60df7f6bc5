import FleetModel
import Foundation
import Remediation
import RulePacks
import Testing

@Suite("Unit tests of packs")
struct UnitTestRunTests {
    private static let rules = """
        groups:
          - name: first
            interval: 10m
            rules:
              - {record: 'job:errors', expr: 'sum by (cluster, host) (errors)'}
          - name: second
            rules:
              - alert: Errors
                expr: 'job:errors > 10'
                for: 2m
                labels: {severity: warning}
                annotations: {summary: '{{ $value }} errors on {{ $labels.host }} of {{ $externalLabels.site }}'}
        """

    /// Runs `tests` as `x.test.yaml` beside the rules.
    private func run(_ tests: String, tips: String? = nil) async throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "pack-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(Self.rules.utf8).write(to: folder.appending(path: "x.rules.yaml"))
        try Data(tests.utf8).write(to: folder.appending(path: "x.test.yaml"))
        let found = try await PackTests.run(folder.appending(path: "x.test.yaml").path)
        if let tool = PromtoolTests.tool, !tests.contains("#ours") {
            // Whatever we say of it, Prometheus' own tool says as well.
            _ = tool
            let (status, output) = try PromtoolTests.run(["test", "rules", "x.test.yaml"], in: folder.path)
            #expect((status == 0) == found.findings.isEmpty, "\(output) \(found.findings)")
        }
        return found.findings.map(\.description)
    }

    private static func file(_ body: String, series: String = "'errors{cluster=\"c\", host=\"a\"}'") -> String {
        """
        rule_files: ['x.*.yaml']
        group_eval_order: [first, second]
        tests:
          - interval: 1m
            external_labels: {site: north}
            input_series:
              - {series: \(series), values: '0+4x10 stale'}
        \(body)
        """.replacing("x.*.yaml", with: "x.rules.yaml")
    }

    @Test("what is as expected is no finding, and groups with an interval of their own are evaluated each time")
    func good() async throws {
        let body = """
                alert_rule_test:
                  - {eval_time: 4m, alertname: Errors, exp_alerts: []}
                  - eval_time: 5m30s
                    alertname: Errors
                    exp_alerts:
                      - exp_labels: {cluster: c, host: a, severity: warning}
                        exp_annotations: {summary: 20 errors on a of north}
                  - {eval_time: 12m, alertname: Errors, exp_alerts: []}
                promql_expr_test:
                  - {eval_time: 4m, expr: 'job:errors', exp_samples: [{labels: 'job:errors{cluster="c", host="a"}', value: 16}]}
                  - {eval_time: 12m, expr: 'job:errors', exp_samples: []}
                  - {eval_time: 1m, expr: '1 + 1', exp_samples: [{labels: '{}', value: 2}]}
            """
        #expect(try await run(Self.file(body)).isEmpty)
    }

    @Test(
        "what is not as expected is a finding with its place",
        arguments: [
            (
                "    alert_rule_test:\n      - {eval_time: 5m, alertname: Errors, exp_alerts: []}",
                ":9:9: test 1: alert 'Errors' at 5m: expected nothing, got"
            ),
            (
                "    alert_rule_test:\n      - eval_time: 1m\n        alertname: Errors\n        exp_alerts: [{exp_labels: {host: a}}]",
                "expected {alertname=\"Errors\", host=\"a\"} {}, got nothing"
            ),
            (
                "    promql_expr_test:\n      - {eval_time: 4m, expr: 'job:errors', exp_samples: []}",
                "'job:errors' at 4m: expected nothing, got"
            ),
            (
                "    promql_expr_test:\n      - {eval_time: 4m, expr: 'sum(', exp_samples: []}",
                "could not parse expression"
            ),
        ])
    func bad(_ body: String, _ expected: String) async throws {
        let findings = try await run(Self.file(body))
        #expect(findings.count == 1 && findings[0].contains(expected), "\(findings)")
    }

    @Test(
        "files that cannot be read are refused with the place",
        arguments: [
            ("rule_files: [nothing.yaml]\ntests: []", "x.test.yaml:1:14: there is no rule file 'nothing.yaml'"),
            ("rule_files: x", "'rule_files' must be a list"), ("tests: [{interval: 0s}]", "'interval' must be above 0"),
            ("tests: [{input_series: [{series: 'a{', values: '1'}]}]", "'a{' is not a series"),
            ("tests: [{input_series: [{series: 'a{b=~\"c\"}', values: '1'}]}]", "is not a series"),
            ("tests: [{input_series: [{series: a, values: '1 two'}]}]", "'two' is not a point"),
            ("tests: [{input_series: [{series: a, values: '1x99999999999'}]}]", "does not say how often"),
            ("tests: [{input_series: [{series: a, values: '{{schema:1}}'}]}]", "native histograms are not supported"),
            ("tests: [{inputs: []}]", "unknown key 'inputs' in a test"),
            ("evaluation_interval: -1s", "is '-1s', not a span of time"),
        ])
    func unreadable(_ text: String, _ expected: String) async throws {
        let findings = try await run("#ours\n" + text)
        #expect(findings.contains { $0.contains(expected.replacing(":1:14", with: ":2:14")) }, "\(findings)")
    }

    @Test("points that are too many for one file are refused before they take memory")
    func tooMany() async throws {
        let series = (0..<12).map { "{series: a\($0), values: '1x999999'}" }.joined(separator: ", ")
        let findings = try await run("#ours\ntests: [{input_series: [\(series)]}]")
        #expect(findings.contains { $0.contains("come to more than 10000000 points") })
    }
}

@Suite("Bundled packs")
struct BundledPackTests {
    static let folders: [String] = {
        let rules = Places.root.appending(path: "rules")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: rules.path)) ?? []
        return names.filter { !$0.contains(".") }.sorted().map { rules.appending(path: $0).path }
    }()

    @Test("all load, and their tests pass here", arguments: folders)
    func pass(_ folder: String) async throws {
        let tests = try await PackTests.run(folder, planner: HistoryPlanner())
        #expect(tests.findings.isEmpty, "\(tests.findings)")
        #expect(tests.count > 0)
    }

    @Test("the schema beside them is the one of this version")
    func schema() throws {
        let path = Places.root.appending(path: "rules/pack.schema.json")
        #expect(
            try String(contentsOf: path, encoding: .utf8) == PackSchema.text(), "evenkeel pack schema > \(path.path)")
    }
}
