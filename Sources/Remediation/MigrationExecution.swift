import FleetModel
import FoundationEssentials
import HostRuntime

/// An operation with the machine that drives it and the commands that hosts still have to answer.
struct MigrationExecution: OperationExecution, Hashable {
    var operation: FleetModel.Operation
    private(set) var machine: MigrationMachine

    /// A migration that has not begun.
    init(_ operation: FleetModel.Operation, _ request: MigrationRequest) {
        self.operation = operation
        machine = MigrationMachine(request)
    }

    /// Goes on where another run of the server stopped. Throws when the checkpoint cannot be read.
    init(restoring operation: FleetModel.Operation) throws {
        self.operation = operation
        machine = try JSONDecoder().decode(MigrationMachine.self, from: Data(operation.checkpoint))
    }

    /// What has been asked and not been answered.
    var outstanding: [(host: HostName, task: HostTask)] {
        machine.outstanding.map { (host($0.0), $0.1) }
    }

    mutating func begin(at time: Timestamp) -> ExecutionEffect {
        receive(.begin, at: time)
    }

    mutating func cancel(_ reason: String, at time: Timestamp) -> ExecutionEffect {
        if operation.state == .intended { return end(.cancelled, beforeAnyHost: reason, at: time) }
        return receive(.cancel(reason: reason), at: time)
    }

    mutating func withdraw(_ reason: String, at time: Timestamp) -> ExecutionEffect {
        end(.failed, beforeAnyHost: reason, at: time)
    }

    private mutating func end(
        _ state: OperationState, beforeAnyHost reason: String, at time: Timestamp
    ) -> ExecutionEffect {
        operation.location = machine.request.source
        var effect = end(state, "\(reason); no host was told yet, and nothing was done", at: time)
        effect.isUntold = true
        return effect
    }

    /// Ends it where its destination does not answer before anything was sent: the guest is at its source, and a process that
    /// waits at the destination ends by itself when the migration's time is over. `nil` where it is further than that.
    mutating func giveUpPreparing(_ reason: String, at time: Timestamp) -> ExecutionEffect? {
        guard operation.state == .running, machine.isPreparing else { return nil }
        operation.location = machine.request.source
        let text = "\(reason); nothing has left \(machine.request.source)"
        return machine.cancellation.map { end(.cancelled, "\($0); \(text)", at: time) } ?? end(.failed, text, at: time)
    }

    /// How long its destination may take to get ready: as long as the migration may, or less where nobody wants it any more.
    func preparationLimit(_ waiting: Duration) -> Duration {
        machine.cancellation == nil ? waiting + .seconds(machine.request.timeLimitSeconds) : waiting
    }

    /// Ends it since a host that still had to answer has left the fleet. `home` is who reports the guest now.
    mutating func lose(_ reason: String, home: HostName?, at time: Timestamp) -> ExecutionEffect {
        operation.location = home
        return end(.failed, reason, at: time)
    }

    private mutating func end(_ state: OperationState, _ text: String, at time: Timestamp) -> ExecutionEffect {
        operation.state = state
        operation.ended = time
        operation.progress = nil
        log(text, at: time)
        return ExecutionEffect(ending: text)
    }

    mutating func answered(_ command: AgentCommand, _ answer: HostTaskAnswer, at time: Timestamp) -> ExecutionEffect {
        if operation.state == .intended { operation.state = .running }
        let side: MigrationMachine.Side = command.host == machine.request.destination ? .destination : .source
        return receive(.answered(side, command.task, answer), at: time)
    }

    private mutating func receive(_ event: MigrationMachine.Event, at time: Timestamp) -> ExecutionEffect {
        var effect = ExecutionEffect()
        for action in machine.receive(event) {
            switch action {
            case .ask(let side, let task): effect.asks.append((host(side), task))
            case .log(let text): log(text, at: time)
            case .finish(let outcome):
                effect.ending = outcome.text
                end(outcome, at: time)
            }
        }
        // Plain values always encode. Were they not to, `init(restoring:)` would say so of the empty checkpoint.
        operation.checkpoint = (try? JSONEncoder().encode(machine)).map { Array($0) } ?? []
        return effect
    }

    private mutating func end(_ outcome: MigrationOutcome, at time: Timestamp) {
        operation.ended = time
        operation.progress = nil
        operation.location = outcome.location.map(host)
        switch outcome {
        case .succeeded(let figures):
            operation.state = .succeeded
            operation.figures = figures
        case .failed(let reason, _):
            operation.state = .failed
            log(reason, at: time)
        case .cancelled(let reason):
            operation.state = .cancelled
            log(reason, at: time)
        }
    }

    private func host(_ side: MigrationMachine.Side) -> HostName {
        switch side {
        case .source: machine.request.source
        case .destination: machine.request.destination
        }
    }
}

extension MigrationOutcome {
    /// The end in a sentence.
    var text: String {
        switch self {
        case .succeeded(.some(let figures)): "done; the guest was halted for \(figures.downtimeMilliseconds) ms"
        case .succeeded(nil): "done"
        case .failed(let reason, _), .cancelled(let reason): reason
        }
    }
}
