import FleetModel

extension ControlLoop {
    /// Does one step to a VM on the host where it is, or says why not. States are the host's own business, which knows
    /// them better than a report: it refuses what cannot be.
    mutating func perform(_ task: HostTask, on wanted: HostName?, by actor: String) -> ControlReply {
        guard task.verb != nil else { return .refused("that is a part of a migration, and nothing by itself") }
        switch place(of: task.virtualMachine, wanted) {
        case .missing(let reason): return .notFound(reason)
        case .doubtful(let reason): return .refused(reason)
        case .found(let record, let status):
            if let reason = status.readOnly { return .refused("\(status.definition.name): \(reason)") }
            let action = PlannedAction(
                kind: .step(task, on: record.report.host), virtualMachineName: status.definition.name.text,
                prediction: .none)
            return begin(action, on: record, by: actor)
        }
    }

    /// Writes the step down and issues it, where the host can be told and nothing else is under way on the VM.
    mutating func begin(_ action: PlannedAction, on record: HostRecord, by actor: String) -> ControlReply {
        let host = record.report.host
        if let reason = stopReason(for: action) { return .refused(reason) }
        guard isFresh(record) else {
            return .refused(
                "\(host) has not reported since \(record.received.text): nothing can be done to its VMs until its agent "
                    + "is back")
        }
        if action.isExclusive, let machine = action.virtualMachine, let reason = busyReason(machine) {
            return .refused("not now: \(reason)")
        }
        numbers.operation += 1
        let number = numbers.operation
        let text = "\(action.text), asked for by \(actor)"
        let operation = FleetModel.Operation(
            number: number, tip: nil, action: action, requestedBy: actor, created: now,
            log: [OperationEvent(time: now, text: text)])
        guard var execution = StepExecution(operation) else { return .refused("that is no single step") }
        let effect = execution.begin(at: now)
        executions[number] = execution
        auditStart(action, number, tip: nil, by: actor, text)
        carryOut(effect, of: number)
        return .done(operation: number)
    }

    /// What is being done to a VM, so that nothing else may be; `nil` where nothing is.
    func busyReason(_ machine: VirtualMachineID) -> String? {
        let operations = executions.values.map(\.operation).sorted { $0.number < $1.number }
        return operations.first { $0.action.virtualMachine == machine && $0.action.isExclusive }.map { operation in
            operation.move != nil
                ? "operation \(operation.number) moves the same VM"
                : "operation \(operation.number) is under way (\(operation.action.text))"
        }
    }

    // MARK: Where a VM is

    enum Place {
        case found(HostRecord, VirtualMachineStatus)
        case doubtful(String)
        case missing(String)
    }

    /// The host that a step to the VM belongs to: where its guest lives, else where it is saved, else the only one that
    /// knows it.
    func place(of id: VirtualMachineID, _ wanted: HostName?) -> Place {
        let rows = hostRecords.flatMap { record in
            record.report.virtualMachines.filter { $0.definition.id == id }.map { (record: record, status: $0) }
        }
        if let wanted {
            guard let row = rows.first(where: { $0.record.report.host == wanted }) else {
                return .missing("\(wanted) knows no VM \(id)")
            }
            return .found(row.record, row.status)
        }
        let groups = [
            rows.filter { $0.status.state.ownsGuest }, rows.filter { $0.status.state == .saved }, rows,
        ]
        guard let group = groups.first(where: { !$0.isEmpty }) else { return .missing("there is no VM \(id)") }
        if group.count == 1, let row = group.first { return .found(row.record, row.status) }
        let places = group.map { "\($0.record.report.host) (\($0.status.state.rawValue))" }.joined(separator: " and ")
        return .doubtful("\(group[0].status.definition.name) is on \(places): say which with --host")
    }

    // MARK: Being told, and not

    /// Stored before a host sees a step: from then on it may be done.
    mutating func noteHandedOut(_ numbers: [Int64]) {
        for number in numbers {
            guard let command = commands[number], var execution = executions[command.operation], execution.handOut()
            else { continue }
            executions[command.operation] = execution
            outbox.save(execution.operation)
        }
    }

    /// What no host ever asked for is taken back: nobody wants a VM to start or to move hours later, when a host returns.
    mutating func takeBackUnheard() {
        for number in executions.keys.sorted() {
            guard var execution = executions[number], execution.operation.state == .intended,
                let host = execution.outstanding.first?.host,
                // Also where a clock was set back: nobody can say how long that is.
                !SnapshotBuilder.isFresh(execution.operation.created, at: now, limit: settings.awaitLimit)
            else { continue }
            let effect = execution.withdraw(
                "\(host) has not asked what there is to do for \(settings.awaitLimit.text)", at: now)
            executions[number] = execution
            carryOut(effect, of: number)
        }
    }

