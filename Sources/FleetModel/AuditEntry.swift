/// An entry of the append-only audit log: who did what, why, by which right, on what evidence, and how it ended.
public struct AuditEntry: Hashable, Codable, Sendable {
    /// Counts up from 1 without gaps. The store gives it when the entry is appended, since more than one process
    /// may append (a server, and the command line beside it); 0 before.
    public var number: Int64
    /// When.
    public var time: Timestamp
    /// Who: an operator's name, `policy`, or `evenkeel`.
    public var actor: String
    /// What was done, in one word: `tip.approve`, `operation.start`, ...
    public var event: String
    /// The tip it concerns.
    public var tip: Int64?
    /// The operation it concerns.
    public var operation: Int64?
    /// What and why, in a sentence.
    public var detail: String
    /// What allowed it: an operator's word, or which setting of which version of the policy; `nil` where nothing was
    /// decided.
    public var authority: String?
    /// What was measured when it was decided; `nil` where nothing was.
    public var evidence: [Evidence]?
    /// The steps that it is about, with what is expected of each; `nil` where there are none.
    public var plan: [PlannedAction]?
    /// How it ended; `nil` for what has not.
    public var outcome: String?

    /// An entry.
    public init(
        number: Int64 = 0, time: Timestamp, actor: String, event: String, tip: Int64? = nil, operation: Int64? = nil,
        detail: String, authority: String? = nil, evidence: [Evidence]? = nil, plan: [PlannedAction]? = nil,
        outcome: String? = nil
    ) {
        self.number = number
        self.time = time
        self.actor = actor
        self.event = event
        self.tip = tip
        self.operation = operation
        self.detail = detail
        self.authority = authority
        self.evidence = evidence
        self.plan = plan
        self.outcome = outcome
    }
}
