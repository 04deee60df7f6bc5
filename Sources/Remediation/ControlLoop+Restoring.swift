import FleetModel

extension ControlLoop {
    /// Takes up what another run of the server left: the same tips, operations and commands, under the same numbers.
    /// Loads are not restored: until the first round they are unknown.
    mutating func restore(_ state: StoredState) {
        numbers = state.lastNumbers
        startedAt = state.hosts.isEmpty ? nil : now
        // Unique beyond this run, since plans name the version that they were made from.
        snapshotVersion = now.milliseconds
        for record in state.hosts {
            hosts[record.report.host] = record
            claims.note(record.report)
            // Until then the VM was where that report says; what moved it since is among the operations.
            _ = movers.note(
                record.report, at: record.received, isClaimed: { _, _ in false }, isOurs: { _, _, _ in true })
        }
        for tip in state.tips { tips[tip.number] = TipMachine(tip) }
        allowedPlugIns = Set(state.packs.filter(\.allowsPlugIns).map(\.pack))
        policy = state.policy
        for hold in state.holds { holds[hold.scope] = hold }
        for tip in state.endedTips { past.remember(tip) }
        for operation in state.endedOperations { past.remember(operation) }
        for operation in state.endedOperations.sorted(by: { $0.number < $1.number }) { experiences.learn(operation) }
        for command in state.commands { commands[command.number] = command }
        for operation in state.operations { restore(operation) }
        settleStamps(because: "the server's clock was ahead when it ran last, or is behind now")
        for command in state.commands { issueAgain(command) }
        for number in executions.keys.sorted() { askAgain(number) }
    }

    private mutating func restore(_ operation: FleetModel.Operation) {
        if case .plugIn = operation.action.kind {
            return abandon(operation, "the server stopped while it ran, so nobody knows whether it did its work")
        }
        do {
            var execution: any OperationExecution =
                try StepExecution(operation) ?? MigrationExecution(restoring: operation)
            if operation.move != nil {
                execution.log("the server was started again and goes on from here", at: now)
                outbox.save(execution.operation)
            }
            executions[operation.number] = execution
        } catch {
            abandon(
                operation, "its record cannot be read, so it is not gone on with; see both hosts for the VM: \(error)")
        }
    }

    /// A host is only told what an operation waits for. What nobody waits for any more is taken back for good.
    private mutating func issueAgain(_ command: AgentCommand) {
        guard executions[command.operation] == nil else { return outbox.issueAgain(command) }
        commands[command.number] = nil
        outbox.save(.answerCommand(number: command.number, answer: .refused("operation abandoned"), time: now))
    }

    /// Commands are stored with the checkpoint that they belong to, so each ask has one. Were one missing, the
    /// operation would wait for ever: it is asked under a new number.
    private mutating func askAgain(_ number: Int64) {
        guard let execution = executions[number] else { return }
        let open = commands.values.filter { $0.operation == number }
        var missing = ExecutionEffect()
        for ask in execution.outstanding where !open.contains(where: { $0.host == ask.host && $0.task == ask.task }) {
            missing.asks.append(ask)
        }
        if !missing.asks.isEmpty { carryOut(missing, of: number) }
    }

    /// The VM is wherever its hosts say it is; nothing more is done to it by an operation that nobody can read.
    private mutating func abandon(_ operation: FleetModel.Operation, _ text: String) {
        var ended = operation
        ended.state = .failed
        ended.ended = now
        ended.log.append(OperationEvent(time: now, text: text))
        past.remember(ended)
        outbox.save(ended)
        audit(Actor.evenkeel, "operation.failed", tip: operation.tip, operation: operation.number, text)
        if let tip = operation.tip { step(tip, .fail, by: Actor.evenkeel, "operation \(operation.number): \(text)") }
    }
}
