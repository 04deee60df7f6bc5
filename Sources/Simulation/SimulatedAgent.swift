import FleetModel

/// One host's agent: what it has been told and what it has said. It forgets everything when it crashes.
struct SimulatedAgent: Sendable {
    /// Counts up with every start.
    private(set) var run = 1
    /// Whether its process lives.
    private(set) var isUp = true
    /// Whether the network reaches its host.
    var isReachable = true
    /// The highest number that it has been told in this run: it asks for what comes after.
    private(set) var after: Int64 = 0
    /// Commands that it was told in this run and that are not acknowledged, with the answer once there is one.
    private(set) var commands: [Int64: (command: AgentCommand, answer: HostTaskAnswer?)] = [:]
    /// Commands whose answer the server has taken.
    private(set) var settled: Set<Int64> = []

    /// Whether it can be talked to.
    var isConnected: Bool { isUp && isReachable }

    mutating func crash() {
        isUp = false
        after = 0
        commands = [:]
        settled = []
    }

    /// Starts it; nothing where it is up already, as after two crashes in a row.
    mutating func start() {
        guard !isUp else { return }
        run += 1
        isUp = true
    }

    /// Whether the command is new to this run, and so is to be done.
    mutating func takes(_ command: AgentCommand) -> Bool {
        after = max(after, command.number)
        guard commands[command.number] == nil, !settled.contains(command.number) else { return false }
        commands[command.number] = (command, nil)
        return true
    }

    mutating func finish(_ number: Int64, _ answer: HostTaskAnswer) {
        commands[number]?.answer = answer
    }

    mutating func settle(_ number: Int64) {
        commands[number] = nil
        settled.insert(number)
    }
}
