import FleetModel
import Foundation
import Placement
import Remediation

extension Simulation {
    static func logarithm(_ value: Double) -> Double { log(value) }

    mutating func play(_ event: Event) async throws {
        switch event {
        case .sample: sample()
        case .round: try await round()
        case .tick: try await tick()
        case .operatorMove: try await moveByHand()
        case .report(let host): try await sendReport(of: host)
        case .lateReport(let report, let run): try await deliverLate(report, run: run)
        case .poll(let host): poll(host)
        case .deliver(let host, let run, let command): try deliver(command, to: host, run: run)
        case .performed(let host, let run, let number, let answer): performed(host, run, number, answer)
        case .answer(let host, let run, let number): try await sendAnswer(host, run, number)
        case .repeatedAnswer(let number, let answer):
            try await feed(.answered(command: number, answer: answer, time: serverTime))
        case .migrationEnds(let host, let id, let attempt, let lasting):
            try endMigration(of: id, on: host, attempt: attempt, lasting: lasting)
        case .agentCrash(let host), .agentStart(let host), .outage(let host), .outageEnd(let host):
            disturb(host, event)
        case .flap(let host, let left): flap(host, left: left)
        case .migrationStalls(let host, let id, let attempt): try stall(id, on: host, attempt: attempt)
        case .foreignMove: moveByOthers()
        case .diskFills, .diskHasRoom, .clockJumps, .clockIsRight: disturbServer(event)
        case .stop: try await stopEverything()
        case .goOn: try await ask(.release(.fleet))
        case .checkAudit:
            agenda.add(.checkAudit, at: now + Self.auditInterval)
            try await checkAudit()
        case .serverStart: try await startServer()
        }
    }

    // MARK: What happens all the time

    private mutating func sample() {
        agenda.add(.sample, at: now + plan.sampleInterval)
        fleet.run(for: plan.sampleInterval, until: now)
        fleet.giveUpWaiting(at: now)
        for host in agents.keys.sorted() {
            let room = Double(fleet.hosts[host]?.logicalProcessors ?? 1) * plan.settings.planner.processorCeiling
            if fleet.hosts[host]?.wanted ?? 0 > room { report.hotSeconds += plan.sampleInterval.inSeconds }
            guard agents[host]?.isConnected == true else { continue }
            server.series.add(fleet.samples(of: host), at: hostTime(host))
        }
    }

    private mutating func round() async throws {
        agenda.add(.round, at: now + plan.roundInterval)
        guard server.isUp else { return }
        report.rounds += 1
        try await feed(.round(try await server.round(at: serverTime)))
    }

    private mutating func tick() async throws {
        agenda.add(.tick, at: now + plan.tickInterval)
        try await feed(.tick(serverTime))
        try await approveAsOperator()
        try checkReasons()
    }

    // MARK: Commands and answers

    /// The agent opens its poll again and again, and so hears of what got lost.
    private mutating func poll(_ host: HostName) {
        agenda.add(.poll(host), at: now + .seconds(25))
        guard let agent = agents[host], agent.isConnected else { return }
        for command in server.loop?.openCommands(of: host) ?? []
        where command.number > agent.after || agent.commands[command.number] == nil {
            agenda.add(.deliver(host, run: agent.run, command), at: now + delay())
        }
    }

    private mutating func send(_ commands: [AgentCommand]) throws {
        for command in commands {
            let isSettled = record.lastForeignMove.map { now - $0 > .seconds(300) } ?? true
            if isSettled, let violation = invariants.limitBroken(by: command, loop: server.loop, fleet: fleet, at: now)
            {
                throw broken(violation)
            }
            guard let agent = agents[command.host], agent.isConnected, !draws(.lostMessage, faults.lossShare) else {
                continue
            }
            agenda.add(.deliver(command.host, run: agent.run, command), at: now + delay())
            if draws(.doubledMessage, faults.doubledCommandShare) {
                agenda.add(.deliver(command.host, run: agent.run, command), at: now + delay())
            }
        }
    }

    private mutating func deliver(_ command: AgentCommand, to host: HostName, run: Int) throws {
        guard var agent = agents[host], agent.isConnected, agent.run == run else { return }
        let isNew = agent.takes(command)
        agents[host] = agent
        guard isNew else { return }
        switch fleet.perform(command.task, on: host, at: now) {
        case .answer(let answer):
            agenda.add(.performed(host, run: run, command: command.number, answer), at: now + .milliseconds(50))
        case .sending(let attempt, let lasting, let isNew):
            if isNew { planEnd(of: command, on: host, attempt: attempt, lasting: lasting) }
        }
        try checkInvariants()
    }

    private mutating func performed(_ host: HostName, _ run: Int, _ number: Int64, _ answer: HostTaskAnswer) {
        guard agents[host]?.run == run, agents[host]?.isUp == true else { return }
        agents[host]?.finish(number, answer)
        agenda.add(.answer(host, run: run, command: number), at: now + delay())
    }

