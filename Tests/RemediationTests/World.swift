import FleetModel
import Placement
import Remediation
import RulePacks
import Testing

/// A fleet of a few hosts around a real control loop: what agents would answer, and what a store would keep, are played
/// by hand, one event at a time.
struct World {
    var loop: ControlLoop
    var journal = Journal()
    var now = Timestamp(milliseconds: 1_000_000)
    var hosts: [HostRecord] = []
    var use: [HostName: Double] = [:]
    var machineUse: [VirtualMachineID: Double] = [:]
    /// Everything that the last event brought about.
    var actions: [ControlAction] = []

    static let cluster = Sample.name("main", ClusterName.init)

    init(settings: ControlSettings = ControlSettings(), level: AutomationLevel = .operator) {
        loop = ControlLoop(settings: settings)
        journal.state.policy.version = 1
        journal.state.policy.automation = [AutomationRule(scope: .fleet, level: level)]
        take(.restored(journal.state, time: now))
    }

    /// A hot host with three VMs, and an idle one.
    static func hot(settings: ControlSettings = ControlSettings(), level: AutomationLevel = .operator) -> World {
        var world = World(settings: settings, level: level)
        world.add("h1", use: 0.9, machines: [1: 1.2, 2: 1.2, 3: 1.2])
        world.add("h2", use: 0.05, machines: [:])
        return world
    }

    /// A hot host with three VMs, and two idle ones.
    static func roomy(settings: ControlSettings = ControlSettings(), level: AutomationLevel = .operator) -> World {
        var world = hot(settings: settings, level: level)
        world.add("h3", use: 0.05, machines: [:])
        return world
    }

    mutating func add(_ name: String, use share: Double?, machines: [Int: Double]) {
        let host = Sample.host(name)
        let statuses = machines.keys.sorted().map { Sample.status($0, .running) }
        hosts.append(Sample.record(host, machines: statuses, at: now))
        use[host] = share
        for (number, load) in machines { machineUse[Sample.machine(number)] = load }
        report(name)
    }

    // MARK: Events

    mutating func take(_ event: ControlEvent) {
        actions = loop.receive(event)
        for action in actions {
            if case .commit(let changes) = action { journal.apply(changes) }
        }
    }

    mutating func pass(_ seconds: Int) {
        now = now + .seconds(seconds)
        take(.tick(now))
    }

    mutating func report(_ name: String) {
        guard let place = hosts.firstIndex(where: { $0.report.host.text == name }) else { return }
        hosts[place].received = now
        take(.report(hosts[place]))
    }

    mutating func reportAll() {
        for host in hosts { report(host.report.host.text) }
    }

    mutating func round(
        _ alerts: [ActiveAlert] = [], healthy: [AlertKey] = [], failures: [RuleFailure] = [],
        unmeasured: Set<AlertKey> = []
    ) {
        let readings = LoadReadings(
            time: now, window: .seconds(60), hostProcessorUse: use, virtualMachineUse: machineUse)
        var round = AlertRound(time: now, alerts: alerts, healthy: healthy, failures: failures)
        round.unmeasured = unmeasured
        take(.round(ControlRound(alerts: round, readings: readings)))
    }

    /// Time passes, every host reports, and the next round finds h1 hot still.
    mutating func look(after seconds: Int, healthy: [AlertKey] = []) {
        pass(seconds)
        reportAll()
        round([Sample.hot("h1")], healthy: healthy)
    }

    @discardableResult
    mutating func ask(_ kind: ControlRequest.Kind, by actor: String = "ann") -> ControlReply? {
        take(.request(ControlRequest(id: 42, actor: actor, time: now, kind: kind)))
        return actions.lazy.compactMap { action in
            if case .reply(42, let reply) = action { reply } else { nil }
        }.first
    }

    mutating func expect(
        _ reply: ControlReply, for kind: ControlRequest.Kind, by actor: String = "ann",
        at place: SourceLocation = #_sourceLocation
    ) {
        let given = ask(kind, by: actor)
        #expect(given == reply, sourceLocation: place)
    }

    mutating func answer(_ command: AgentCommand, _ answer: HostTaskAnswer) {
        now = now + .milliseconds(200)
        take(.answered(command: command.number, answer: answer, time: now))
    }

    /// The hosts ask what there is to do.
    mutating func handOut() { take(.handedOut(openCommands.map(\.number), time: now)) }

