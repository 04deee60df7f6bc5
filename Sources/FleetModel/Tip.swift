/// A PRO tip: one finding about one object, its evidence, its remediation, and how far that has come.
public struct Tip: Hashable, Codable, Sendable {
    /// Counts up from 1 and is never used again.
    public var number: Int64
    /// The pack that found it.
    public var pack: String
    /// The alert in that pack.
    public var alert: String
    /// What the finding is about. With `pack` and `alert` the tip's identity while it is open.
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
    /// What the pack proposes, by the name of a built-in remediation, such as `relieve-host`.
    public var remediation: String
    /// How the pack wants it handled.
    public var terms: TipTerms
    /// What would be, is being or was done; `nil` before planning, and when there is nothing to do.
    public var plan: Plan?
    /// How many of the plan's actions have succeeded: the first ones.
    public var actionsDone: Int
    /// Why there is no plan, for a person.
    public var planProblem: String?
    /// How far it has come.
    public var state: TipState
    /// The operations that carry out its plan.
    public var operations: [Int64]
    /// When it was raised.
    public var raised: Timestamp
    /// When anything of it changed last.
    public var updated: Timestamp
    /// What happened to it, oldest first.
    public var history: [TipEvent]
    /// Since when the finding has been there without a gap, `for` included; `nil` where nobody kept it.
    public var since: Timestamp?
    /// The first tip of the story that it is a part of: tips that have one cause as far as can be seen. `nil` where it
    /// stands alone, or is the first.
    public var story: Int64?
    /// Until when the same finding raises no new tip, because an operator said so when dismissing this one.
    public var quietUntil: Timestamp?
    /// What the queries of its evidence gave over the time that led to it; `nil` where nobody has looked yet.
    public var windows: [EvidenceWindow]?
    /// What a part of its plan promises of loads, where only that is, or was, carried out: an operator approved no more, or
    /// a step was refused after others had been done. `nil` where all of it is.
    public var promises: [LoadPromise]?
    /// What was considered where no plan was found; `nil` where there is one, or nothing to consider.
    public var considered: [RejectedCandidate]?
    /// Since when nothing of what its rule looks at was measured of the object, so that nobody knows whether it is well;
    /// `nil` while it is measured. A tip that has ended keeps what was so at its end.
    public var unmeasuredSince: Timestamp?
    /// Why policy leaves what is left to do to an operator: what somebody did to it; `nil` where policy may go on.
    public var operatorReason: String?

    /// A tip.
    public init(
        number: Int64, pack: String, alert: String, subject: TipSubject, level: TipLevel, title: String, body: String,
        knowledge: String, evidence: [Evidence], remediation: String, terms: TipTerms = TipTerms(), plan: Plan? = nil,
        actionsDone: Int = 0, planProblem: String? = nil, state: TipState = .raised, operations: [Int64] = [],
        raised: Timestamp, updated: Timestamp, history: [TipEvent] = []
    ) {
        self.number = number
        self.pack = pack
        self.alert = alert
        self.subject = subject
        self.level = level
        self.title = title
        self.body = body
        self.knowledge = knowledge
        self.evidence = evidence
        self.remediation = remediation
        self.terms = terms
        self.plan = plan
        self.actionsDone = actionsDone
        self.planProblem = planProblem
        self.state = state
        self.operations = operations
        self.raised = raised
        self.updated = updated
        self.history = history
    }
}

/// What actions promise of a host's load.
public struct LoadPromise: Hashable, Codable, Sendable {
    /// A load.
    public enum Resource: String, Hashable, Codable, Sendable {
        /// Busy share of the host's processors.
        case processor
        /// Used share of its memory.
        case memory
    }

    /// Whose load.
    public var host: HostName
    /// Which.
    public var resource: Resource
    /// The share before them, 0...1.
    public var before: Double
    /// The share that was promised for afterwards.
    public var after: Double

    /// A promise.
    public init(host: HostName, resource: Resource, before: Double, after: Double) {
        self.host = host
        self.resource = resource
        self.before = before
        self.after = after
    }
}

/// How a pack wants a tip to be handled; kept with the tip, so that it holds after the alert has gone.
public struct TipTerms: Hashable, Codable, Sendable {
    /// Who may let the remediation happen at most; the fleet's policy can only take away from it.
    public enum Approval: String, Codable, Sendable, CaseIterable {
        /// Nobody: it is advice.
        case advise
        /// An operator.
        case `operator`
        /// Policy, where it is set to automatic.
        case automatic
    }
    /// Who may approve.
    public var approval: Approval
    /// The remediation's arguments, by name, as the pack writes them.
    public var arguments: [String: String]
    /// For how many seconds after the tip's end the same finding raises no new one.
    public var coolDownSeconds: Double
    /// After how many seconds without approval the tip expires.
    public var expirySeconds: Double
    /// How many seconds after its last action the subject has to be seen healthy.
    public var verifyWithinSeconds: Double
    /// Whether the pack says how health is measured; where it does not, the alert's silence has to do.
    public var hasVerification: Bool

