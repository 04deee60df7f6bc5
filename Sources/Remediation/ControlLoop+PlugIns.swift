import FleetModel

/// Actions of packs' own, which the server runs. Where an operator has not allowed a pack's plug-ins they are advice.
extension ControlLoop {
    /// The one action, or why there is none.
    func plugInProposal(_ call: PlugInCall, for tip: Tip) -> Proposal {
        if let objection = plugInObjection(to: call) { return Proposal(problem: objection) }
        let action = PlannedAction(
            kind: .plugIn(call, subject: tip.subject), virtualMachineName: "", prediction: .none)
        return Proposal(
            plan: Plan(
                actions: [action], explanation: "the pack has an action of its own: \(call.text)",
                snapshotVersion: now.milliseconds))
    }

    /// Why a plug-in may not be run; looked at when it is planned and right before it begins.
    func plugInObjection(to call: PlugInCall) -> String? {
        if allowedPlugIns.contains(call.pack) { return nil }
        return "the plug-ins of pack \(call.pack) are not allowed: look at them, then "
            + "'evenkeel pack enable \(call.pack) --allow-plug-ins'"
    }

    /// Writes the intent down; the plug-in runs after the commit.
    mutating func startPlugIn(
        _ action: PlannedAction, _ call: PlugInCall, _ subject: TipSubject, tip: Tip?, requestedBy: String
    ) -> Int64 {
        numbers.operation += 1
        let number = numbers.operation
        let why = tip.map { "for tip \($0.number): \($0.title)" } ?? "asked for by \(requestedBy)"
        let operation = FleetModel.Operation(
            number: number, tip: tip?.number, action: action, requestedBy: requestedBy, state: .running, created: now,
            log: [OperationEvent(time: now, text: "\(action.text), \(why)")])
        executions[number] = PlugInExecution(operation: operation)
        if let tip {
            tips[tip.number]?.update { $0.operations.append(number) }
            step(tip.number, .begin, by: Actor.evenkeel, "operation \(number) runs \(action.text)")
        }
        auditStart(action, number, tip: tip, by: requestedBy, "\(action.text), \(why)")
        outbox.save(operation)
        outbox.run(
            PlugInOrder(
                operation: number, call: call, tip: tip?.number, title: tip?.title ?? "", subject: subject))
        return number
    }

    /// The first end counts.
    mutating func take(_ end: PlugInEnd, of number: Int64) {
        guard var execution = executions[number] as? PlugInExecution else { return }
        let effect = execution.ended(end, at: now)
        executions[number] = execution
        carryOut(effect, of: number)
        advance()
    }

    /// What a plug-in says stands in its operation's log, the last of it; stored with the end.
    mutating func note(_ text: String, ofPlugIn number: Int64) {
        guard var execution = executions[number] as? PlugInExecution else { return }
        execution.say(text, at: now)
        executions[number] = execution
    }
}

/// An operation that a plug-in carries out.
struct PlugInExecution: OperationExecution, Hashable {
    /// Words of a plug-in that are kept; the newest.
    private static let mostWords = 50

    var operation: FleetModel.Operation

    var outstanding: [(host: HostName, task: HostTask)] { [] }

    mutating func begin(at time: Timestamp) -> ExecutionEffect { ExecutionEffect() }

    /// No host is asked anything.
    mutating func withdraw(_ reason: String, at time: Timestamp) -> ExecutionEffect { ExecutionEffect() }

    mutating func answered(
        _ command: AgentCommand, _ answer: HostTaskAnswer, at time: Timestamp
    ) -> ExecutionEffect { ExecutionEffect() }

    mutating func say(_ text: String, at time: Timestamp) {
        log(text, at: time)
        // The first line says what it is.
        if operation.log.count > Self.mostWords + 1 { operation.log.remove(at: 1) }
    }

    mutating func ended(_ end: PlugInEnd, at time: Timestamp) -> ExecutionEffect {
        switch end {
        case .done(let words): finish(.succeeded, words.isEmpty ? "done" : words, at: time)
        case .failed(let reason): finish(.failed, reason, at: time)
        }
    }

    mutating func cancel(_ reason: String, at time: Timestamp) -> ExecutionEffect {
        finish(.cancelled, "\(reason); what it did until then it did", at: time)
    }

    private mutating func finish(_ state: OperationState, _ text: String, at time: Timestamp) -> ExecutionEffect {
        operation.state = state
        operation.ended = time
        log(text, at: time)
        return ExecutionEffect(ending: text)
    }
}
