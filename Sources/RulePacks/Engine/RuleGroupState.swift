import FleetModel

/// How a rule group is doing: what Prometheus' API shows of it under `/api/v1/rules`.
public struct RuleGroupState: Sendable, Hashable {
    /// The pack that the group belongs to.
    public var pack: String
    /// The group's file inside its pack.
    public var file: String
    /// The group's name.
    public var name: String
    /// From one evaluation to the next.
    public var interval: Duration
    /// Most elements a rule may give; `nil` for no limit.
    public var limit: Int?
    /// How far into the past its rules look.
    public var queryOffset: Duration
    /// Its rules, in the order of the file.
    public var rules: [RuleState]
    /// The moment that was evaluated last; `nil` before the first.
    public var lastEvaluation: Timestamp?
    /// How long the last evaluation took.
    public var evaluationTime: Duration
    /// Evaluations since the server started.
    public var iterations: Int
    /// Evaluations that were due and did not happen because an earlier one took too long.
    public var missedIterations: Int
    /// Evaluations of single rules that failed.
    public var failures: Int
}

/// How a rule is doing.
public struct RuleState: Sendable, Hashable {
    /// The rule as its file has it.
    public var rule: Rule
    /// Whether the last evaluation worked.
    public var health: RuleHealth
    /// Why the last evaluation failed; `nil` where it did not.
    public var lastError: String?
    /// The moment that was evaluated last; `nil` before the first.
    public var lastEvaluation: Timestamp?
    /// How long the last evaluation took.
    public var evaluationTime: Duration
    /// Alerts that are pending or firing, by labels; none of a recording rule.
    public var alerts: [AlertState]

    /// `firing` where an alert fires, else `pending` where one is pending, else `inactive`, as Prometheus calls them.
    public var state: String {
        if alerts.contains(where: \.isFiring) { return "firing" }
        return alerts.isEmpty ? "inactive" : "pending"
    }
}

/// Whether a rule's last evaluation worked, in Prometheus' words.
public enum RuleHealth: String, Sendable, Hashable {
    /// It was not evaluated yet.
    case unknown
    /// It worked.
    case good = "ok"
    /// It failed.
    case bad = "err"
}

/// An alert of a rule, before any tip is made of it.
public struct AlertState: Sendable, Hashable {
    /// Its labels, `alertname` among them.
    public var labels: Labels
    /// Its annotations, filled in.
    public var annotations: [String: String]
    /// Whether it fires; else it is pending.
    public var isFiring: Bool
    /// Since when its element has been there.
    public var activeSince: Timestamp
    /// Since when its element has been gone while `keep_firing_for` keeps it; `nil` while the element is there.
    public var keepFiringSince: Timestamp?
    /// The element's value when it was seen last.
    public var value: Double

    init(_ entry: AlertBook.Entry) {
        labels = entry.labels
        annotations = entry.annotations
        isFiring = entry.isFiring
        activeSince = entry.activeSince
        keepFiringSince = entry.goneSince
        value = entry.value
    }
}

extension RuleGroupState {
    init(_ placed: PlacedGroup, _ memory: GroupMemory, every interval: Duration) {
        let group = placed.group
        self.init(
            pack: placed.pack.name, file: group.file, name: group.name, interval: interval, limit: group.limit,
            queryOffset: group.queryOffset,
            rules: placed.rules.map { key, rule in
                let memory = memory.rules[key] ?? RuleMemory()
                return RuleState(
                    rule: rule, health: memory.health, lastError: memory.lastError,
                    lastEvaluation: memory.lastEvaluation, evaluationTime: memory.evaluationTime,
                    alerts: memory.alerts.entries.map(AlertState.init))
            },
            lastEvaluation: memory.lastEvaluation, evaluationTime: memory.evaluationTime,
            iterations: memory.iterations, missedIterations: memory.missedIterations, failures: memory.failures)
    }
}
