import FleetModel
import FleetState
import Remediation
import RulePacks

/// Plays a fleet through a plan: the real control loop, planner, rules, evaluator and state store; simulated are hosts,
/// guests, network and time. The same plan plays the same way.
public struct Simulation: Sendable {
    enum Event: Sendable {
        case sample, round, tick, operatorMove
        case report(HostName)
        case poll(HostName)
        case deliver(HostName, run: Int, AgentCommand)
        case performed(HostName, run: Int, command: Int64, HostTaskAnswer)
        case answer(HostName, run: Int, command: Int64)
        case repeatedAnswer(command: Int64, HostTaskAnswer)
        case lateReport(HostReport, run: Int)
        case migrationEnds(HostName, VirtualMachineID, attempt: Int, lasting: Duration)
        case agentCrash(HostName), agentStart(HostName)
        case outage(HostName), outageEnd(HostName)
        case flap(HostName, left: Int)
        case migrationStalls(HostName, VirtualMachineID, attempt: Int)
        case foreignMove
        case diskFills, diskHasRoom
        case clockJumps, clockIsRight
        case stop, goOn
        case checkAudit
        case serverStart
    }

    let plan: SimulationPlan
    let invariants: Invariants
    var agenda = Agenda<Event>()
    var now: Timestamp
    var fleet: SimulatedFleet
    var agents: [HostName: SimulatedAgent]
    var server: SimulatedServer
    var report = SimulationReport()
    /// One sequence for each kind of chance, so that they do not disturb each other.
    var network: SeededGenerator
    var crashes: SeededGenerator
    var people: SeededGenerator
    var nextRequest: Int64 = 0
    /// How far the server's clock is off.
    var clockError = Duration.zero
    var isDiskFull = false
    /// How far each host's clock is off.
    var skews: [HostName: Duration] = [:]
    /// Hosts whose last report is still under way.
    var tellingLate: Set<HostName> = []
    var record = BehaviourRecord()

    /// What the server's clock shows.
    var serverTime: Timestamp { now + clockError }

    /// A simulation of `fleet`, with `packs` for rules and `store` for a disk.
    public init(plan: SimulationPlan, fleet: SimulatedFleet, packs: [RulePack], store: FleetStateStore) {
        self.plan = plan
        self.fleet = fleet
        var generator = SeededGenerator(seed: plan.seed)
        network = generator.split()
        crashes = generator.split()
        people = generator.split()
        now = plan.start
        let machines = fleet.hosts.values.flatMap(\.processes.keys).sorted()
        invariants = Invariants(
            settings: plan.settings, machines: machines,
            horizon: LoadQueries().window + plan.roundInterval + plan.sampleInterval
                + (plan.faults.clockSkewShare > 0 ? FaultRates.longestSkew : .zero))
        agents = fleet.hosts.mapValues { _ in SimulatedAgent() }
        server = SimulatedServer(store: store, packs: packs, settings: plan.settings, queries: LoadQueries())
    }

    /// Plays it to its end. Throws `SimulationError.broken` at the first moment at which something is wrong.
    public mutating func run() async throws -> SimulationReport {
        try await begin()
        while let (time, event) = agenda.next(before: plan.end) {
            now = time
            report.events += 1
            try await play(event)
        }
        try await conclude()
        return report
    }

    /// What goes wrong now.
    var faults: FaultRates {
        guard now < plan.calmFrom else { return FaultRates() }
        var faults = plan.faults
        if isDiskFull { faults.commitFailureShare = 1 }
        return faults
    }

    func broken(_ what: String) -> SimulationError {
        .broken(replay: plan.replay, time: now, what: what)
    }

    func checkInvariants() throws {
        if let violation = invariants.violation(fleet: fleet, loop: server.loop) { throw broken(violation) }
    }

    private mutating func begin() async throws {
        let policy = try plan.policy.applying(
            .setAutomation(AutomationRule(scope: .fleet, level: plan.level)))
        try await server.store.commit([
            .savePolicy(PolicyVersion(policy: policy, time: now, actor: "simulation", change: "level"))
        ])
        agenda.add(.serverStart, at: now)
        for host in agents.keys.sorted() where draws(.skewedClock, plan.faults.clockSkewShare) {
            let limit = FaultRates.longestSkew.milliseconds
            skews[host] = .milliseconds(Int64.random(in: -limit...limit, using: &network))
        }
        for (place, host) in agents.keys.sorted().enumerated() {
            let offset = Duration.milliseconds(137 * place)
            agenda.add(.report(host), at: now + offset)
            agenda.add(.poll(host), at: now + offset)
            planFault(.agentCrash(host), perHour: plan.faults.agentCrashesPerHour)
            planFault(.outage(host), perHour: plan.faults.outagesPerHour)
        }
        agenda.add(.sample, at: now)
        agenda.add(.tick, at: now + plan.tickInterval)
        agenda.add(.round, at: now + plan.roundInterval)
        planFault(.operatorMove, perHour: plan.operatorMovesPerHour)
        for host in agents.keys.sorted() { planFault(.flap(host, left: 6), perHour: plan.faults.flapsPerHour) }
        planFault(.foreignMove, perHour: plan.faults.foreignMovesPerHour)
        planFault(.diskFills, perHour: plan.faults.fullDisksPerHour)
        planFault(.clockJumps, perHour: plan.faults.clockJumpsPerHour)
        planFault(.stop, perHour: plan.faults.stopsPerHour)
        agenda.add(.checkAudit, at: now + Self.auditInterval)
    }

    private mutating func conclude() async throws {
        try checkInvariants()
        try await checkAudit()
        guard let loop = server.loop else { throw broken("the server is down at the end") }
        if let violation = try await invariants.finalViolation(loop: loop, store: server.store) {
            throw broken(violation)
        }
        let history = try await server.store.history(limit: .max)
        for tip in history.tips + loop.openTips { report.tips[tip.state, default: 0] += 1 }
        for operation in history.operations { report.operations[operation.state, default: 0] += 1 }
    }

    /// Draws whether something goes wrong with a message or a migration, and counts it.
    mutating func draws(_ fault: DrawnFault, _ share: Double) -> Bool {
        guard share > 0, network.chance(share) else { return false }
        report.drawn[fault, default: 0] += 1
        return true
    }

    /// Plans the next of something that happens at random, `rate` times an hour.
    mutating func planFault(_ event: Event, perHour rate: Double) {
        guard rate > 0 else { return }
        let wait = -3600 / rate * Self.logarithm(Double.random(in: 0.0001..<1, using: &crashes))
        let time = now + .milliseconds(Int64(wait * 1000))
        if time < plan.calmFrom { agenda.add(event, at: time) }
    }
}
