import FleetModel
import Foundation
import HostRuntime

/// Moves load guests between two runtimes in this process, as the server has two agents do it, and compares with what
/// was foretold.
final class MigrationBenchmark: Sendable {
    /// One move.
    struct Move: Codable {
        /// Bytes.
        var memory: Int64
        var dirtyPages: Int
        /// Bytes a second.
        var bandwidth: Int64
        /// Milliseconds, all of them.
        var expectedTotal: Int?
        var total: Int
        var expectedDowntime: Int?
        var downtime: Int
        var gap: Int?
        var added: Int

        var totalRatio: Double? { expectedTotal.map { Double($0) / Double(max(1, total)) } }
        var downtimeRatio: Double? { expectedDowntime.map { Double($0) / Double(max(1, downtime)) } }
    }

    /// All of them.
    struct Report: Codable {
        var moves: [Move]

        var totalWithin20Percent: Double { share { $0.totalRatio.map { (0.8...1.2).contains($0) } ?? false } }
        var downtimeWithinFactor2: Double { share { $0.downtimeRatio.map { (0.5...2).contains($0) } ?? false } }
        /// QEMU counts whole milliseconds, so a factor of two of 1 ms is anything up to 3.
        var downtimeWithinFactor2ToTheMillisecond: Double {
            share { move in
                guard let expected = move.expectedDowntime else { return false }
                return expected + 1 >= move.downtime / 2 && expected <= 2 * move.downtime + 1
            }
        }
        var medianAdded: Int? { moves.map(\.added).sorted().dropFirst(moves.count / 2).first }
        var mostAdded: Int? { moves.map(\.added).max() }

        private func share(_ holds: (Move) -> Bool) -> Double {
            moves.isEmpty ? 0 : Double(moves.count(where: holds)) / Double(moves.count)
        }
    }

    /// From one look at a guest's memory to the next.
    private static let betweenSurveys: Duration = .seconds(5)

    private let fleet: LocalFleet
    private let hosts: [LocalFleet.Host]
    private let runtimes: [QEMURuntime]
    private let service: Task<Void, Never>
    private let accelerator: AcceleratorChoice
    /// What the moves so far have shown, as a server would know it.
    private let experience = Locked(MigrationExperience())

    init(accelerator: AcceleratorChoice) throws {
        guard let cluster = ClusterName("bench") else { throw CommandFailure(.wrongUse, "no name") }
        let fleet = try LocalFleet(cluster: cluster, port: 0, executable: Daemon.executable)
        let processors = try MachineProcessors.allowed()
        hosts = ["alpha", "beta"].compactMap { HostName($0) }.map {
            LocalFleet.Host(name: $0, logicalProcessors: processors, memory: .gibibytes(64))
        }
        let runtimes = try hosts.map { try fleet.runtime(of: $0) }
        self.fleet = fleet
        self.runtimes = runtimes
        self.accelerator = accelerator
        service = Task {
            await withDiscardingTaskGroup { group in
                for runtime in runtimes { group.addTask { await runtime.run() } }
            }
        }
    }

    func tearDown() {
        service.cancel()
        fleet.tearDown()
    }

