import FleetModel
import FoundationEssentials
import Glibc
import Testing

@testable import HostRuntime

/// Whatever dies at whatever step of a migration, the VM runs once afterwards, or is down in one place where its QEMU was
/// killed; the record says which, and nothing else is left.
@Suite("Kills at every step of a migration", .timeLimit(.minutes(5))) struct KillMatrixTests {
    /// What dies.
    enum Victim: String, CaseIterable, Sendable {
        case sourceQEMU, destinationQEMU, sourceAgent, destinationAgent, server
    }
    /// When: right before a step is asked for, or after it was done and before its answer is heard.
    enum Moment: CaseIterable, Sendable { case before, answerLost }

    @Test(arguments: Victim.allCases, MigrationMethod.Kind.allCases)
    func theVirtualMachineRunsInOnePlaceAndTheRecordSaysWhere(
        _ victim: Victim, _ kind: MigrationMethod.Kind
    ) async throws {
        for moment in Moment.allCases {
            for step in 0..<(kind == .live ? 4 : 5) {
                try await check(victim, moment, step, MigrationMethod(kind: kind))
            }
        }
    }

    private func check(_ victim: Victim, _ moment: Moment, _ step: Int, _ method: MigrationMethod) async throws {
        let place = "\(victim) \(moment) step \(step) \(method.text)"
        let root = try temporaryFolder()
        defer { endProcesses(under: root) }
        let hosts = try ["a", "b"].map { try MortalHost($0, root) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for host in hosts { group.addTask { await host.lookAfter() } }
            defer {
                for host in hosts { host.retire() }
                group.cancelAll()
            }
            let vm = try pulse(near: hosts[0].folder)
            guard await hosts[0].ask(.start(vm)).isDone else { throw Unexpected("\(place): did not start") }
            let request = MigrationRequest(
                definition: vm, accelerator: .tcg, source: hosts[0].name, destination: hosts[1].name,
                timeLimitSeconds: 20, method: method)
            var run = MigrationRun(request, hosts)
            while let side = run.nextSide {
                if run.steps == step, moment == .before { try await kill(victim, &run, hosts, vm.id) }
                let wasStep = run.steps
                try await run.perform(side, answerIsLost: wasStep == step && moment == .answerLost)
                if wasStep == step, moment == .answerLost { try await kill(victim, &run, hosts, vm.id) }
                if run.steps > 300 { throw Unexpected("\(place): has no end: \(run.log.suffix(6))") }
            }
            try await verify(place, victim, run, hosts, vm.id, root)
        }
    }

    private func kill(
        _ victim: Victim, _ run: inout MigrationRun, _ hosts: [MortalHost], _ id: VirtualMachineID
    ) async throws {
        switch victim {
        case .sourceQEMU: try await hosts[0].killQEMU(id)
        case .destinationQEMU: try await hosts[1].killQEMU(id)
        case .sourceAgent: try await hosts[0].restart()
        case .destinationAgent: try await hosts[1].restart()
        case .server: try run.reload()
        }
    }

    private func verify(
        _ place: String, _ victim: Victim, _ run: MigrationRun, _ hosts: [MortalHost], _ id: VirtualMachineID,
        _ root: String
    ) async throws {
        let outcome = try #require(run.outcome)
        let states = [try await hosts[0].state(id), try await hosts[1].state(id)]
        let story: Comment = "\(place): \(outcome), states \(states.map { $0?.rawValue ?? "-" }), \(run.log)"
        let owners = states.indices.filter { states[$0]?.ownsGuest == true }
        let home = outcome.location.map { $0 == .source ? 0 : 1 }
        if victim == .sourceQEMU || victim == .destinationQEMU {
            #expect(owners.count <= 1, story)
        } else {
            #expect(owners.count == 1, story)
        }
        if let owner = owners.first { #expect(home == owner, story) }
        let home2 = try #require(home, story)
        // The other host has nothing of it: no record, no process, no socket.
        #expect(states[1 - home2] == nil, story)
        let passing = try FileManager.default.contentsOfDirectory(atPath: MortalHost.shared(root))
        #expect(passing == [], story)
        let left = try FileManager.default.contentsOfDirectory(atPath: hosts[1 - home2].folder)
        #expect(left == ["agent.lock"], story)
        #expect(processes(of: id) == owners.count, story)
    }

    private func processes(of id: VirtualMachineID) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap(pid_t.init).count { number in
            guard let handle = try? ProcessHandle(number) else { return false }
            return handle.isAlive && handle.arguments.contains(id.text)
        }
    }
}

