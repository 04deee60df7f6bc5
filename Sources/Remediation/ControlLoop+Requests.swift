import FleetModel
import Placement

extension ControlLoop {
    /// Does what an operator asks, or says why not in words that a person understands.
    mutating func answer(to request: ControlRequest) -> ControlReply {
        if request.actor == Actor.policy || request.actor == Actor.evenkeel {
            return .refused("'\(request.actor)' is what Evenkeel calls itself: ask under another name")
        }
        return switch request.kind {
        case .approve(let tip, let version): approve(tip, planned: version, PlanChoice(), by: request.actor)
        case .approvePart(let tip, let version, let choice):
            approve(tip, planned: version, choice, by: request.actor)
        case .dismiss(let tip, let reason, let span): dismiss(tip, reason, quietFor: span, by: request.actor)
        case .migrate(let id, let host, let method): migrate(id, to: host, method, by: request.actor)
        case .foretell(let id, let host, let method): foretell(id, to: host, method)
        case .create(let definition, let host, let isStarted):
            create(definition, on: host, start: isStarted, by: request.actor)
        case .perform(let task, let host): perform(task, on: host, by: request.actor)
        case .cancel(let operation): callOff(operation, by: request.actor)
        case .removeHost(let host): remove(host, by: request.actor)
        case .changePolicy(let change, let version): changePolicy(change, version: version, by: request.actor)
        case .hold(let scope, let reason, let isCancelling):
            hold(scope, reason, cancelling: isCancelling, by: request.actor)
        case .release(let scope): release(scope, by: request.actor)
        case .setParameter(let setting): set(setting, by: request.actor)
        case .resetParameter(let pack, let name, let cluster):
            reset(pack: pack, name, cluster, by: request.actor)
        case .setPack(let setting): set(setting, by: request.actor)
        }
    }

    private mutating func approve(
        _ number: Int64, planned version: Int64?, _ choice: PlanChoice, by actor: String
    ) -> ControlReply {
        guard let known = tip(number) else { return .notFound("there is no tip \(number)") }
        if let reason = objection(toApproving: known) { return .refused(reason) }
        let next: PlannedAction? = known.remainingActions.first
        let objection = next.flatMap { self.objection(to: $0, of: number, isAutomatic: false) }
        let tip = upToDate(known)
        guard tip.state == .awaitingApproval else {
            let reason = objection ?? "the VMs of its hosts are other ones than when it was planned"
            return .refused(
                "tip \(number) was not approved: the plan no longer holds (\(reason)), and there is no other: "
                    + adviceReason(tip))
        }
        if let version, tip.plan?.snapshotVersion != version {
            return .refused("the plan of tip \(number) has changed since it was shown; look again")
        }
        let note: String
        switch choose(choice, of: tip) {
        case .refused(let reason): return .refused(reason)
        case .chosen(let plan, let text):
            let left = tip.remainingActions.count - ((plan?.actions.count ?? 0) - tip.actionsDone)
            let actions = Array(plan?.actions.dropFirst(tip.actionsDone) ?? [])
            let promises = left > 0 ? promises(of: actions, for: tip) : nil
            tips[number]?.update { tip in
                tip.plan = plan
                tip.promises = promises
                tip.operatorReason = left > 0 ? "\(actor) approved a part of the plan" : nil
            }
            note = text
        }
        step(number, .approve, by: actor, note)
        beginNextAction(of: number)
        guard let now = self.tip(number) else { return .notFound("there is no tip \(number)") }
        switch now.state {
        case .approved, .running, .verifying: return .done(tip: number, operation: now.operations.last)
        default:
            // Nothing of the part was begun: it binds nobody.
            tips[number]?.update { tip in
                tip.promises = nil
                tip.operatorReason = known.operatorReason
            }
            if let tip = tips[number]?.tip { outbox.save(tip) }
            return .refused("tip \(number): \(now.history.last?.note ?? "its plan no longer holds")")
        }
    }

    private func objection(toApproving tip: Tip) -> String? {
        let number = tip.number
        switch tip.state {
        case .awaitingApproval: break
        case .raised: return "tip \(number) has no plan yet; try again in a moment"
        case .planned: return "tip \(number) cannot be approved: \(adviceReason(tip))"
        case .approved, .running, .verifying: return "tip \(number) was approved already\(approvalText(tip))"
        default: return "tip \(number) has ended: \(endText(tip))"
        }
        if approvalLevel(of: tip) == .advise { return "tip \(number) cannot be approved: \(adviceReason(tip))" }
        return stopReason.map { "tip \(number) was not approved: \($0)" }
    }

