import FleetModel
import Foundation
import HTTPTypes
import Testing

@testable import FleetServer

/// What `POST /api/v2/alerts` takes, and what it says of the rest.
@Suite struct ForeignAlertReaderTests {
    private let reader = ForeignAlertReader(limits: ForeignAlertLimits())

    private func batch(_ body: String) throws -> ForeignAlertReader.Batch { try reader.batch(of: Data(body.utf8)) }

    @Test func whatPrometheusSends() throws {
        let batch = try batch(
            #"""
            [{"annotations":{"summary":"Fan 3 stands still","dashboard":"x"},"endsAt":"2026-01-31T12:04:00.123456789Z",
              "startsAt":"2026-01-31T13:00:00+01:00","generatorURL":"http://p:9090/graph",
              "labels":{"alertname":"FanFailed","instance":"kvm1:9100","empty":""}, "unknown": [1]}]
            """#)
        let alert = try #require(batch.alerts.first)
        #expect(batch.problems.isEmpty && batch.alerts.count == 1)
        #expect(alert.labels == ["alertname": "FanFailed", "instance": "kvm1:9100"])
        #expect(alert.annotations == ["summary": "Fan 3 stands still"])
        #expect(alert.startsAt == Timestamp(milliseconds: 1_769_860_800_000))
        #expect(alert.endsAt == Timestamp(milliseconds: 1_769_861_040_123))
        #expect(alert.generatorURL == "http://p:9090/graph")
    }

    @Test func aTimeOfTheYearOneIsNone() throws {
        let alert = try batch(#"[{"labels":{"a":"b"},"startsAt":"0001-01-01T00:00:00Z","endsAt":""}]"#).alerts[0]
        #expect(alert.startsAt == nil && alert.endsAt == nil)
    }

    @Test func oneThatIsWrongDoesNotHoldTheOthersUp() throws {
        let long = String(repeating: "x", count: 2000)
        let many = (0..<60).map { "\"l\($0)\":\"x\"" }.joined(separator: ",")
        let alerts = [
            #"{"labels":{}}"#, #"{"labels":{"a":""}}"#, #"{"labels":{"__name__":"up"}}"#, #"{"labels":{"":"x"}}"#,
            #"{"labels":{"\#(long)":"x"}}"#, #"{"labels":{"a":"\#(long)"}}"#, #"{"labels":{\#(many)}}"#,
            #"{"labels":{"a":"b"},"endsAt":"soon"}"#, #"{"labels":{"a":"b"},"endsAt":"1769861040"}"#,
            #"{"labels":{"a":"b"},"startsAt":"2026-01-31T12:00:00Z","endsAt":"2026-01-31T11:00:00Z"}"#,
            #"{"labels":{"good":"yes"}}"#,
        ]
        let batch = try batch("[" + alerts.joined(separator: ",") + "]")
        #expect(batch.alerts.map(\.labels) == [["good": "yes"]])
        let said = [
            "no labels", "no labels", "'__name__'", "no name", "256 bytes", "1024 bytes", "60 labels", "'soon'",
            "'1769861040'", "ends before",
        ]
        #expect(batch.problems.count == said.count)
        for (place, (problem, words)) in zip(batch.problems, said).enumerated() {
            #expect(problem.hasPrefix("alert \(place + 1): ") && problem.contains(words), "\(problem)")
        }
    }

    @Test(arguments: [
        "", "{}", "[", "[[]]", "[{}]", #"[{"labels":["a"]}]"#, #"[{"labels":{"a":1}}]"#, #"[{"labels":{"a":"b"}},7]"#,
        "[" + String(repeating: "[", count: 100_000), #"[{"labels":{"a":"b"},"annotations":"x"}]"#,
        "[" + Array(repeating: #"{"labels":{"a":"b"}}"#, count: 2001).joined(separator: ",") + "]", "\u{0}",
        #"["\ud800"]"#,
    ])
    func whatIsNoListOfAlertsIsRefused(body: String) {
        #expect { try batch(body) } throws: { ($0 as? APIError)?.status == .badRequest }
    }
}
