import FleetModel

/// An operation that is one step on one host: asked once, ended by the answer.
///
/// It is `intended` until its host has been given the command and `running` from then on, which is stored before the
/// host gets to see it. So a command that no host was given can be taken back with nothing done; one that was given may
/// have been done, whatever is heard of it.
struct StepExecution: OperationExecution, Hashable {
    var operation: FleetModel.Operation
    let host: HostName
    private let task: HostTask

    /// `nil` for an operation that is no step.
    init?(_ operation: FleetModel.Operation) {
        guard case .step(let task, let host) = operation.action.kind else { return nil }
        self.operation = operation
        self.host = host
        self.task = task
    }

    var outstanding: [(host: HostName, task: HostTask)] { operation.state.isFinal ? [] : [(host, task)] }

    mutating func begin(at time: Timestamp) -> ExecutionEffect { ExecutionEffect(asks: outstanding) }

    mutating func answered(
        _ command: AgentCommand, _ answer: HostTaskAnswer, at time: Timestamp
    ) -> ExecutionEffect {
        switch answer {
        case .done: return end(.succeeded, "done", at: time)
        case .advised(let advice):
            for line in advice { log("note: \(line)", at: time) }
            return end(.succeeded, "done", at: time)
        case .refused(let reason): return end(.refused, reason, at: time)
        case .failed(let reason): return end(.failed, reason, at: time)
        case .listening, .awaiting, .sent, .state:
            return end(.failed, "\(host) gave an answer to another step", at: time)
        }
    }

    /// Ends it without an answer. What was handed out may be done all the same.
    mutating func cancel(_ reason: String, at time: Timestamp) -> ExecutionEffect {
        let isGiven = operation.state == .running
        let note = isGiven ? "whether \(host) did it shows when it reports again" : "nothing was done"
        return end(.cancelled, "\(reason); \(note)", at: time)
    }

    /// Ends it since its host fell silent after it was told.
    mutating func lose(_ reason: String, at time: Timestamp) -> ExecutionEffect {
        end(.failed, "\(reason); whether \(host) did it shows when it reports again", at: time)
    }

    /// Ends it since its host never asked what there is to do.
    mutating func withdraw(_ reason: String, at time: Timestamp) -> ExecutionEffect {
        end(.refused, "\(reason); it was taken back, and nothing was done", at: time)
    }

    private mutating func end(_ state: OperationState, _ text: String, at time: Timestamp) -> ExecutionEffect {
        operation.state = state
        operation.ended = time
        if state == .succeeded, !task.forgetsMachine { operation.location = host }
        log(text, at: time)
        return ExecutionEffect(ending: text)
    }
}

extension HostTask {
    /// Whether the host does not know the VM any more afterwards.
    var forgetsMachine: Bool {
        if case .remove = self { return true }
        return false
    }
}
