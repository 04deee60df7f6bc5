import FleetModel
import HostRuntime
import Placement

extension ControlLoop {
    /// Begins the next action of every tip that waits for its turn, critical ones first.
    mutating func advance() {
        let waiting = openTips.filter { [.approved, .running].contains($0.state) && !hasOperation($0) }
        let ordered = waiting.filter { $0.level == .critical } + waiting.filter { $0.level != .critical }
        for tip in ordered { beginNextAction(of: tip.number) }
    }

    /// Looks at the live fleet right before the action; a plan that no longer holds is made anew once, never forced.
    mutating func beginNextAction(of number: Int64) {
        guard let tip = tips[number]?.tip else { return }
        guard let action = tip.remainingActions.first else {
            step(number, .finishActions, by: Actor.evenkeel, "every action is done; now the subject is measured")
            return
        }
        if let reason = waitReason(for: action) {
            wait(number, for: "\(action.text): \(reason)")
            return
        }
        let isAutomatic = tip.approval?.actor == Actor.policy
        if isAutomatic, let veto = veto() {
            step(number, .ask, by: Actor.evenkeel, "policy is held back: \(veto)")
            return
        }
        if let objection = objection(to: action, of: number, isAutomatic: isAutomatic) {
            reconsider(number, action, objection, isAutomatic: isAutomatic)
        } else {
            start(action, tip: tip, requestedBy: tip.approval?.actor ?? Actor.evenkeel)
        }
    }

    private mutating func objection(to action: PlannedAction, of tip: Int64, isAutomatic: Bool) -> String? {
        if case .plugIn(let call, _) = action.kind { return plugInObjection(to: call) }
        let picture = snapshot(for: tip)
        return planner.objection(to: action, on: picture, automatic: isAutomatic)
            ?? unknownLoad(for: action, in: picture)
            ?? endObjection(to: action)
    }

    /// What the planner does not look at: whether the source can give the VM and the destination take it.
    func endObjection(to action: PlannedAction) -> String? {
        guard case .migrate(_, let from, let to) = action.kind else { return nil }
        guard let source = source(of: action) else {
            return "\(action.virtualMachineName) does not run on \(from) any more"
        }
        if source.status.manager == VirtualMachineStatus.libvirt {
            guard hosts[to]?.report.capabilities?.libvirtAddress == nil else { return nil }
            return "\(to) takes no VMs of libvirt's: its agent has no libvirt_control or no libvirt_migration_address"
        }
        guard hosts[to]?.report.migrationAddress == nil else { return nil }
        return "\(to) takes no VMs: its agent has no migration address"
    }

    /// Who approves a tip trusts its prediction: without loads there is none. An operator may still move a VM by name.
    private func unknownLoad(for action: PlannedAction, in picture: FleetSnapshot) -> String? {
        guard case .migrate(let id, let source, let destination) = action.kind else { return nil }
        for host in [source, destination] where picture.host(host)?.processorUse == nil {
            return "the load of \(host) is unknown"
        }
        let isKnown = picture.locate(id)?.machine.processorUse != nil
        return isKnown ? nil : "the load of \(action.virtualMachineName) is unknown"
    }

    /// The plan no longer holds: another one if there is one, else what was not done is refused with the reason.
    private mutating func reconsider(
        _ number: Int64, _ action: PlannedAction, _ objection: String, isAutomatic: Bool
    ) {
        guard let before = tips[number]?.tip else { return }
        let proposal = proposal(for: before)
        if proposal.plan == nil, before.actionsDone > 0 {
            refuse(action, of: before, objection)
            return
        }
        let isOther = adopt(proposal, for: number, because: "the plan no longer holds (\(objection))")
        guard let tip = tips[number]?.tip else { return }
        guard isOther, let next = tip.remainingActions.first else {
            refuse(action, of: tip, objection)
            return
        }
        guard isAutomatic, waitReason(for: next) == nil, veto() == nil,
            self.objection(to: next, of: number, isAutomatic: true) == nil
        else { return }
        step(number, .approve, by: Actor.policy, "policy is automatic in cluster \(tip.subject.cluster)")
        if let approved = tips[number]?.tip { start(next, tip: approved, requestedBy: Actor.policy) }
    }

    /// Writes down that an action was not begun, and why.
    private mutating func refuse(_ action: PlannedAction, of tip: Tip, _ objection: String) {
        numbers.operation += 1
        let requestedBy = tip.approval?.actor ?? Actor.evenkeel
        let operation = FleetModel.Operation(
            number: numbers.operation, tip: tip.number, action: action, requestedBy: requestedBy, state: .refused,
            created: now, ended: now, log: [OperationEvent(time: now, text: objection)])
        past.remember(operation)
        outbox.save(operation)
        tips[tip.number]?.update { $0.operations.append(operation.number) }
        audit(
            requestedBy, "operation.refused", tip: tip.number, operation: operation.number,
            "\(action.text): \(objection)")
        let note = "\(action.text) was refused right before it began: \(objection)"
        if tip.state == .running, tip.actionsDone > 0 {
            step(tip.number, .finishActions, by: Actor.evenkeel, "\(note); what was done is measured")
        } else if tip.state == .approved || tip.state == .running {
            step(tip.number, .advise, by: Actor.evenkeel, note)
        } else {
            self.note(tip.number, note)
        }
    }