    /// Why nothing may be done by itself as things are, for a person: what the pack needs and the cluster lacks, or that
    /// its rules could not be looked at properly; `nil` where nothing of the kind is in the way.
    public var obstacle: String?

    /// Terms; an operator approves, within a day, where the pack says nothing.
    public init(
        approval: Approval = .operator, arguments: [String: String] = [:], coolDownSeconds: Double = 600,
        expirySeconds: Double = 86_400, verifyWithinSeconds: Double = 600, hasVerification: Bool = false,
        obstacle: String? = nil
    ) {
        self.obstacle = obstacle
        self.approval = approval
        self.arguments = arguments
        self.coolDownSeconds = coolDownSeconds
        self.expirySeconds = expirySeconds
        self.verifyWithinSeconds = verifyWithinSeconds
        self.hasVerification = hasVerification
    }
}

/// What a finding is about.
public enum TipSubject: Hashable, Codable, Sendable {
    /// A host.
    case host(HostName, cluster: ClusterName)
    /// A VM.
    case virtualMachine(VirtualMachineID, cluster: ClusterName)
    /// A whole cluster.
    case cluster(ClusterName)
    /// Storage that hosts share, by the name or path under which its figures are kept.
    case datastore(String, cluster: ClusterName)

    /// The longest name of a datastore, in UTF-8 bytes.
    public static let longestDatastore = 255

    /// The cluster that the finding lies in.
    public var cluster: ClusterName {
        switch self {
        case .host(_, let cluster), .virtualMachine(_, let cluster), .cluster(let cluster),
            .datastore(_, let cluster):
            cluster
        }
    }

    /// The object's name, for a person.
    public var name: String {
        switch self {
        case .host(let host, _): host.text
        case .virtualMachine(let id, _): id.text
        case .cluster(let cluster): cluster.text
        case .datastore(let name, _): name
        }
    }
}

/// How bad a finding is.
public enum TipLevel: String, Codable, Sendable, CaseIterable, Comparable {
    /// Somebody should look soon.
    case warning
    /// Somebody should look now.
    case critical

    /// What is worse comes later.
    public static func < (left: TipLevel, right: TipLevel) -> Bool { left == .warning && right == .critical }
}

/// The stations of a tip.
public enum TipState: String, Codable, Sendable, CaseIterable {
    /// Found, nothing thought of yet.
    case raised
    /// A plan is there, and policy lets nobody carry it out (level `advise`), or there is no plan to be had.
    case planned
    /// A plan is there and an operator must say yes.
    case awaitingApproval
    /// Said yes to; nothing has begun.
    case approved
    /// Its operations run.
    case running
    /// Everything was done; the object must now be seen healthy.
    case verifying
    /// Seen healthy after its plan was carried out.
    case resolved
    /// Its plan was carried out and the object did not get healthy in time.
    case ineffective
    /// Its plan could not be carried out.
    case failed
    /// An operator does not want it.
    case dismissed
    /// Nobody answered in time, or its object has left the fleet.
    case expired
    /// Another tip took its place.
    case superseded
    /// The object got healthy without Evenkeel.
    case cleared

    /// Whether nothing more happens to it.
    public var isFinal: Bool {
        switch self {
        case .raised, .planned, .awaitingApproval, .approved, .running, .verifying: false
        case .resolved, .ineffective, .failed, .dismissed, .expired, .superseded, .cleared: true
        }
    }
}

/// Something that was measured.
public struct Evidence: Hashable, Codable, Sendable {
    /// The query, as it can be asked again.
    public var query: String
    /// When it was asked.
    public var time: Timestamp
    /// What it gave.
    public var value: Double
    /// The value for a person, with its unit.
    public var text: String

    /// A measurement.
    public init(query: String, time: Timestamp, value: Double, text: String) {
        self.query = query
        self.time = time
        self.value = value
        self.text = text
    }
}

/// An entry of a tip's history.
public struct TipEvent: Hashable, Codable, Sendable {
    /// When.
    public var time: Timestamp
    /// The state after it.
    public var state: TipState
    /// Who: an operator's name, or `policy`, or `evenkeel`.
    public var actor: String
    /// What and why.
    public var note: String

    /// An entry.
    public init(time: Timestamp, state: TipState, actor: String, note: String) {
        self.time = time
        self.state = state
        self.actor = actor
        self.note = note
    }

    /// What the note of a wait begins with; the reason follows.
    public static let waitPrefix = "waits: "

    /// Why nothing goes on, where that is what the entry says.
    public var waitsFor: String? {
        note.hasPrefix(Self.waitPrefix) ? String(note.dropFirst(Self.waitPrefix.count)) : nil
    }
}

extension Tip {
    /// Why nothing goes on; `nil` where something does, or somebody has not been asked yet.
    public var waitsFor: String? { state.isFinal ? nil : history.last?.waitsFor }
}
