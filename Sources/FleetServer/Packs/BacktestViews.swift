import FleetModel
import Remediation
import RulePacks

/// The body of `POST /fleet/v1/packs/backtest`.
public struct BacktestOrder: Codable, Sendable {
    /// The pack's files, by name: `pack.yaml` and its `*.rules.yaml`, or a plain rule file.
    public var files: [String: String]
    /// The name of the pack's folder.
    public var name: String
    /// The first and the last moment; the last is now where it is `nil`.
    public var start: Timestamp
    /// The last moment.
    public var end: Timestamp?
    /// From one evaluation to the next, in seconds.
    public var stepSeconds: Double
    /// Other values of parameters to play as well, `NAME=VALUE` each.
    public var variants: [String]

    /// An order.
    public init(
        files: [String: String], name: String, start: Timestamp, end: Timestamp?, stepSeconds: Double,
        variants: [String]
    ) {
        self.files = files
        self.name = name
        self.start = start
        self.end = end
        self.stepSeconds = stepSeconds
        self.variants = variants
    }
}

/// What a backtest found with one set of parameters.
public struct BacktestView: Codable, Sendable {
    /// The parameter that was another one than is set, `NAME=VALUE`; empty for what is set.
    public var variant: String
    /// By alert.
    public var alerts: [Alert]
    /// The tips, the newest first, at most a thousand.
    public var tips: [Tip]
    /// How many there were.
    public var count: Int
    /// Rules that could not be evaluated.
    public var failures: [String: String]
    /// What the plans for the tips would have come to; `nil` where nobody looked.
    public var plans: Plans?
    /// For how many seconds none of the metrics that the pack reads had a sample.
    public var unmeasuredSeconds: Double?

    /// What the plans for the tips would have come to.
    public struct Plans: Codable, Sendable {
        /// Tips for which there would have been a plan.
        public var planned: Int
        /// Tips for which there would have been none, by reason.
        public var unplanned: [String: Int]
        /// Moves of all plans.
        public var moves: Int
        /// The mean of what the plans were expected to take off their sources' processors, 0...1.
        public var meanGain: Double?
        /// Minutes for which hosts of the plans were over the ceiling while their tips were open.
        public var overloadMinutes: Double
        /// How many of these the moves would have spared; negative where they would have made it worse.
        public var avoidedMinutes: Double
        /// Tips that were not looked at, since there were too many.
        public var skipped: Int
    }

    /// What came of an alert.
    public struct Alert: Codable, Sendable {
        /// Its name.
        public var alert: String
        /// How many tips.
        public var tips: Int
        /// About how many objects.
        public var objects: Int
        /// How long they lasted, in seconds: the middle and the longest.
        public var medianSeconds: Double
        /// The longest.
        public var longestSeconds: Double
        /// How often it ended and came back within an hour.
        public var flaps: Int
        /// How often it came back within its cool-down, and so goes on as the tip that it was.
        public var heldBack: Int
        /// What it proposes.
        public var remediation: String
    }

    /// A tip that would have been raised.
    public struct Tip: Codable, Sendable {
        /// The alert.
        public var alert: String
        /// The kind of object.
        public var subjectKind: String
        /// The object.
        public var subject: String
        /// Its cluster.
        public var cluster: String
        /// How bad.
        public var level: TipLevel
        /// One line.
        public var title: String
        /// When it would have been raised.
        public var raised: Timestamp
        /// When its alert fell silent; `nil` where it fires at the end.
        public var ended: Timestamp?
    }
}

extension BacktestView {
    private static let mostTips = 1000

    init(_ report: BacktestReport, variant: String, end: Timestamp) {
        self.variant = variant
        count = report.tips.count
        failures = report.failures
        unmeasuredSeconds = report.unmeasured.inSeconds
        tips = report.tips.suffix(Self.mostTips).reversed().map { tip in
            Tip(
                alert: tip.key.alert, subjectKind: tip.key.subject.kind.rawValue, subject: tip.key.subject.name,
                cluster: tip.key.subject.cluster.text, level: tip.level, title: tip.title, raised: tip.raised,
                ended: tip.ended)
        }
        alerts = Dictionary(grouping: report.tips, by: \.key.alert).map { alert, tips in
            let spans = tips.map { (($0.ended ?? end) - $0.raised).inSeconds }.sorted()
            return Alert(
                alert: alert, tips: tips.count, objects: Set(tips.map(\.key.subject)).count,
                medianSeconds: spans[spans.count / 2], longestSeconds: spans.last ?? 0,
                flaps: report.flaps[alert] ?? 0, heldBack: report.heldBack[alert] ?? 0,
                remediation: tips[0].remediation)
        }.sorted { ($0.tips, $1.alert) > ($1.tips, $0.alert) }
    }
}

extension BacktestView.Plans {
    init(_ replay: PlanReplay) {
        planned = replay.planned
        unplanned = Dictionary(
            replay.outcomes.filter { $0.moves.isEmpty }.map { ($0.problem ?? "nothing to do", 1) }, uniquingKeysWith: +)
        moves = replay.moves
        meanGain = replay.meanGain
        overloadMinutes = replay.overload.inSeconds / 60
        avoidedMinutes = replay.avoided.inSeconds / 60
        skipped = replay.skipped
    }
}
