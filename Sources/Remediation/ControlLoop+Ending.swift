import FleetModel

/// What follows from the end of an operation.
extension ControlLoop {
    /// An operation has ended: what waits for it goes on, or is planned anew.
    mutating func finish(_ operation: FleetModel.Operation, _ ending: String, isUntold: Bool = false) {
        executions[operation.number] = nil
        for command in commands.values.filter({ $0.operation == operation.number }) {
            commands[command.number] = nil
            outbox.withdraw(command, at: now)
        }
        foldIn(operation)
        past.remember(operation)
        experiences.learn(operation)
        pictures = [:]
        let place = placeText(operation)
        outbox.audit(
            AuditEntry(
                time: now, actor: Actor.evenkeel, event: "operation.\(operation.state.rawValue)", tip: operation.tip,
                operation: operation.number, detail: "\(operation.action.text)", outcome: "\(ending)\(place)"))
        guard let tip = operation.tip, tips[tip] != nil else { return }
        guard operation.state == .succeeded else {
            let reason = "operation \(operation.number): \(ending)\(place)"
            return stumble(tip, operation, reason, isUntold: isUntold)
        }
        noteDone(operation.action, of: tip)
        let verb = operation.move == nil ? "did" : "moved"
        note(tip, "operation \(operation.number) \(verb) \(operation.action.text): \(ending)")
        if tips[tip]?.tip.remainingActions.isEmpty == true { beginNextAction(of: tip) }
    }

    /// The action stands among those that are done.
    private mutating func noteDone(_ action: PlannedAction, of number: Int64) {
        tips[number]?.update { tip in
            var plan = tip.plan ?? Plan(actions: [], explanation: "", snapshotVersion: 0)
            let place = plan.actions.indices.first { $0 >= tip.actionsDone && plan.actions[$0].kind == action.kind }
            let done = place.map { plan.actions.remove(at: $0) } ?? action
            plan.actions.insert(done, at: min(tip.actionsDone, plan.actions.count))
            tip.plan = plan
            tip.actionsDone += 1
        }
    }

    /// How often a tip's plan may be made anew after an action that failed.
    static let mostStumbles = 2

    /// An action did not succeed. What was done is kept, and what is left is planned anew from where things are, for
    /// somebody to approve; a plan of one step, or one that keeps failing, has failed. One that was called off has not, nor
    /// one that no host was told of.
    private mutating func stumble(
        _ number: Int64, _ operation: FleetModel.Operation, _ reason: String, isUntold: Bool
    ) {
        guard let tip = tips[number]?.tip else { return }
        if tip.isDrain { return stumbleDraining(number, operation, reason) }
        if operation.state == .cancelled || isUntold {
            // Being called off by an operator is no failure: the tip waits again.
            tips[number]?.update { $0.drop(operation.action) }
            let excuse = operation.state == .cancelled ? "; being called off is no failure" : ""
            return goOn(number, because: reason + excuse)
        }
        let failures = tip.operations.count { past.operations[$0]?.state == .failed }
        let isWhole = tip.actionsDone == 0 && tip.remainingActions.count <= 1
        guard operation.state == .failed, !isWhole, failures <= Self.mostStumbles else {
            step(number, .fail, by: Actor.evenkeel, reason)
            return
        }
        let proposal = proposal(for: tip)
        tips[number]?.update { $0.drop(operation.action) }
        let note = "\(reason); what is left is planned anew"
        if proposal.plan == nil {
            tips[number]?.update { $0.lack(proposal) }
            step(number, .advise, by: Actor.evenkeel, "\(note): \(proposal.problem ?? "there is nothing left to do")")
        } else {
            adopt(proposal, for: number, because: note)
        }
    }

    private func placeText(_ operation: FleetModel.Operation) -> String {
        if operation.move == nil { return "" }
        return operation.location.map { "; the VM is on \($0)" } ?? "; nobody can say where the VM is"
    }
}

extension Tip {
    /// A step that failed or was called off is no part of the plan any more, even where it is planned again; nor are those
    /// that would part its VM from theirs.
    mutating func drop(_ action: PlannedAction) {
        guard let actions = plan?.actions else { return }
        let left = actions.dropFirst(actionsDone).filter { $0.kind != action.kind && !action.accompanies($0) }
        plan?.actions = Array(actions.prefix(actionsDone)) + left
    }
}
