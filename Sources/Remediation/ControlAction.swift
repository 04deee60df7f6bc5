import FleetModel

/// What the control loop wants done, in this order. A shell that fails to carry out a `.commit` carries out nothing
/// after it and throws the loop's new value away: the loop is a value, so the old one is still at hand.
public enum ControlAction: Sendable, Hashable {
    /// Make these changes durable, all or none, before anything that follows.
    case commit([StateChange])
    /// Hand a command to its host. The same number may be issued again after a restart; it is the same command.
    case issue(AgentCommand)
    /// Do not hand a command out any more: nobody waits for its answer.
    case withdraw(AgentCommand)
    /// Run a plug-in; its end comes back as `ControlEvent.plugInEnded`.
    case runPlugIn(PlugInOrder)
    /// End a plug-in that nobody waits for any more.
    case stopPlugIn(operation: Int64)
    /// Answer a request.
    case reply(request: Int64, ControlReply)
    /// Tell whoever watches that this was stored. What changes with every look (evidence, progress, the reason for a
    /// wait) is not told of: a live view reads the loop itself.
    case publish(ControlChange)
}

/// How a request ended.
public enum ControlReply: Sendable, Hashable {
    /// Done, or under way.
    case done(tip: Int64? = nil, operation: Int64? = nil)
    /// Held, and these operations were called off for it.
    case stopped(cancelled: [Int64])
    /// Everything is stopped, in memory only: the store does not take it yet, for this reason.
    case stoppedInMemory(String)
    /// The policy has that version now; what it says is broken as things are, for a person.
    case changed(version: Int64, warnings: [String])
    /// What would be done, and how.
    case foretold(PlannedAction, ChosenMigration)
    /// Not done, for this reason, which a person understands.
    case refused(String)
    /// Not done: there is no such thing.
    case notFound(String)
}

/// What was stored, for a log or a stream of events.
public enum ControlChange: Sendable, Hashable {
    /// A tip is new or changed.
    case tip(Tip)
    /// An operation is new or changed; its checkpoint is left out.
    case operation(Operation)
}

/// A plug-in that is to be run.
public struct PlugInOrder: Sendable, Hashable {
    /// The operation that it is.
    public var operation: Int64
    /// What is called, and with what.
    public var call: PlugInCall
    /// The tip that it is for.
    public var tip: Int64?
    /// The tip's title.
    public var title: String
    /// What the tip is about.
    public var subject: TipSubject
}

/// How a plug-in ended.
public enum PlugInEnd: Sendable, Hashable {
    /// It says that it did what it was asked to; its words.
    case done(String)
    /// It did not, or nobody can say.
    case failed(String)
}
