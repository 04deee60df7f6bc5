import FleetModel
import HostRuntime
import Testing

@testable import LibvirtRuntime

/// Carries out what a migration machine asks for on two hosts of libvirt, as the server's executor does on real ones.
/// `during` is called once, when the source says how far sending has come.
actor MigrationDriver {
    private var machine: MigrationMachine
    private let source: any VirtualMachineProvider
    private let destination: any VirtualMachineProvider
    private let during: @Sendable (MigrationDriver) async throws -> Void
    private(set) var log: [String] = []
    private var hasBeenDisturbed = false

    init(
        _ definition: VirtualMachineDefinition, from source: any VirtualMachineProvider,
        to destination: any VirtualMachineProvider, bandwidthLimit: Bytes? = nil, downtimeLimitMilliseconds: Int = 300,
        timeLimitSeconds: Int = 60, method: MigrationMethod = MigrationMethod(),
        during: @escaping @Sendable (MigrationDriver) async throws -> Void = { _ in }
    ) throws {
        machine = MigrationMachine(
            MigrationRequest(
                definition: definition, accelerator: .tcg, source: try #require(Name("one")),
                destination: try #require(Name("two")), bandwidthLimit: bandwidthLimit,
                downtimeLimitMilliseconds: downtimeLimitMilliseconds, timeLimitSeconds: timeLimitSeconds,
                method: method, manager: VirtualMachineStatus.libvirt))
        (self.source, self.destination, self.during) = (source, destination, during)
    }

    func run() async throws -> MigrationOutcome {
        try await carryOut(machine.receive(.begin))
        return try #require(machine.outcome, "no outcome: \(log)")
    }

    func cancel(_ reason: String) async throws {
        try await carryOut(machine.receive(.cancel(reason: reason)))
    }

    private func carryOut(_ actions: [MigrationMachine.Action]) async throws {
        for action in actions {
            switch action {
            case .log(let line): log.append(line)
            case .finish(let outcome): log.append("finish: \(outcome)")
            case .ask(let side, let task):
                let answer = try await ask(side, task)
                log.append("\(side): \(answer)")
                try await carryOut(machine.receive(.answered(side, task, answer)))
            }
        }
    }

    /// The first word of how far sending has come lets the test interfere, beside the task that goes on.
    private func ask(_ side: MigrationMachine.Side, _ task: HostTask) async throws -> HostTaskAnswer {
        let provider = side == .source ? source : destination
        let (moments, continuation) = AsyncStream.makeStream(of: MigrationProgress.self)
        return try await withThrowingTaskGroup(of: HostTaskAnswer?.self) { group in
            group.addTask {
                defer { continuation.finish() }
                return await provider.perform(task) { continuation.yield($0) }
            }
            group.addTask {
                for await moment in moments where moment.transferred > .zero { try await self.disturb() }
                return nil
            }
            var answer: HostTaskAnswer?
            while let next = try await group.next() { answer = next ?? answer }
            return answer ?? .failed("no answer")
        }
    }

    private func disturb() async throws {
        if hasBeenDisturbed { return }
        hasBeenDisturbed = true
        try await during(self)
    }
}

/// Two hosts of libvirt with a runtime in control of each, and what a test asks of them.
struct Pair {
    let hosts: [LibvirtHost]
    let source: LibvirtRuntime
    let destination: LibvirtRuntime
    let root: String

    /// On which of the hosts `virsh` sees a domain run.
    func placesRunning(_ name: String) throws -> [String] {
        try hosts.filter { host in
            try host.virsh("list", "--name", "--state-running").split(separator: "\n").contains { $0 == name }
        }.map(\.name)
    }

    /// Whether anything at all is known of a domain on a host.
    func isKnown(_ name: String, on host: LibvirtHost) throws -> Bool {
        try host.virsh("list", "--all", "--name").split(separator: "\n").contains { $0 == name }
    }

    /// Starts a guest on the first host, and waits until one that is busy is at work.
    func start(_ domain: TestDomain) async throws {
        let answer = await source.perform(.start(try domain.definition)) { _ in }
        #expect(answer == .done)
        guard domain.isBusy else { return }
        let look = ["qemu-monitor-command", domain.name, "--hmp", "xp /1wx 0x200000"]
        let before = try run("virsh", ["-q", "-c", hosts[0].uri] + look)
        try await eventually { try run("virsh", ["-q", "-c", hosts[0].uri] + look) != before }
    }

    /// A guest runs on this host and there is nothing of it on the other.
    func expectOnly(_ domain: TestDomain, on place: Int) throws {
        #expect(try placesRunning(domain.name) == [hosts[place].name])
        #expect(try !isKnown(domain.name, on: hosts[1 - place]))
    }
}

/// Runs `body` with two hosts of libvirt and a runtime in control of each.
func withPair(_ body: (Pair) async throws -> Void) async throws {
    try await withHosts(2) { hosts, root in
        try await serving(hosts[0].control) { source in
            try await serving(hosts[1].control) { destination in
                try await body(Pair(hosts: hosts, source: source, destination: destination, root: root))
            }
        }
    }
}
