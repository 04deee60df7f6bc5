import FleetModel

/// What all packs say of one moment.
public struct AlertRound: Sendable, Hashable {
    /// The moment.
    public var time: Timestamp
    /// Alerts that are pending or firing, in the order of packs, rules and labels. One that another alert of the same
    /// subject holds back is not among them.
    public var alerts: [ActiveAlert]
    /// The subjects for which an alert's verification holds, in the order of packs and alerts.
    public var healthy: [AlertKey]
    /// Rules that could not be evaluated; what they said before stands.
    public var failures: [RuleFailure]
    /// Of the findings that were asked about those whose alert is not there, whose object is not measured healthy, and
    /// whose rule could not be worked out for it: nothing that it looks at has fresh samples. Silence says nothing then.
    public var unmeasured: Set<AlertKey> = []
    /// Clusters in which a pack rests since series that it needs are missing, by the pack's name: what it does not find
    /// there says nothing.
    public var resting: [String: Set<ClusterName>] = [:]

    /// A round.
    public init(
        time: Timestamp, alerts: [ActiveAlert] = [], healthy: [AlertKey] = [], failures: [RuleFailure] = []
    ) {
        self.time = time
        self.alerts = alerts
        self.healthy = healthy
        self.failures = failures
    }
}

/// An alert of a pack and the object that it is about: the identity of a tip while it is open.
public struct AlertKey: Sendable, Hashable, Codable {
    /// The pack.
    public var pack: String
    /// The alert.
    public var alert: String
    /// The object.
    public var subject: TipSubject

    /// A key.
    public init(pack: String, alert: String, subject: TipSubject) {
        self.pack = pack
        self.alert = alert
        self.subject = subject
    }
}

/// An alert that is pending or firing.
public struct ActiveAlert: Sendable, Hashable {
    /// The pack.
    public var pack: String
    /// The alert.
    public var alert: String
    /// The element's labels and the rule's, `alertname` among them.
    public var labels: Labels
    /// The alert's rendered annotations.
    public var annotations: [String: String]
    /// The element's value when it was seen last.
    public var value: Double
    /// Whether it has held for as long as its rule asks; else it is pending.
    public var isFiring: Bool
    /// Since when its element has been there without a gap.
    public var activeSince: Timestamp
    /// The tip that it leads to once it fires; `nil` while it is pending and where its labels name no object.
    public var tip: RenderedTip?

    /// An alert.
    public init(
        pack: String, alert: String, labels: Labels, annotations: [String: String] = [:], value: Double,
        isFiring: Bool, activeSince: Timestamp, tip: RenderedTip?
    ) {
        self.pack = pack
        self.alert = alert
        self.labels = labels
        self.annotations = annotations
        self.value = value
        self.isFiring = isFiring
        self.activeSince = activeSince
        self.tip = tip
    }
}

/// A tip rule filled in for one alert.
public struct RenderedTip: Sendable, Hashable, Codable {
    /// What it is about.
    public var subject: TipSubject
    /// How bad it is.
    public var level: TipLevel
    /// One line for a list.
    public var title: String
    /// The finding in a few sentences.
    public var body: String
    /// What it means, causes, what the remediation does, when not to.
    public var knowledge: String
    /// What was measured.
    public var evidence: [Evidence]
    /// The remediation's name, such as `relieve-host`; its arguments are in `terms`.
    public var remediation: String
    /// How the pack wants it handled: approval, arguments, cool-down, expiry, verification.
    public var terms: TipTerms

    /// A tip.
    public init(
        subject: TipSubject, level: TipLevel, title: String, body: String, knowledge: String,
        evidence: [Evidence] = [], remediation: String, terms: TipTerms
    ) {
        self.subject = subject
        self.level = level
        self.title = title
        self.body = body
        self.knowledge = knowledge
        self.evidence = evidence
        self.remediation = remediation
        self.terms = terms
    }
}

/// A rule that could not be evaluated.
public struct RuleFailure: Sendable, Hashable, CustomStringConvertible {
    /// The pack.
    public var pack: String
    /// The rule's name, or the alert whose verification or evidence it was.
    public var rule: String
    /// Where it is written.
    public var place: SourcePlace
    /// What went wrong.
    public var reason: String

    /// A failure.
    public init(pack: String, rule: String, place: SourcePlace, reason: String) {
        self.pack = pack
        self.rule = rule
        self.place = place
        self.reason = reason
    }

    /// `pack/file:line:column, rule: reason`.
    public var description: String { "\(pack)/\(place), \(rule): \(reason)" }
}