    /// An agent says its answer until the server has taken it.
    private mutating func sendAnswer(_ host: HostName, _ run: Int, _ number: Int64) async throws {
        guard let agent = agents[host], agent.run == run, agent.isUp, let answer = agent.commands[number]?.answer
        else { return }
        let isHeard =
            agent.isReachable && !tellingLate.contains(host) && !draws(.lostMessage, faults.lossShare)
        if isHeard, server.isUp, draws(.doubledMessage, faults.repetitionShare) {
            agenda.add(.repeatedAnswer(command: number, answer), at: now + delay())
        }
        if isHeard {
            // The agent tells of its VMs with every change, and the server hears of that first.
            try await reportNow(host)
        }
        let isTaken =
            isHeard ? try await feed(.answered(command: number, answer: answer, time: serverTime)) : false
        // The acknowledgement may get lost as well.
        if isTaken && !draws(.lostMessage, faults.lossShare) {
            agents[host]?.settle(number)
        } else {
            agenda.add(.answer(host, run: run, command: number), at: now + .seconds(5))
        }
        if isTaken { try await reportNow(host) }
    }

    private mutating func endMigration(
        of id: VirtualMachineID, on host: HostName, attempt: Int, lasting: Duration
    ) throws {
        if draws(.brokenStream, faults.brokenStreamShare) {
            if fleet.hosts[host]?.processes[id]?.attempt == attempt { fleet.breakStream(of: id, from: host) }
        } else {
            let dies = draws(.destinationDeath, faults.destinationDeathShare)
            fleet.endMigration(of: id, on: host, attempt: attempt, lasting: lasting, destinationDies: dies)
        }
        try checkInvariants()
        tellEnd(of: id, on: host, "the stream broke")
    }

    /// A stream that is slow enough does not come to its end within its time limit.
    private mutating func planEnd(of command: AgentCommand, on host: HostName, attempt: Int, lasting: Duration) {
        guard case .send(let outgoing) = command.task else { return }
        let id = outgoing.virtualMachine
        let isSlow = draws(.slowMigration, faults.slowMigrationShare)
        let whole = isSlow ? lasting * Int.random(in: 2...60, using: &network) : lasting
        let limit = Duration.seconds(outgoing.timeLimitSeconds)
        if whole > limit {
            agenda.add(.migrationStalls(host, id, attempt: attempt), at: now + limit)
        } else {
            agenda.add(.migrationEnds(host, id, attempt: attempt, lasting: whole), at: now + whole)
        }
    }

    private mutating func stall(_ id: VirtualMachineID, on host: HostName, attempt: Int) throws {
        report.stalls += 1
        if fleet.hosts[host]?.processes[id]?.attempt == attempt { fleet.breakStream(of: id, from: host) }
        try checkInvariants()
        tellEnd(of: id, on: host, "not done within its time limit")
    }

    /// Whoever waits for the end of sending learns it now; an agent that has crashed meanwhile asks again.
    private mutating func tellEnd(of id: VirtualMachineID, on host: HostName, _ problem: String) {
        guard let agent = agents[host], agent.isUp else { return }
        for (number, entry) in agent.commands.sorted(by: { $0.key < $1.key }) where entry.answer == nil {
            guard case .send(let outgoing) = entry.command.task, outgoing.virtualMachine == id else { continue }
            let figures = fleet.hosts[host]?.processes[id]?.figures
            let answer = figures.map(HostTaskAnswer.sent) ?? .failed(problem)
            agenda.add(.performed(host, run: agent.run, command: number, answer), at: now)
        }
    }

    mutating func delay() -> Duration {
        .milliseconds(Int64.random(in: 5...max(6, faults.longestDelay.milliseconds), using: &network))
    }

    // MARK: The server

    /// Gives the server an event. Whether it took it: everything that had to be durable is.
    @discardableResult
    mutating func feed(_ event: ControlEvent) async throws -> Bool {
        guard let before = server.loop else { return false }
        let holds = before.openHolds
        defer { noteStandDowns(since: holds) }
        return try await settle(before, try await server.take(event, faults: faults, using: &crashes))
    }

    @discardableResult
    private mutating func settle(_ before: ControlLoop?, _ result: SimulatedServer.Result) async throws -> Bool {
        switch result {
        case .done(let issued, let changed):
            if let before {
                try checkBeginnings(issued, before)
                if changed { try checkOutcomes(before) }
            }
            try send(issued)
            if changed { try checkInvariants() }
            return true
        case .failed:
            report.drawn[.failedCommit, default: 0] += 1
            return false
        case .crashed(let issued):
            try send(issued)
            report.serverCrashes += 1
            agenda.add(.serverStart, at: now + .seconds(Int64.random(in: 2...90, using: &crashes)))
            return false
        }
    }

    private mutating func startServer() async throws {
        guard !server.isUp else { return }
        try await settle(nil, try await server.start(at: serverTime, faults: faults, using: &crashes))
    }
}
