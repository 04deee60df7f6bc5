import FleetModel

/// What people are told of a tip.
public struct TipNotice: Hashable, Codable, Sendable {
    /// How far a tip has come, as far as people are told.
    public enum Phase: String, Codable, Sendable, CaseIterable {
        /// It was found.
        case raised
        /// Its plan waits for an operator.
        case waiting
        /// Somebody or policy said yes, and it is being carried out.
        case working
        /// The object is well again.
        case resolved
        /// What was done did not work or did not help.
        case failed
        /// It was put away otherwise: dismissed, expired, superseded.
        case closed

        /// Whether nothing more comes.
        public var isEnd: Bool {
            switch self {
            case .raised, .waiting, .working: false
            case .resolved, .failed, .closed: true
            }
        }

        /// The phase of a tip in `state`.
        public init(_ state: TipState) {
            switch state {
            case .raised, .planned: self = .raised
            case .awaitingApproval: self = .waiting
            case .approved, .running, .verifying: self = .working
            case .resolved, .cleared: self = .resolved
            case .failed, .ineffective: self = .failed
            case .dismissed, .expired, .superseded: self = .closed
            }
        }
    }

    /// The tip's number.
    public var number: Int64
    /// What it can be matched and grouped by: `alertname`, `pack`, `cluster`, `level`, `severity`, `tip`, and `host`,
    /// `vm` or `datastore` by what it is about.
    public var labels: Labels
    /// One line.
    public var title: String
    /// The finding in a few sentences.
    public var body: String
    /// What was measured.
    public var evidence: [String]
    /// What would be or was done, for a person; empty where there is no plan.
    public var plan: [String]
    /// How far it has come.
    public var phase: Phase
    /// The tip's own state.
    public var state: TipState
    /// What happened last, and why.
    public var note: String
    /// When it was found.
    public var raised: Timestamp
    /// When it got into this state.
    public var since: Timestamp

    /// The most lines of evidence and of a plan that are told.
    private static let mostLines = 12

    /// What is told of `tip`.
    public init(_ tip: Tip) {
        number = tip.number
        labels = Self.labels(of: tip)
        title = tip.title
        body = tip.body
        evidence = tip.evidence.prefix(Self.mostLines).map(\.text)
        plan = (tip.plan?.actions ?? []).prefix(Self.mostLines).map(\.summary)
        phase = Phase(tip.state)
        state = tip.state
        note = tip.history.last?.note ?? ""
        raised = tip.raised
        since = tip.history.last { $0.state == tip.state }?.time ?? tip.updated
    }

    private static func labels(of tip: Tip) -> Labels {
        var labels: Labels = [
            "alertname": tip.alert, "pack": tip.pack, "cluster": tip.subject.cluster.text,
            "level": tip.level.rawValue, "severity": tip.level.rawValue, "tip": "\(tip.number)",
        ]
        switch tip.subject {
        case .host(let host, _): labels["host"] = host.text
        case .virtualMachine(let id, _): labels["vm"] = id.text
        case .datastore(let name, _): labels["datastore"] = name
        case .cluster: break
        }
        return labels
    }
}

extension PlannedAction {
    fileprivate var summary: String {
        switch kind {
        case .migrate(_, let source, let destination): "migrate \(virtualMachineName) \(source) -> \(destination)"
        case .step(let task, let host): "\(task.verb ?? "step") \(virtualMachineName) on \(host)"
        case .plugIn(let call, _): call.text
        }
    }
}
