/// One action as it really runs on hosts, with its log.
public struct Operation: Hashable, Codable, Sendable {
    /// Counts up from 1 and is never used again.
    public var number: Int64
    /// The tip that it serves; `nil` where an operator asked for it.
    public var tip: Int64?
    /// What is done.
    public var action: PlannedAction
    /// Who wanted it: an operator's name, or `policy`.
    public var requestedBy: String
    /// How far it has come.
    public var state: OperationState
    /// The state of the decision core that drives it, as that core encodes it: written with every step, so that
    /// another run of the server goes on where this one stopped.
    public var checkpoint: [UInt8]
    /// When it was recorded, before anything was done.
    public var created: Timestamp
    /// When it came to its end.
    public var ended: Timestamp?
    /// Where the VM is after the end, as far as anybody knows.
    public var location: HostName?
    /// How it moves and what that was expected to take; `nil` in records of older versions.
    public var migration: ChosenMigration?
    /// QEMU's figures, once there are any.
    public var figures: MigrationFigures?
    /// How far the migration has come; not durable.
    public var progress: MigrationProgress?
    /// What happened, oldest first.
    public var log: [OperationEvent]
    /// What was measured once the loads had settled, to be held against what was predicted; `nil` before that, and for
    /// what moves nothing.
    public var measured: MeasuredEffect?

    /// An operation.
    public init(
        number: Int64, tip: Int64?, action: PlannedAction, requestedBy: String, state: OperationState = .intended,
        checkpoint: [UInt8] = [], created: Timestamp, ended: Timestamp? = nil, location: HostName? = nil,
        figures: MigrationFigures? = nil, progress: MigrationProgress? = nil, log: [OperationEvent] = []
    ) {
        self.number = number
        self.tip = tip
        self.action = action
        self.requestedBy = requestedBy
        self.state = state
        self.checkpoint = checkpoint
        self.created = created
        self.ended = ended
        self.location = location
        self.figures = figures
        self.progress = progress
        self.log = log
    }
}

/// What an action's hosts carried after it: shares, 0...1, as in `Prediction`; `nil` is unknown.
public struct MeasuredEffect: Hashable, Codable, Sendable {
    /// Of when the loads are.
    public var time: Timestamp
    /// Busy share of the source's LPs.
    public var sourceProcessor: Double?
    /// Busy share of the destination's LPs.
    public var destinationProcessor: Double?
    /// Used share of the source's memory.
    public var sourceMemory: Double?
    /// Used share of the destination's memory.
    public var destinationMemory: Double?

    /// An effect of which nothing is known.
    public init(time: Timestamp) { self.time = time }

    /// How far the source's processors were off what was predicted, measured less predicted; `nil` where one of them is
    /// unknown.
    public func error(of prediction: Prediction) -> Double? {
        guard let sourceProcessor, let expected = prediction.sourceProcessor else { return nil }
        return sourceProcessor - expected.after
    }
}

/// The stations of an operation.
public enum OperationState: String, Codable, Sendable, CaseIterable {
    /// Written down, nothing done yet.
    case intended
    /// Under way on the hosts.
    case running
    /// Done as intended.
    case succeeded
    /// Not done; the VM is where it was.
    case failed
    /// Preconditions did not hold at the last moment; nothing was done.
    case refused
    /// Called off; the VM is where it was.
    case cancelled

    /// Whether nothing more happens to it.
    public var isFinal: Bool {
        switch self {
        case .intended, .running: false
        case .succeeded, .failed, .refused, .cancelled: true
        }
    }
}

/// A line of an operation's log.
public struct OperationEvent: Hashable, Codable, Sendable {
    /// When.
    public var time: Timestamp
    /// What happened.
    public var text: String

    /// A line.
    public init(time: Timestamp, text: String) {
        self.time = time
        self.text = text
    }
}
