import FleetModel

extension ControlLoop {
    /// The first answer counts. One that comes again, or for a command that nobody gave, changes nothing.
    mutating func take(_ answer: HostTaskAnswer, to number: Int64) {
        guard let command = commands.removeValue(forKey: number) else { return }
        awaited.remove(number)
        outbox.save(.answerCommand(number: number, answer: answer, time: now))
        guard var execution = executions[command.operation] else { return }
        let effect = execution.answered(command, answer, at: now)
        executions[command.operation] = execution
        carryOut(effect, of: command.operation)
        advance()
    }

    /// How far a migration is, for those who watch; not durable.
    mutating func take(_ progress: MigrationProgress, of number: Int64) {
        guard let command = commands[number], var execution = executions[command.operation] else { return }
        execution.note(progress)
        executions[command.operation] = execution
    }

    /// Nothing is forced when a host is silent: its operation's log says who is awaited, and since when.
    mutating func sayWhoIsAwaited() {
        for command in commands.values.sorted(by: { $0.number < $1.number })
        where now - command.issued > patience(with: command.task) && awaited.insert(command.number).inserted {
            guard var execution = executions[command.operation] else { continue }
            execution.log(
                "\(command.host) was asked \(command.task.text) at \(command.issued.text) and has not answered", at: now
            )
            executions[command.operation] = execution
            outbox.save(execution.operation)
        }
    }

    private func patience(with task: HostTask) -> Duration {
        guard case .send(let migration) = task else { return settings.awaitLimit }
        return settings.awaitLimit + .seconds(migration.timeLimitSeconds)
    }
}
