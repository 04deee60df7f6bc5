import FleetModel
import HTTPTypes
import Hummingbird
import Testing

@testable import FleetServer
@testable import RulePacks

/// Which groups `/api/v1/rules` shows, and how numbers of alerts are written.
@Suite struct RuleRoutesTests {
    @Test(arguments: [
        (1, "1e+00"), (0, "0e+00"), (125, "1.25e+02"), (-0.5, "-5e-01"), (1e-9, "1e-09"), (6.02e23, "6.02e+23"),
        (1e100, "1e+100"), (.nan, "NaN"), (-.infinity, "-Inf"), (0.1 + 0.2, "3.0000000000000004e-01"),
    ])
    func valuesOfAlertsHaveAnExponent(value: Double, text: String) {
        #expect(RuleJSON.exponential(value) == text)
    }

    private func filter(_ query: String) async throws -> RuleFilter {
        let head = HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/api/v1/rules?" + query)
        return try RuleFilter(
            try await RequestParameters(Request(head: head, body: RequestBody(buffer: ByteBuffer()))))
    }

    private func shown(_ query: String) async throws -> [String] {
        let filter = try await filter(query)
        let kept = try Self.groups.compactMap { try filter.reduced($0) }
        return try filter.page(of: kept).groups.map { group in
            "\(group.name):\(group.rules.map(\.rule.name).joined(separator: ","))"
        }
    }

    private static let groups = [
        group("one", "a.yaml", [rule("Hot", labels: ["level": "warning"]), rule("r:hot", alert: false)]),
        group("two", "a.yaml", [rule("Cold", labels: ["level": "critical"])]),
        group("three", "b.yaml", [rule("r:cold", alert: false)]),
    ]

    @Test(arguments: [
        ("", ["one:Hot,r:hot", "two:Cold", "three:r:cold"]), ("type=alert", ["one:Hot", "two:Cold"]),
        ("type=record", ["one:r:hot", "three:r:cold"]), ("rule_name[]=Hot&rule_name[]=Cold", ["one:Hot", "two:Cold"]),
        ("rule_group[]=two", ["two:Cold"]), ("file[]=pack/b.yaml", ["three:r:cold"]), ("file[]=b.yaml", []),
        ("match[]={level=~%22w.*%22}", ["one:Hot"]),
        (
            "match[]={level=%22critical%22}&match[]={level=%22warning%22}",
            ["one:Hot", "two:Cold"]
        ),
        ("group_limit=2", ["one:Hot,r:hot", "two:Cold"]),
    ])
    func rulesAreChosenAsPrometheusChooses(query: String, expected: [String]) async throws {
        #expect(try await shown(query) == expected)
    }

    @Test func pagesFollowOneAnother() async throws {
        var seen: [String] = []
        var token: String?
        repeat {
            let filter = try await filter("group_limit=1" + (token.map { "&group_next_token=\($0)" } ?? ""))
            let page = try filter.page(of: Self.groups)
            seen += page.groups.map(\.name)
            token = page.token
        } while token != nil
        #expect(seen == ["one", "two", "three"])
    }

    @Test(arguments: ["type=both", "group_limit=-1", "group_next_token=x", "exclude_alerts=perhaps", "match[]=("])
    func whatIsNoChoiceIsRefused(query: String) async {
        await #expect(throws: APIError.self) { try await filter(query) }
    }

    private static func rule(_ name: String, alert: Bool = true, labels: [String: String] = [:]) -> RuleState {
        let kind: Rule.Kind = alert ? .alert(name, holdFor: .zero, keepFiringFor: .zero) : .record(name)
        let rule = Rule(
            kind: kind, expression: "up", labels: labels.compactMapValues { try? Template($0) }, annotations: [:],
            place: SourcePlace(file: "a.yaml"))
        return RuleState(
            rule: rule, health: .good, lastError: nil, lastEvaluation: nil, evaluationTime: .zero, alerts: [])
    }

    private static func group(_ name: String, _ file: String, _ rules: [RuleState]) -> RuleGroupState {
        RuleGroupState(
            pack: "pack", file: file, name: name, interval: .seconds(15), limit: nil, queryOffset: .zero, rules: rules,
            lastEvaluation: nil, evaluationTime: .zero, iterations: 0, missedIterations: 0, failures: 0)
    }
}
