import FleetModel

/// A tip that would have been raised.
public struct BacktestTip: Sendable, Hashable {
    /// Which alert, on what.
    public var key: AlertKey
    /// How bad.
    public var level: TipLevel
    /// One line.
    public var title: String
    /// What it would have proposed.
    public var remediation: String
    /// The remediation's arguments, as `TipTerms.arguments`.
    public var arguments: [String: String] = [:]
    /// When it would have been raised.
    public var raised: Timestamp
    /// When its alert fell silent; `nil` where it fires at the end of the span.
    public var ended: Timestamp?

    /// A tip.
    public init(
        key: AlertKey, level: TipLevel, title: String, remediation: String, arguments: [String: String] = [:],
        raised: Timestamp, ended: Timestamp?
    ) {
        self.key = key
        self.level = level
        self.title = title
        self.remediation = remediation
        self.arguments = arguments
        self.raised = raised
        self.ended = ended
    }
}

/// What a backtest found.
public struct BacktestReport: Sendable, Hashable {
    /// Every tip, in the order in which they were raised.
    public var tips: [BacktestTip] = []
    /// How often an alert came back within its cool-down, in which no new action begins: it goes on as the tip that it was. By
    /// alert.
    public var heldBack: [String: Int] = [:]
    /// How often a tip ended and the same came back within an hour, by alert.
    public var flaps: [String: Int] = [:]
    /// For how long of the span none of the metrics that the pack reads had a sample: of that time it says nothing.
    public var unmeasured: Duration = .zero
    /// Rules that could not be evaluated, and why; once each.
    public var failures: [String: String] = [:]

    mutating func fail(_ rule: String, _ reason: String) { failures[rule] = failures[rule] ?? reason }

    mutating func finish(flapping span: Duration) {
        tips.sort { ($0.raised, $0.key.alert, $0.key.subject.name) < ($1.raised, $1.key.alert, $1.key.subject.name) }
        var last: [AlertKey: Timestamp] = [:]
        for tip in tips {
            if let before = last[tip.key], tip.raised - before <= span { flaps[tip.key.alert, default: 0] += 1 }
            last[tip.key] = tip.ended
        }
    }
}
