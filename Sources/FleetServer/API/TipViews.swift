import FleetModel

/// A tip as the API shows it.
public struct TipView: Codable, Sendable {
    /// The tip's number.
    public var number: Int64
    /// How bad it is.
    public var level: TipLevel
    /// How far it has come.
    public var state: TipState
    /// `host`, `vm` or `cluster`.
    public var subjectKind: String
    /// The object's name; a VM's UUID.
    public var subject: String
    /// The cluster it lies in.
    public var cluster: String
    /// The pack that found it.
    public var pack: String
    /// The alert in that pack.
    public var alert: String
    /// One line.
    public var title: String
    /// A few sentences.
    public var body: String
    /// What it means and what to know before acting.
    public var knowledge: String
    /// What was measured.
    public var evidence: [Evidence]
    /// What the pack proposes.
    public var remediation: String
    /// The steps; `nil` where there is no plan.
    public var plan: PlanView?
    /// Why there is no plan.
    public var planProblem: String?
    /// What was considered where no plan was found.
    public var considered: [RejectedCandidate]?
    /// The operations that carry it out.
    public var operations: [Int64]
    /// When it was raised.
    public var raised: Timestamp
    /// When it changed last.
    public var updated: Timestamp
    /// What happened to it.
    public var history: [TipEvent]
    /// Since when the finding has been there without a gap.
    public var since: Timestamp?
    /// The first tip of the story that it is a part of; `nil` where it stands alone or is the first.
    public var story: Int64?
    /// How many of the plan's steps are done: the first ones.
    public var done: Int?
    /// What is looked at right before each step, and how its effect is checked.
    public var checks: [String]?
    /// What the queries of the evidence gave over the time that led to the tip; `nil` where nobody has looked yet.
    public var windows: [EvidenceWindow]?
    /// Since when nothing of what its rule looks at was measured of the object; `nil` while it is measured.
    public var unmeasuredSince: Timestamp?

    /// The view of a stored tip.
    public init(_ tip: Tip) {
        number = tip.number
        level = tip.level
        state = tip.state
        subject = tip.subject.name
        cluster = tip.subject.cluster.text
        pack = tip.pack
        alert = tip.alert
        title = tip.title
        body = tip.body
        knowledge = tip.knowledge
        evidence = tip.evidence
        remediation = tip.remediation
        plan = tip.plan.map(PlanView.init)
        planProblem = tip.planProblem
        considered = tip.considered
        operations = tip.operations
        raised = tip.raised
        updated = tip.updated
        history = tip.history
        since = tip.since
        story = tip.story
        done = tip.actionsDone
        checks = TipChecks.lines(of: tip)
        windows = tip.windows
        unmeasuredSince = tip.unmeasuredSince
        subjectKind = tip.subject.kindWord
    }
}

/// A plan as the API shows it.
public struct PlanView: Codable, Sendable {
    /// Changes when the steps do: say it with the approval of what was shown.
    public var version: Int64
    /// Why these steps.
    public var explanation: String
    /// The steps, in order.
    public var actions: [ActionView]
    /// What was not chosen, and why.
    public var rejected: [RejectedCandidate]

    init(_ plan: Plan) {
        version = plan.snapshotVersion
        explanation = plan.explanation
        actions = plan.actions.map(ActionView.init)
        rejected = plan.rejected
    }
}

/// One step as the API shows it.
public struct ActionView: Codable, Sendable {
    /// `migrate`, or what is done to a VM on one host: `create`, `start`, `stop`, ...; `exec` or `webhook` for a plug-in.
    public var kind: String
    /// The VM's UUID; empty for a plug-in.
    public var virtualMachine: String
    /// The VM's name; a plug-in's path or address.
    public var name: String
    /// Where it is, or where the step is done; what a plug-in's tip is about.
    public var from: String
    /// Where it is to go; `nil` where it goes nowhere.
    public var to: String?
    /// What is expected of it.
    public var prediction: Prediction
    /// What a plug-in is told, by name; `nil` for anything else.
    public var arguments: [String: String]?

    init(_ action: PlannedAction) {
        name = action.virtualMachineName
        prediction = action.prediction
        switch action.kind {
        case .migrate(let id, let source, let destination):
            kind = "migrate"
            virtualMachine = id.text
            from = source.text
            to = destination.text
        case .step(let task, let host):
            kind = task.verb ?? "step"
            virtualMachine = task.virtualMachine.text
            from = host.text
        case .plugIn(let call, let subject):
            virtualMachine = ""
            from = subject.name
            arguments = call.arguments
            switch call.means {
            case .program(let path): (kind, name) = ("exec", "\(call.pack)/\(path)")
            case .webhook(let url): (kind, name) = ("webhook", url)
            }
        }
    }
}

/// What a migration would be, as the API shows it.
public struct MigrationView: Codable, Sendable {
    /// The step.
    public var action: ActionView
    /// How it would be done and what it is expected to take.
    public var migration: ChosenMigration

    init(_ action: PlannedAction, _ migration: ChosenMigration) {
        self.action = ActionView(action)
        self.migration = migration
    }
}

/// An operation as the API shows it.
public struct OperationView: Codable, Sendable {
    /// The operation's number.
    public var number: Int64
    /// The tip it serves.
    public var tip: Int64?
    /// What is done.
    public var action: ActionView
    /// Who wanted it.
    public var requestedBy: String
    /// How far it has come.
    public var state: OperationState
    /// When it was written down.
    public var created: Timestamp
    /// When it came to its end.
    public var ended: Timestamp?
    /// Where the VM is afterwards.
    public var location: String?
    /// How it moves and what that was expected to take.
    public var migration: ChosenMigration?
    /// QEMU's figures.
    public var figures: MigrationFigures?
    /// How far the migration has come.
    public var progress: MigrationProgress?
    /// What happened.
    public var log: [OperationEvent]
    /// What was measured afterwards, to be held against the prediction.
    public var measured: MeasuredEffect?

    /// The view of a stored operation.
    public init(_ operation: Operation) {
        number = operation.number
        tip = operation.tip
        action = ActionView(operation.action)
        requestedBy = operation.requestedBy
        state = operation.state
        created = operation.created
        ended = operation.ended
        location = operation.location?.text
        migration = operation.migration
        figures = operation.figures
        progress = operation.progress
        log = operation.log
        measured = operation.measured
    }
}