    /// The tip with a plan for the VMs that its hosts have now.
    private mutating func upToDate(_ tip: Tip) -> Tip {
        guard isOutdated(tip) else { return tip }
        adopt(proposal(for: tip), for: tip.number, because: "the VMs of its hosts are other ones now")
        return self.tip(tip.number) ?? tip
    }

    private mutating func dismiss(
        _ number: Int64, _ reason: String, quietFor span: Duration?, by actor: String
    ) -> ControlReply {
        guard let tip = tip(number) else { return .notFound("there is no tip \(number)") }
        if tip.state.isFinal { return .refused("tip \(number) has ended: \(endText(tip))") }
        guard reason.contains(where: { !$0.isWhitespace }) else {
            return .refused("say why tip \(number) is dismissed: whoever reads the audit log wants to know")
        }
        if let span, span > .zero { tips[number]?.update { $0.quietUntil = now + span } }
        let text = span.map { "\(reason); quiet for \($0.text)" } ?? reason
        if step(number, .dismiss, by: actor, text) { return .done(tip: number) }
        let running = tip.operations.last { executions[$0] != nil }
        return .refused(
            running.map { "tip \(number) is being carried out by operation \($0); cancel that first" }
                ?? "tip \(number) is \(tip.state.rawValue): its actions are done and only the measurement is awaited")
    }

    private mutating func migrate(
        _ id: VirtualMachineID, to host: HostName, _ method: MigrationMethod?, by actor: String
    ) -> ControlReply {
        if case .found(let record, let status) = place(of: id, nil), !status.state.ownsGuest {
            return .refused(
                "\(status.definition.name) is \(status.state.rawValue) on \(record.report.host): only a VM that runs can be "
                    + "moved; start or restore it first")
        }
        switch plan(.migrate(id, to: host), for: nil) {
        case .impossible(let reason, _): return .refused(reason)
        case .plan(let plan):
            guard let action = plan.actions.first else { return .refused(plan.explanation) }
            if let verdict = verdict(on: action, for: nil, by: .named) { return .refused(verdict.text) }
            guard let operation = start(action, tip: nil, requestedBy: actor, method: method) else {
                return .refused("\(action.virtualMachineName) does not run where it was last seen")
            }
            return .done(operation: operation)
        }
    }

    /// Somebody calls one operation off by its number: policy does not do the same again.
    private mutating func callOff(_ number: Int64, by actor: String) -> ControlReply {
        let reply = cancel(number, by: actor)
        if case .done(let tip?, _) = reply {
            tips[tip]?.update { $0.operatorReason = "\(actor) called operation \(number) off" }
            if let tip = tips[tip]?.tip { outbox.save(tip) }
        }
        return reply
    }

    mutating func cancel(_ number: Int64, by actor: String) -> ControlReply {
        guard let operation = operation(number) else { return .notFound("there is no operation \(number)") }
        guard var execution = executions[number] else {
            return .refused("operation \(number) has ended: \(operation.state.rawValue)")
        }
        if let objection = (execution as? StepExecution).flatMap(cancelObjection) { return .refused(objection) }
        let effect = execution.cancel("cancelled by \(actor)", at: now)
        executions[number] = execution
        if execution is PlugInExecution { outbox.stopPlugIn(number) }
        audit(actor, "operation.cancel", tip: operation.tip, operation: number, operation.action.text)
        carryOut(effect, of: number)
        return .done(tip: operation.tip, operation: number)
    }

    private func adviceReason(_ tip: Tip) -> String {
        if let problem = tip.planProblem { return problem }
        if tip.terms.approval == .advise { return "the pack gives it as advice" }
        return "policy is '\(level(for: tip).rawValue)' (\(levelText(for: tip)))"
    }

    private func approvalText(_ tip: Tip) -> String {
        tip.approval.map { " by \($0.actor) at \($0.time.text)" } ?? ""
    }

    private func endText(_ tip: Tip) -> String {
        guard let last = tip.history.last else { return tip.state.rawValue }
        return "\(tip.state.rawValue) by \(last.actor) at \(last.time.text) (\(last.note))"
    }
}
