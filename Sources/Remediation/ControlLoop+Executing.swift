import FleetModel
import HostRuntime
import Placement

extension ControlLoop {
    /// Begins what there is to begin of every tip that was approved, critical ones first.
    mutating func advance() {
        var waiting: [(isCritical: Bool, number: Int64)] = []
        for (number, machine) in tips where [.approved, .running].contains(machine.tip.state) {
            waiting.append((machine.tip.level == .critical, number))
        }
        waiting.sort { $0.isCritical == $1.isCritical ? $0.number < $1.number : $0.isCritical }
        for tip in waiting { beginNextAction(of: tip.number) }
    }

    /// Looks at the live fleet right before each action. Steps whose turn has come begin, while others run or wait; few
    /// rest on others (`PlannedAction.after`). A plan that no longer holds is made anew once what runs has ended, never
    /// forced.
    mutating func beginNextAction(of number: Int64) {
        var reasonToWait: String?
        while let tip = tips[number]?.tip, [.approved, .running].contains(tip.state) {
            let running = runningOperations(of: tip)
            let waiting = Array(tip.remainingActions.dropFirst(running))
            if waiting.isEmpty {
                if running > 0 { return }
                step(number, .finishActions, by: Actor.evenkeel, "every action is done; now the subject is measured")
                return
            }
            let isAutomatic = tip.approval?.actor == Actor.policy
            let standing: Standing = isAutomatic ? .policy : .approved
            var hasBegun = false
            for (place, action) in waiting.enumerated() {
                if let other = tip.remainingActions.prefix(running + place).first(where: { $0.accompanies(action) })
                    ?? waiting[..<place].first(where: { $0.makesRoom(for: action) })
                {
                    reasonToWait = reasonToWait ?? "\(action.text): it waits for \(other.text)"
                    continue
                }
                switch verdict(on: action, for: tip, by: standing) {
                case nil:
                    bringForward(place + running, to: running, of: number)
                    start(action, tip: tips[number]?.tip, requestedBy: tip.approval?.actor ?? Actor.evenkeel)
                    hasBegun = true
                case .later(let reason):
                    reasonToWait = reasonToWait ?? "\(action.text): \(reason)"
                    continue
                case .notByPolicy(let reason):
                    if running == 0 {
                        step(number, .ask, by: Actor.evenkeel, "policy is held back: \(reason)")
                    } else {
                        wait(number, for: "policy is held back: \(reason)")
                    }
                    return
                case .never(let reason):
                    if running > 0 { continue }
                    return reconsider(number, action, reason, isAutomatic: isAutomatic)
                }
                break
            }
            if hasBegun { continue }
            if running == 0, let reasonToWait { wait(number, for: reasonToWait) }
            return
        }
    }

    /// Operations of the tip that have not ended.
    func runningOperations(of tip: Tip) -> Int { tip.operations.count { executions[$0] != nil } }

    /// Done actions stand first in a plan, those under way next: the one that begins takes its place behind them.
    private mutating func bringForward(_ place: Int, to target: Int, of number: Int64) {
        tips[number]?.update { tip in
            guard var plan = tip.plan else { return }
            let (from, to) = (tip.actionsDone + place, tip.actionsDone + target)
            guard from > to, plan.actions.indices.contains(from) else { return }
            plan.actions.insert(plan.actions.remove(at: from), at: to)
            tip.plan = plan
        }
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
        guard isAutomatic, verdict(on: next, for: tip, by: .policy) == nil else { return }
        step(number, .approve, by: Actor.policy, authority(for: tip, Actor.policy))
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
        if tip.state == .running, tip.actionsDone > 0, !tip.isDrain {
            let done = Array(tip.plan?.actions.prefix(tip.actionsDone) ?? [])
            let kept = tip.promises ?? promisesKept(by: done, for: tip)
            tips[tip.number]?.update { $0.promises = kept }
            step(tip.number, .finishActions, by: Actor.evenkeel, "\(note); what was done is measured")
        } else if tip.state == .approved || tip.state == .running {
            step(tip.number, .advise, by: Actor.evenkeel, note)
        } else {
            self.note(tip.number, note)
        }
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
        if let ending = effect.ending { finish(operation, ending, isUntold: effect.isUntold) }
    }
}

extension PlannedAction {
    /// Whether the other step waits for room at its destination that this one may make.
    func makesRoom(for other: PlannedAction) -> Bool {
        guard other.after?.isEmpty == false, let own = migration, let waiting = other.migration else { return false }
        return own.from == waiting.to
    }
}