/// A host whose agent can be killed and come back.
private final class MortalHost: Sendable {
    let name: HostName
    let folder: String
    private let configuration: RuntimeConfiguration
    private let runtime: Locked<QEMURuntime>
    private let agents: AsyncStream<QEMURuntime>
    private let next: AsyncStream<QEMURuntime>.Continuation

    init(_ name: String, _ root: String) throws {
        self.name = try Fixture.name(name)
        folder = "\(root)/\(name)"
        try FileManager.default.createDirectory(atPath: Self.shared(root), withIntermediateDirectories: true)
        var configuration = RuntimeConfiguration(folder: folder, shutdownSeconds: 1)
        configuration.sharedFolder = Self.shared(root)
        self.configuration = configuration
        let first = try QEMURuntime(configuration, log: quiet)
        runtime = Locked(first)
        (agents, next) = AsyncStream.makeStream()
        next.yield(first)
    }

    static func shared(_ root: String) -> String { "\(root)/shared" }

    /// Runs one agent after the other.
    func lookAfter() async {
        await withDiscardingTaskGroup { group in
            for await agent in agents { group.addTask { await agent.run() } }
            group.cancelAll()
        }
    }

    func retire() { next.finish() }

    func ask(_ task: HostTask) async -> HostTaskAnswer {
        await runtime.withLock { $0 }.perform(task) { _ in }
    }

    func state(_ id: VirtualMachineID) async throws -> VirtualMachineState? {
        guard case .state(let state) = await ask(.inspect(id)) else { throw Unexpected("no state") }
        return state
    }

    /// Ends the agent, whatever it is doing, and starts another.
    func restart() async throws {
        await runtime.withLock { $0 }.close()
        let new = try QEMURuntime(configuration, log: quiet)
        runtime.withLock { $0 = new }
        next.yield(new)
    }

    func killQEMU(_ id: VirtualMachineID) async throws {
        let known = await runtime.withLock { $0 }.virtualMachines().first { $0.definition.id == id }
        guard let number = known?.process, let process = try ProcessHandle(number) else { return }
        process.signal(SIGKILL)
        guard await process.ended(within: .seconds(5)) else { throw Unexpected("cannot be killed") }
    }
}

/// A migration step by step, whose server can be killed and come back.
private struct MigrationRun {
    private var machine: MigrationMachine
    private let hosts: [MortalHost]
    private(set) var steps = 0
    private(set) var log: [String] = []

    init(_ request: MigrationRequest, _ hosts: [MortalHost]) {
        machine = MigrationMachine(request)
        self.hosts = hosts
        _ = machine.receive(.begin)
    }

    var outcome: MigrationOutcome? { machine.outcome }
    var nextSide: MigrationMachine.Side? { machine.outstanding.first?.0 }

    /// Asks what is outstanding; an answer that is lost is asked for again next time.
    mutating func perform(_ side: MigrationMachine.Side, answerIsLost: Bool) async throws {
        guard let (side, task) = machine.outstanding.first else { return }
        let answer = await hosts[side == .source ? 0 : 1].ask(task)
        steps += 1
        log.append("\(side) \(String("\(task)".prefix { $0 != "(" })): \(answer)\(answerIsLost ? " (lost)" : "")")
        if !answerIsLost { _ = machine.receive(.answered(side, task, answer)) }
    }

    /// As a server that was killed reads it back.
    mutating func reload() throws {
        machine = try JSONDecoder().decode(MigrationMachine.self, from: JSONEncoder().encode(machine))
    }
}
