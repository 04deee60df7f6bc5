import FleetModel
import FoundationEssentials
import HostRuntime

/// An operation with the machine that drives it and the commands that hosts still have to answer.
struct MigrationExecution: Sendable, Hashable {
    /// What follows from an event.
    struct Effect: Sendable {
        /// Asks for the hosts, not numbered yet.
        var asks: [(host: HostName, task: HostTask)] = []
        /// How the migration ended, if it did.
        var outcome: MigrationOutcome?
    }

    /// As it is stored, checkpoint included.
    private(set) var operation: FleetModel.Operation
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

    mutating func begin(at time: Timestamp) -> Effect {
        receive(.begin, at: time)
    }

    mutating func cancel(_ reason: String, at time: Timestamp) -> Effect {
        receive(.cancel(reason: reason), at: time)
    }

    mutating func answered(_ command: AgentCommand, _ answer: HostTaskAnswer, at time: Timestamp) -> Effect {
        if operation.state == .intended { operation.state = .running }
        let side: MigrationMachine.Side = command.host == machine.request.destination ? .destination : .source
        return receive(.answered(side, command.task, answer), at: time)
    }

    mutating func log(_ text: String, at time: Timestamp) {
        operation.log.append(OperationEvent(time: time, text: text))
    }

    mutating func note(_ progress: MigrationProgress) {
        operation.progress = progress
    }

    private mutating func receive(_ event: MigrationMachine.Event, at time: Timestamp) -> Effect {
        var effect = Effect()
        for action in machine.receive(event) {
            switch action {
            case .ask(let side, let task): effect.asks.append((host(side), task))
            case .log(let text): log(text, at: time)
            case .finish(let outcome):
                effect.outcome = outcome
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

extension FleetModel.Operation {
    /// What it moves, from where to where.
    public var move: (virtualMachine: VirtualMachineID, source: HostName, destination: HostName) {
        switch action.kind {
        case .migrate(let id, let source, let destination): (id, source, destination)
        }
    }

    /// Whether `host` is one of its two ends.
    func touches(_ host: HostName) -> Bool { move.source == host || move.destination == host }
}
