import FleetModel
import Foundation
import HostRuntime

/// A demonstration that is set up: its fleet, its guests' consoles, and the story to play on them.
struct DemoStage: Sendable {
    /// Packs run so much faster than written, so that nobody has to wait for minutes to pass.
    static let packSpeed = 6
    /// The guests' memory in each story.
    static func memory(of scenario: DemoOptions.Scenario) -> Bytes {
        scenario == .hotHost ? .mebibytes(16) : .mebibytes(128)
    }

    let options: DemoOptions
    let plan: DemoPlan
    let fleet: LocalFleet
    let hosts: [LocalFleet.Host]
    let consoles: GuestConsoles
    let accelerator: AcceleratorFinding
    let narrator: DemoNarrator
    private let ending = Locked<DemoReport?>(nil)

    /// How the story ended, once it has: whoever interrupts the demo after that has seen it all.
    var told: DemoReport? {
        get { ending.withLock { $0 } }
        nonmutating set { ending.withLock { $0 = newValue } }
    }

    /// Starts everything up to the calm before the story. What was started is gone again when this throws.
    static func raise(_ options: DemoOptions) async throws -> DemoStage {
        guard let cluster = ClusterName("demo") else { throw CommandFailure(.no, "'demo' is not a cluster's name") }
        try Self.requireFreePort(options.port)
        let narrator = DemoNarrator(options: options)
        let fleet = try LocalFleet(cluster: cluster, port: options.port, executable: Daemon.executable)
        do {
            var generator = SystemRandomNumberGenerator()
            let plan = try DemoPlan(
                options: options, processors: MachineProcessors.allowed(), firmware: fleet.folder.firmware,
                memory: memory(of: options.scenario), using: &generator)
            return try await raise(options, plan: plan, fleet: fleet, narrator: narrator)
        } catch {
            fleet.tearDown()
            throw error
        }
    }

    private static func raise(
        _ options: DemoOptions, plan: DemoPlan, fleet: LocalFleet, narrator: DemoNarrator
    ) async throws -> DemoStage {
        narrator.say("starting \(plan.machines.count) virtual machines on \(plan.hosts.count) hosts")
        let minute = "what a tip calls a minute is \(60 / packSpeed) s"
        narrator.say("rules run \(packSpeed) times as fast as written, so that nobody has to wait: \(minute)")
        var accelerator = AcceleratorFinding(accelerator: .tcg)
        var resident: [HostName: Bytes] = [:]
        for host in plan.hosts {
            let runtime = try fleet.runtime(
                of: LocalFleet.Host(name: host.name, logicalProcessors: host.logicalProcessors, memory: .zero))
            accelerator = await runtime.accelerator()
            for machine in host.machines { try await start(machine.definition, runtime) }
            let statuses = await runtime.virtualMachines()
            resident[host.name] = statuses.compactMap(\.residentMemory).reduce(.zero, +)
            await runtime.close()
        }
        if let notice = accelerator.notice { narrator.say("runs guests with \(accelerator.accelerator): \(notice)") }
        let hosts = plan.hosts.map { host in
            LocalFleet.Host(
                name: host.name, logicalProcessors: host.logicalProcessors,
                memory: budget(of: plan, options.scenario, resident: resident[plan.troubled.name] ?? .zero))
        }
        let automation = options.auto ? "automatic" : "operator"
        try fleet.startServer(configuration: [
            "pack_speed: \(packSpeed)", "evaluation_interval: 1s", "automation: \(automation)",
        ])
        for host in hosts { try fleet.startAgent(host) }
        let consoles = GuestConsoles(
            machines: plan.machines.map(\.definition.id), hosts: hosts.map(\.name), path: fleet.console)
        return DemoStage(
            options: options, plan: plan, fleet: fleet, hosts: hosts, consoles: consoles, accelerator: accelerator,
            narrator: narrator)
    }

    /// A host's share of this machine's memory. In the low-memory story it is what the troubled host's VMs will hold
    /// when they have filled theirs, and hardly more.
    private static func budget(of plan: DemoPlan, _ scenario: DemoOptions.Scenario, resident: Bytes) -> Bytes {
        switch scenario {
        case .hotHost: return .gibibytes(1)
        case .lowMemory:
            let filled = resident.count + plan.troubled.machines.reduce(0) { $0 + $1.definition.memory.count }
            return Bytes(filled * 100 / 97)
        }
    }

    private static func start(_ definition: VirtualMachineDefinition, _ runtime: QEMURuntime) async throws {
        switch await runtime.perform(.start(definition), progress: { _ in }) {
        case .refused(let reason), .failed(let reason):
            throw CommandFailure(.environment, "VM \(definition.name) does not start: \(reason)")
        case .done, .advised, .listening, .awaiting, .sent, .state: break
        }
    }

    private static func requireFreePort(_ port: Int) throws {
        if LoopbackPort.isFree(port) { return }
        throw CommandFailure(
            .environment, "port \(port) of 127.0.0.1 is in use; stop what uses it or choose another with --port")
    }

    /// Takes everything down.
    func strike() {
        narrator.say("taking everything down")
        consoles.close()
        fleet.tearDown()
        narrator.close()
    }
}