    /// Why an action cannot begin just now, though nothing is wrong with it; `nil` when its turn has come.
    func waitReason(for action: PlannedAction) -> String? {
        guard case .migrate(let id, let source, let destination) = action.kind else { return nil }
        if let reason = busyReason(id) { return reason }
        let underWay = executions.values.map(\.operation).filter { $0.move != nil }.sorted { $0.number < $1.number }
        let leaving = underWay.filter { $0.move?.source == source }
        if let first = leaving.first, leaving.count >= settings.outgoingPerHost {
            return "operation \(first.number) moves a VM off \(source)"
        }
        let coming = underWay.filter { $0.move?.destination == destination }
        if let first = coming.first, coming.count >= settings.incomingPerHost {
            return "operation \(first.number) moves a VM to \(destination)"
        }
        if underWay.count >= settings.concurrentMigrations {
            return "\(underWay.count) migrations are under way, which is the limit"
        }
        for host in [source, destination] {
            guard let record = hosts[host], let end = past.lastEnd(on: host), record.received <= end else { continue }
            return "\(host) has not reported since its last operation ended at \(end.text)"
        }
        return nil
    }

    /// What the source says of the VM; `nil` where it does not run there.
    func source(of action: PlannedAction) -> (status: VirtualMachineStatus, accelerator: Accelerator)? {
        guard case .migrate(let id, let source, _) = action.kind,
            let status = hosts[source]?.report.virtualMachines.first(where: { $0.definition.id == id }),
            status.state == .running, let accelerator = status.accelerator
        else { return nil }
        return (status, accelerator)
    }

    /// Writes the intent down, and only then lets anything happen: operation, checkpoint and first commands are one
    /// commit. Returns the operation's number, `nil` where the VM does not run at its source.
    @discardableResult
    mutating func start(
        _ action: PlannedAction, tip: Tip?, requestedBy: String, method: MigrationMethod? = nil
    ) -> Int64? {
        if case .plugIn(let call, let subject) = action.kind {
            return startPlugIn(action, call, subject, tip: tip, requestedBy: requestedBy)
        }
        guard let machine = source(of: action), case .migrate(_, let source, let destination) = action.kind else {
            return nil
        }
        let choice = choice(for: action, machine.status, method)
        numbers.operation += 1
        let number = numbers.operation
        let why = tip.map { "for tip \($0.number): \($0.title)" } ?? "asked for by \(requestedBy)"
        var operation = FleetModel.Operation(
            number: number, tip: tip?.number, action: action, requestedBy: requestedBy, created: now,
            log: [
                OperationEvent(time: now, text: "\(action.text), \(why)"),
                OperationEvent(time: now, text: choice.text),
            ])
        operation.migration = choice
        var request = MigrationRequest(
            definition: machine.status.definition, accelerator: machine.accelerator, source: source,
            destination: destination, bandwidthLimit: choice.bandwidthLimit,
            downtimeLimitMilliseconds: settings.migration.downtimeLimitMilliseconds,
            timeLimitSeconds: choice.timeLimitSeconds, method: choice.method,
            emulatorVersion: machine.status.emulatorVersion, manager: machine.status.manager)
        request.diskSizes = machine.status.localDiskSizes
        var execution = MigrationExecution(operation, request)
        let effect = execution.begin(at: now)
        executions[number] = execution
        pictures = [:]
        if let tip {
            tips[tip.number]?.update { $0.operations.append(number) }
            step(tip.number, .begin, by: Actor.evenkeel, "operation \(number) moves \(action.text)")
        }
        auditStart(action, number, tip: tip, by: requestedBy, "\(action.text), \(why)")
        carryOut(effect, of: number)
        return number
    }

    /// Issues what the machine asks, saves where it stands, and goes on when it has ended.
    mutating func carryOut(_ effect: ExecutionEffect, of number: Int64) {
        guard let operation = executions[number]?.operation else { return }
        for ask in effect.asks {
            numbers.command += 1
            let command = AgentCommand(
                number: numbers.command, host: ask.host, operation: number, task: ask.task, issued: now)
            commands[command.number] = command
            outbox.issue(command)
        }
        outbox.save(operation)
        if let ending = effect.ending { finish(operation, ending) }
    }

    private mutating func finish(_ operation: FleetModel.Operation, _ ending: String) {
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
            step(tip, .fail, by: Actor.evenkeel, "operation \(operation.number): \(ending)\(place)")
            return
        }
        tips[tip]?.update { $0.actionsDone += 1 }
        let verb = operation.move == nil ? "did" : "moved"
        note(tip, "operation \(operation.number) \(verb) \(operation.action.text): \(ending)")
        if tips[tip]?.tip.remainingActions.isEmpty == true { beginNextAction(of: tip) }
    }

    private func placeText(_ operation: FleetModel.Operation) -> String {
        if operation.move == nil { return "" }
        return operation.location.map { "; the VM is on \($0)" } ?? "; nobody can say where the VM is"
    }
}
