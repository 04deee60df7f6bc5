import FleetModel

/// What drives one operation that has not ended: what it asks of hosts, and what follows from their answers.
protocol OperationExecution: Sendable {
    /// As it is stored, checkpoint included.
    var operation: FleetModel.Operation { get set }
    /// What has been asked and not been answered.
    var outstanding: [(host: HostName, task: HostTask)] { get }

    /// Ends it since no host ever asked what there is to do for it.
    mutating func withdraw(_ reason: String, at time: Timestamp) -> ExecutionEffect
    mutating func begin(at time: Timestamp) -> ExecutionEffect
    mutating func answered(_ command: AgentCommand, _ answer: HostTaskAnswer, at time: Timestamp) -> ExecutionEffect
    mutating func cancel(_ reason: String, at time: Timestamp) -> ExecutionEffect
}

/// What follows from an event of an operation.
struct ExecutionEffect: Sendable {
    /// Asks for the hosts, not numbered yet.
    var asks: [(host: HostName, task: HostTask)] = []
    /// How the operation ended, if it did, in a sentence.
    var ending: String?
    /// Whether it ended before any host was told of it, so that nothing was done.
    var isUntold = false
}

extension OperationExecution {
    /// A host is about to be told of a command of it. Whether that is news, which is stored before the host sees it.
    mutating func handOut() -> Bool {
        guard operation.state == .intended else { return false }
        operation.state = .running
        return true
    }

    mutating func log(_ text: String, at time: Timestamp) {
        operation.log.append(OperationEvent(time: time, text: text))
    }

    mutating func note(_ progress: MigrationProgress) {
        operation.progress = progress
    }
}

extension FleetModel.Operation {
    /// What it moves, from where to where; `nil` where it moves nothing.
    public var move: (virtualMachine: VirtualMachineID, source: HostName, destination: HostName)? {
        guard case .migrate(let id, let source, let destination) = action.kind else { return nil }
        return (id, source, destination)
    }

    /// Whether `host` has to do with it.
    func touches(_ host: HostName) -> Bool { action.hosts.contains(host) }

    /// Whether hosts may look otherwise after it than before.
    var changedSomething: Bool { state != .refused && action.isExclusive }
}
