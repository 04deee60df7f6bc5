import FleetModel
import FleetServer
import Foundation
import HostRuntime
import Testing

@testable import Commands

/// Three hosts on this machine and a server; the first host has three ticking guests with memory that takes a while to
/// move.
final class DrainFleet: Sendable {
    static let patience: Duration = .seconds(90)

    let fleet: LocalFleet
    let hosts: [LocalFleet.Host]
    let machines: [VirtualMachineDefinition]
    let consoles: GuestConsoles
    private let serverLines: [String]

    init(machines count: Int = 3, bandwidth: Int = 12, filling: Int = 40) async throws {
        let cluster = try #require(ClusterName("test"))
        let processors = try MachineProcessors.allowed()
        fleet = try LocalFleet(cluster: cluster, port: LoopbackPort.anyFree(), executable: Built.executable)
        hosts = try ["a", "b", "c"].enumerated().map { place, name in
            LocalFleet.Host(
                name: try #require(HostName(name)), logicalProcessors: [processors[place % processors.count]],
                memory: .gibibytes(2))
        }
        var generator = SystemRandomNumberGenerator()
        let firmware = fleet.folder.firmware
        machines = try (1...count).map { number in
            VirtualMachineDefinition(
                id: .random(using: &generator), name: try #require(Name("guest-\(number)")), virtualProcessors: 1,
                memory: .mebibytes(64), accelerator: .tcg, firmware: firmware)
        }
        consoles = GuestConsoles(machines: machines.map(\.id), hosts: hosts.map(\.name), path: fleet.console)
        serverLines = [
            "migration_bandwidth: \(bandwidth)MiB", "migration_time_limit: 2m", "pack_speed: 6",
            // The hosts are parts of a machine that others use as well: what they use must not stand against a move.
            "evaluation_interval: 1s", "processor_ceiling: 1000",
        ]
        do {
            let runtime = try fleet.runtime(of: hosts[0])
            for machine in machines {
                #expect(await runtime.perform(.start(machine), progress: { _ in }) == .done)
            }
            await runtime.close()
            try startServer()
            for host in hosts { try fleet.startAgent(host) }
            try await until("every guest ticks") {
                self.machines.allSatisfy { !self.consoles.ticks(of: $0.id).ticks.isEmpty }
            }
            for machine in machines {
                try consoles.tell(machine.id, .fill(mebibytes: filling))
                try consoles.tell(machine.id, .burn(percent: 3))
            }
            try await until("every guest has filled its memory") {
                self.machines.allSatisfy { self.consoles.settings(of: $0.id)?.filledMiB == filling }
            }
            try await until("every host and guest is measured") {
                let hosts: [HostView] = try await self.fleet.client.get("/fleet/v1/hosts")
                let machines: [VirtualMachineView] = try await self.fleet.client.get("/fleet/v1/vms")
                return hosts.count(where: { $0.processorUse != nil }) == 3
                    && machines.count(where: { $0.processorUse != nil }) == self.machines.count
            }
        } catch {
            tearDown()
            throw error
        }
    }

    func startServer() throws { try fleet.startServer(configuration: serverLines) }

    func tearDown() {
        consoles.close()
        fleet.tearDown()
    }

    /// Where each VM lives, by name.
    func places() async throws -> [String: [String]] {
        let rows: [VirtualMachineView] = try await fleet.client.get("/fleet/v1/vms")
        return Dictionary(grouping: rows.filter(\.state.ownsGuest), by: \.name).mapValues { $0.map(\.host) }
    }

    func operations() async throws -> [OperationView] { try await fleet.client.get("/fleet/v1/operations") }

    func tip(_ number: Int64) async throws -> TipView { try await fleet.client.get("/fleet/v1/tips/\(number)") }

    /// The QEMU processes of this fleet's VMs, by their command lines.
    func processes() -> [Int32] {
        MachineProcesses.naming(machines.map(\.id.text))
    }

    /// Runs the command line against the fleet's server to its end.
    func evenkeel(_ arguments: String...) throws -> (output: String, status: Int32) {
        try Program.run(Built.executable, arguments + ["--server", fleet.address])
    }

    /// Asks again until it holds; a failure names what was waited for.
    func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        try await fleet.until(what, within: Self.patience, holds)
    }
}
