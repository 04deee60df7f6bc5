import FleetModel

/// Gathers what one event brings about, so that it becomes one commit, whole or not at all, before anything that rests
/// on it: commands, replies and live views.
struct Outbox: Sendable {
    private var first: [StateChange] = []
    private var tips: [Int64: Tip] = [:]
    private var operations: [Int64: FleetModel.Operation] = [:]
    private var last: [StateChange] = []
    private var commands: [AgentCommand] = []
    private var withdrawn: [AgentCommand] = []
    private var plugIns: [ControlAction] = []
    private var replies: [ControlAction] = []

    /// Saves something that is neither tip nor operation.
    mutating func save(_ change: StateChange) { first.append(change) }

    /// Saves a tip as it is at the event's end, and tells of it.
    mutating func save(_ tip: Tip) { tips[tip.number] = tip }

    /// Saves an operation as it is at the event's end, and tells of it.
    mutating func save(_ operation: FleetModel.Operation) { operations[operation.number] = operation }

    /// Saves a command and hands it out after the commit.
    mutating func issue(_ command: AgentCommand) {
        last.append(.saveCommand(command))
        commands.append(command)
    }

    /// Hands out a command that is stored already.
    mutating func issueAgain(_ command: AgentCommand) { commands.append(command) }

    /// Takes a command back for good.
    mutating func withdraw(_ command: AgentCommand, at time: Timestamp) {
        last.append(.answerCommand(number: command.number, answer: .refused("the operation has ended"), time: time))
        withdrawn.append(command)
    }

    /// Has a plug-in run after the commit.
    mutating func run(_ order: PlugInOrder) { plugIns.append(.runPlugIn(order)) }

    /// Has a plug-in ended.
    mutating func stopPlugIn(_ operation: Int64) { plugIns.append(.stopPlugIn(operation: operation)) }

    mutating func audit(_ entry: AuditEntry) { last.append(.audit(entry)) }

    mutating func reply(to request: Int64, _ reply: ControlReply) {
        replies.append(.reply(request: request, reply))
    }

    /// The actions, in the order in which they must be carried out.
    func actions() -> [ControlAction] {
        let tips = tips.values.sorted { $0.number < $1.number }
        let operations = operations.values.sorted { $0.number < $1.number }
        let changes = first + tips.map(StateChange.saveTip) + operations.map(StateChange.saveOperation) + last
        var actions: [ControlAction] = changes.isEmpty ? [] : [.commit(changes)]
        actions += commands.map(ControlAction.issue)
        actions += withdrawn.map(ControlAction.withdraw)
        actions += plugIns
        actions += replies
        actions += tips.map { .publish(.tip($0)) }
        actions += operations.map { .publish(.operation(Self.shown($0))) }
        return actions
    }

    private static func shown(_ operation: FleetModel.Operation) -> FleetModel.Operation {
        var shown = operation
        shown.checkpoint = []
        return shown
    }
}