    /// Plays the moves that are under way to their ends, with their VMs where they went, and the next round.
    mutating func carryOutMoves() {
        for move in loop.openOperations.compactMap(\.move) {
            let number = (1...3).first { Sample.machine($0) == move.virtualMachine } ?? 1
            carryOutAll()
            relocate(number, to: move.destination.text)
        }
        pass(61)
        reportAll()
        round()
    }

    /// Answers every command as hosts do when all goes well, and moves the VM in their reports.
    mutating func carryOutAll() {
        while let command = openCommands.first {
            switch command.task {
            case .prepareIncoming: answer(command, .listening(address: "tcp:127.0.0.1:49152"))
            case .send:
                answer(
                    command,
                    .sent(
                        MigrationFigures(totalMilliseconds: 900, downtimeMilliseconds: 12, transferred: .mebibytes(64)))
                )
            case .inspect: answer(command, .state(.running))
            default: answer(command, .done)
            }
        }
    }

    /// The VM runs there now, as the next reports will say.
    mutating func relocate(_ number: Int, to name: String) {
        for place in hosts.indices {
            hosts[place].report.virtualMachines.removeAll { $0.definition.id == Sample.machine(number) }
            if hosts[place].report.host.text == name {
                hosts[place].report.virtualMachines.append(Sample.status(number, .running))
            }
        }
    }

    /// The VM's process ended, as the next reports will say.
    mutating func stop(_ id: VirtualMachineID, on name: String) {
        guard let host = hosts.firstIndex(where: { $0.report.host.text == name }),
            let place = hosts[host].report.virtualMachines.firstIndex(where: { $0.definition.id == id })
        else { return }
        hosts[host].report.virtualMachines[place].state = .stopped
    }

    /// The server dies, and another run takes up what was stored.
    mutating func restart() {
        loop = ControlLoop(settings: loop.settings)
        take(.restored(journal.state, time: now))
    }

    /// Sets how far Evenkeel goes in a scope.
    mutating func set(_ level: AutomationLevel, in scope: AutomationScope = .fleet, from threshold: TipLevel = .warning)
    {
        ask(.changePolicy(.setAutomation(AutomationRule(scope: scope, level: level, threshold: threshold))))
    }

    // MARK: Views

    var openCommands: [AgentCommand] {
        hosts.flatMap { loop.openCommands(of: $0.report.host) }.sorted { $0.number < $1.number }
    }

    var issued: [AgentCommand] {
        actions.compactMap { if case .issue(let command) = $0 { command } else { nil } }
    }

    /// The latest tip, open or ended.
    var tip: Tip? { loop.tip(journal.lastNumbers.tip) }
    var operation: FleetModel.Operation? { loop.operation(journal.lastNumbers.operation) }
}

/// What a store keeps, applied in memory.
struct Journal {
    var state = StoredState()
    var audit: [AuditEntry] = []
    var commits = 0
    var lastNumbers: LastNumbers { state.lastNumbers }

    mutating func apply(_ changes: [StateChange]) {
        commits += 1
        for change in changes { apply(change) }
    }

    private mutating func apply(_ change: StateChange) {
        switch change {
        case .saveHost(let record):
            state.hosts.removeAll { $0.report.host == record.report.host }
            state.hosts.append(record)
        case .saveTip(let tip):
            state.lastNumbers.tip = max(state.lastNumbers.tip, tip.number)
            state.tips.removeAll { $0.number == tip.number }
            state.endedTips.removeAll { $0.number == tip.number }
            if tip.state.isFinal { state.endedTips.append(tip) } else { state.tips.append(tip) }
        case .saveOperation(let operation):
            state.lastNumbers.operation = max(state.lastNumbers.operation, operation.number)
            state.operations.removeAll { $0.number == operation.number }
            state.endedOperations.removeAll { $0.number == operation.number }
            if operation.state.isFinal {
                state.endedOperations.append(operation)
            } else {
                state.operations.append(operation)
            }
        case .saveCommand(let command):
            state.lastNumbers.command = max(state.lastNumbers.command, command.number)
            state.commands.append(command)
        case .answerCommand(let number, _, _): state.commands.removeAll { $0.number == number }
        case .savePack: break
        case .savePolicy(let version): state.policy = version.policy
        case .saveHold(let hold):
            state.holds.removeAll { $0.scope == hold.scope }
            state.holds.append(hold)
        case .removeHold(let scope): state.holds.removeAll { $0.scope == scope }
        case .audit(let entry): audit.append(entry)
        case .removeHost(let host): state.hosts.removeAll { $0.report.host == host }
        case .saveToken, .saveParameter, .removeParameter: break
        }
    }
}
