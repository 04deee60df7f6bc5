import FleetModel
import Testing

@testable import Notifications

/// Conditions as people write them.
@Suite struct LabelConditionTests {
    private static let labels: Labels = ["cluster": "lab", "host": "kvm12", "level": "warning"]

    @Test(arguments: [
        ("cluster=lab", true), (#"cluster="lab""#, true), ("cluster=la", false), ("cluster!=lab", false),
        (#"host=~"kvm[0-9]+""#, true), ("host=~kvm", false), ("host!~kvm.*", false), ("host=~(a+)+b", false),
        ("vm=", true), ("vm!=", false), ("vm=~.*", true), ("level=warning", true), (#"level="""#, false),
    ])
    func holds(text: String, expected: Bool) throws {
        #expect(try LabelCondition(text).holds(of: Self.labels) == expected)
    }

    @Test(arguments: ["", "cluster", "=lab", "a b=c", #"a="b"#, #"a="b"c"#, "a=~(", "größe=1", "a~b"])
    func whatIsNoneIsRefused(text: String) {
        #expect(throws: LabelCondition.Problem.self) { try LabelCondition(text) }
    }

    @Test func aSilenceNeedsAConditionAndEnds() throws {
        let now = Timestamp(milliseconds: 1000)
        func silence(_ matchers: [String]) throws -> ActiveSilence {
            try ActiveSilence(
                Silence(matchers: matchers, created: now, until: now + .seconds(1), actor: "a", reason: "r"))
        }
        #expect(throws: LabelCondition.Problem.self) { try silence([]) }
        #expect(throws: LabelCondition.Problem.self) { try silence(Array(repeating: "a=b", count: 17)) }
        let both = try silence(["cluster=lab", "level=critical"])
        #expect(!both.holds(of: Self.labels, at: now))
        #expect(both.holds(of: Self.labels.setting("level", to: "critical"), at: now))
        #expect(!both.holds(of: Self.labels.setting("level", to: "critical"), at: now + .seconds(1)))
    }
}