    /// Starts a guest, moves it, ends it.
    func move(memory: Bytes, dirtyPages: Int, bandwidth: Bytes) async throws -> Move {
        guard let name = Name<VirtualMachineKind>("pulse") else { throw CommandFailure(.wrongUse, "no name") }
        var generator = SystemRandomNumberGenerator()
        let definition = VirtualMachineDefinition(
            id: .random(using: &generator), name: name, virtualProcessors: 1,
            memory: memory, accelerator: accelerator, firmware: fleet.folder.firmware)
        _ = try await perform(.start(definition), on: 0)
        let consoles = GuestConsoles(machines: [definition.id], hosts: hosts.map(\.name)) { [fleet] machine, host in
            fleet.console(of: machine, on: host)
        }
        defer { consoles.close() }
        try await set(definition, dirtyPages, consoles)
        // An agent looks at its guests again and again, so the second look is what a server knows.
        _ = await runtimes[0].survey(definition.id)
        try await WallClock().sleep(for: Self.betweenSurveys)
        guard let survey = await runtimes[0].survey(definition.id) else {
            throw CommandFailure(.environment, "the guest's memory cannot be read: this needs the right to trace it")
        }
        let forecaster = MigrationForecaster(
            memory: memory, survey: survey,
            conditions: .init(
                bandwidth: bandwidth, timeLimitSeconds: 60, experience: experience.withLock { $0 }))
        let forecast = forecaster.forecast(MigrationMethod())
        let status = await runtimes[0].virtualMachines().first { $0.definition.id == definition.id }
        let request = MigrationRequest(
            definition: definition, accelerator: status?.accelerator ?? .tcg, source: hosts[0].name,
            destination: hosts[1].name, bandwidthLimit: bandwidth, timeLimitSeconds: 60)
        let begin = WallClock().now
        let clock = ContinuousClock.now
        let outcome = try await drive(request)
        let wall = ContinuousClock.now - clock
        let end = WallClock().now
        guard case .succeeded(let figures?) = outcome else {
            throw CommandFailure(.no, "a move did not succeed: \(outcome)")
        }
        experience.withLock { $0.learn(forecast, figures) }
        let gap = try await gap(definition.id, consoles, from: begin, through: end)
        _ = try await perform(.stop(definition.id, force: true), on: 1)
        _ = try await perform(.remove(definition.id), on: 1)
        return Move(
            memory: memory.count, dirtyPages: dirtyPages, bandwidth: bandwidth.count,
            expectedTotal: forecast.totalMilliseconds, total: figures.totalMilliseconds,
            expectedDowntime: forecast.downtimeMilliseconds, downtime: figures.downtimeMilliseconds, gap: gap,
            added: Int(wall.inSeconds * 1000) - figures.totalMilliseconds)
    }

    /// Has the guest hold three quarters of its memory and write to it, and waits until it does.
    private func set(_ definition: VirtualMachineDefinition, _ pages: Int, _ consoles: GuestConsoles) async throws {
        let filled = Int(definition.memory.count >> 20) * 3 / 4
        try await eventually { consoles.ticks(of: definition.id).ticks.count > 2 }
        try consoles.tell(definition.id, .fill(mebibytes: filled))
        try await eventually { consoles.settings(of: definition.id)?.filledMiB == filled }
        try consoles.tell(definition.id, .dirty(pagesPerSecond: pages))
        try await eventually { consoles.settings(of: definition.id)?.dirtyPagesPerSecond == pages }
    }

    /// The longest silence around the move, once the guest was heard again.
    private func gap(
        _ machine: VirtualMachineID, _ consoles: GuestConsoles, from begin: Timestamp, through end: Timestamp
    ) async throws -> Int? {
        let destination = hosts[1].name
        try await eventually { consoles.ticks(of: machine).count(from: destination, since: end) > 2 }
        return consoles.ticks(of: machine).longestGap(from: begin, through: end)
    }

    private func eventually(_ condition: () -> Bool) async throws {
        let clock = WallClock()
        let deadline = clock.now + .seconds(60)
        while !condition() {
            if clock.now > deadline { throw CommandFailure(.environment, "the load guest does not do as it is told") }
            try await clock.sleep(for: .milliseconds(5))
        }
    }

    private func perform(_ task: HostTask, on host: Int) async throws -> HostTaskAnswer {
        let answer = await runtimes[host].perform(task) { _ in }
        switch answer {
        case .refused(let why), .failed(let why): throw CommandFailure(.environment, why)
        default: return answer
        }
    }

    /// Asks one after the other what the machine wants asked.
    private func drive(_ request: MigrationRequest) async throws -> MigrationOutcome {
        var machine = MigrationMachine(request)
        var actions = machine.receive(.begin)
        while machine.outcome == nil {
            guard case .ask(let side, let task)? = actions.first(where: { if case .ask = $0 { true } else { false } })
            else { throw CommandFailure(.no, "the migration waits for nothing") }
            let answer = await runtimes[side == .source ? 0 : 1].perform(task) { _ in }
            actions = machine.receive(.answered(side, task, answer))
        }
        return machine.outcome ?? .cancelled(reason: "")
    }
}
