import FleetModel
import PromQL

/// A file of unit tests: promtool's (`*.test.yaml`), or scenarios of tips (`*.tips.yaml`), which have the same series and
/// expect tips instead of alerts.
struct UnitTestFile {
    /// Which of the two.
    enum Kind {
        /// promtool's format, https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/.
        case promtool
        /// Series, and the tips that the pack raises.
        case tips
    }

    /// The rule files, as they are written, and where.
    var ruleFiles: [(name: String, place: SourcePlace)] = []
    /// From one evaluation to the next.
    var evaluationInterval: Duration = .seconds(60)
    /// The groups that come first, in this order.
    var groupOrder: [String] = []
    /// Whether values that differ by rounding are the same.
    var fuzzy = false
    /// The tests.
    var tests: [UnitTest] = []
}

/// One test: series, and what is expected at certain times.
struct UnitTest {
    var name: String
    var place: SourcePlace
    /// From one point of a series to the next.
    var interval: Duration
    var series: [SeriesNotation] = []
    var alerts: [AlertExpectation] = []
    var queries: [QueryExpectation] = []
    var tips: [TipExpectation] = []
    var external = ExternalIdentity()
    /// What clusters have set, by cluster and parameter.
    var parameters: [ParameterSetting] = []

    /// The alerts of a name that fire.
    struct AlertExpectation {
        var time: Duration
        var alert: String
        /// Only those of this group; `nil` for any.
        var group: String?
        var place: SourcePlace
        var alerts: [(labels: Labels, annotations: [String: String])]
    }

    /// What a query gives.
    struct QueryExpectation {
        var time: Duration
        var expression: String
        var place: SourcePlace
        var samples: [(labels: Labels, value: Double)]
    }

    /// All tips that are there.
    struct TipExpectation {
        var time: Duration
        var place: SourcePlace
        var tips: [ExpectedTip]
    }

    /// A tip; what is `nil` may be anything.
    struct ExpectedTip {
        var place: SourcePlace
        var alert: String
        var subject: SubjectRule.Kind?
        var object: String?
        var cluster: String?
        var level: TipLevel?
        var title: String?
        var remediation: String?
        /// Texts that must be among the tip's evidence.
        var evidence: [String] = []
        /// What the planner would do, in any order; `nil` where that may be anything, empty for nothing.
        var plan: [PlannedMove]?
    }

    /// The last moment that anything is expected of.
    var end: Duration {
        (alerts.map(\.time) + queries.map(\.time) + tips.map(\.time)).max() ?? .zero
    }
}