    /// A move whose destination was told to wait for the guest, and does not answer, ends: it would hold the VM and a place of
    /// both hosts for good. Where somebody called it off it ends sooner.
    mutating func giveUpPreparations() {
        for command in commands.values.sorted(by: { $0.number < $1.number }) {
            guard var migration = executions[command.operation] as? MigrationExecution,
                !SnapshotBuilder.isFresh(
                    command.issued, at: now, limit: migration.preparationLimit(settings.awaitLimit)),
                let effect = migration.giveUpPreparing(
                    "\(command.host) was asked \(command.task.text) at \(command.issued.text) and has not answered",
                    at: now)
            else { continue }
            executions[command.operation] = migration
            carryOut(effect, of: command.operation)
        }
    }

    /// What no host has been given yet does not begin any more: a step is refused, a move called off, so that
    /// its tip waits again.
    /// Returns what was.
    mutating func takeBack(_ reason: String) -> [Int64] {
        var taken: [Int64] = []
        for number in executions.keys.sorted() {
            guard var execution = executions[number], execution.operation.state == .intended,
                stopReason(for: execution.operation.action) != nil
            else { continue }
            let isStep = execution is StepExecution
            let effect = isStep ? execution.withdraw(reason, at: now) : execution.cancel(reason, at: now)
            executions[number] = execution
            carryOut(effect, of: number)
            taken.append(number)
        }
        return taken
    }

    /// A step that was handed to a host which fell silent ends without an answer: whoever waits for it hears so, and a host
    /// that is back hours later is not told to do what nobody waits for any more.
    mutating func giveUpSilentSteps() {
        for number in executions.keys.sorted() {
            guard var step = executions[number] as? StepExecution, step.operation.state == .running,
                let record = hosts[step.host], !isFresh(record),
                !SnapshotBuilder.isFresh(
                    max(record.received, step.operation.created), at: now, limit: settings.awaitLimit * 4)
            else { continue }
            let effect = step.lose("\(record.report.host) has not been heard of since \(record.received.text)", at: now)
            executions[number] = step
            carryOut(effect, of: number)
        }
    }

    /// Why a step cannot be called off. One that was handed to a host that is silent can: nobody would ever end it.
    func cancelObjection(to step: StepExecution) -> String? {
        let host = step.host
        guard step.operation.state == .running, let record = hosts[host], isFresh(record) else { return nil }
        return "\(host) is at it already (\(step.operation.action.text)): it ends with the host's answer"
    }

    // MARK: Afterwards

    /// What a host has answered is as good as its next report, which may take a moment to come.
    mutating func foldIn(_ operation: FleetModel.Operation) {
        guard operation.state == .succeeded, case .step(let task, let host) = operation.action.kind,
            var record = hosts[host]
        else { return }
        record.report.fold(task)
        guard record != hosts[host] else { return }
        hosts[host] = record
        noteChange(of: host)
        claims.note(record.report)
        outbox.save(.saveHost(record))
    }
}

extension HostReport {
    /// Takes in that a step was done here.
    fileprivate mutating func fold(_ task: HostTask) {
        switch task {
        case .define(let definition): keep(definition, .stopped)
        case .start(let definition): keep(definition, .running)
        case .launch(let id), .resume(let id), .restore(let id): set(.running, of: id)
        case .stop(let id, _): set(.stopped, of: id)
        case .pause(let id): set(.paused, of: id)
        case .save(let id): set(.saved, of: id)
        case .remove(let id): virtualMachines.removeAll { $0.definition.id == id }
        default: break
        }
    }

    private mutating func keep(_ definition: VirtualMachineDefinition, _ state: VirtualMachineState) {
        virtualMachines.removeAll { $0.definition.id == definition.id }
        virtualMachines.append(VirtualMachineStatus(definition: definition, state: state))
    }

    private mutating func set(_ state: VirtualMachineState, of id: VirtualMachineID) {
        for place in virtualMachines.indices where virtualMachines[place].definition.id == id {
            virtualMachines[place].state = state
            if state == .running { continue }
            virtualMachines[place].accelerator = state == .paused ? virtualMachines[place].accelerator : nil
            virtualMachines[place].process = state == .paused ? virtualMachines[place].process : nil
        }
    }
}

extension Prediction {
    /// Nothing is foretold.
    static let none = Prediction(
        sourceProcessor: nil, destinationProcessor: nil, sourceMemory: nil, destinationMemory: nil)
}
