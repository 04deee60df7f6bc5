import FleetModel
import FleetServer
import Foundation
import HostRuntime
import Testing

@testable import Commands

/// Two hosts on this machine, a server, and one VM that is large and busy enough for its migration to take a while.
final class TestFleet: Sendable {
    static let patience: Duration = .seconds(60)

    let fleet: LocalFleet
    let hosts: [LocalFleet.Host]
    let machine: VirtualMachineDefinition
    let consoles: GuestConsoles
    private let serverLines: [String]

    /// Starts all of it with the VM on the first host. `bandwidth` bounds a migration's stream in MiB a second.
    init(bandwidth: Int) async throws {
        let cluster = try #require(ClusterName("test"))
        let processors = try MachineProcessors.allowed()
        fleet = try LocalFleet(cluster: cluster, port: LoopbackPort.anyFree(), executable: Built.executable)
        hosts = try ["a", "b"].enumerated().map { place, name in
            LocalFleet.Host(
                name: try #require(HostName(name)), logicalProcessors: [processors[place % processors.count]],
                memory: .gibibytes(2))
        }
        var generator = SystemRandomNumberGenerator()
        machine = VirtualMachineDefinition(
            id: .random(using: &generator), name: try #require(Name("wanderer")), virtualProcessors: 1,
            memory: .mebibytes(128), accelerator: .tcg, firmware: fleet.folder.firmware)
        consoles = GuestConsoles(machines: [machine.id], hosts: hosts.map(\.name), path: fleet.console)
        serverLines = ["migration_bandwidth: \(bandwidth)MiB", "migration_time_limit: 2m"]
        do {
            let runtime = try fleet.runtime(of: hosts[0])
            #expect(await runtime.perform(.start(machine), progress: { _ in }) == .done)
            await runtime.close()
            try fleet.startServer(configuration: serverLines)
            for host in hosts { try fleet.startAgent(host) }
            try await until("the VM is seen running on host a") { try await self.rows().map(\.state) == [.running] }
            try await until("host b reports") { try await self.reporting() == 2 }
            try await until("the guest ticks") { !self.consoles.ticks(of: self.machine.id).ticks.isEmpty }
            try consoles.tell(machine.id, .fill(mebibytes: 100))
            try await until("the guest has filled its memory") {
                self.consoles.settings(of: self.machine.id)?.filledMiB == 100
            }
        } catch {
            tearDown()
            throw error
        }
    }

    func restartServer() throws { try fleet.startServer(configuration: serverLines) }

    func tearDown() {
        consoles.close()
        fleet.tearDown()
    }

    /// What each host says of the VM.
    func rows() async throws -> [VirtualMachineView] {
        let all: [VirtualMachineView] = try await fleet.client.get("/fleet/v1/vms")
        return all.filter { $0.id == machine.id.text && $0.state != .stopped }
    }

    func reporting() async throws -> Int {
        let status: StatusView = try await fleet.client.get("/fleet/v1/status")
        return status.hosts
    }

    /// Orders the VM to move and returns once its memory is on its way.
    func beginMigration(to host: LocalFleet.Host) async throws -> Int64 {
        let path = "/fleet/v1/vms/\(machine.id)/migrate"
        let operation: OperationView = try await fleet.client.post(path, MigrationOrder(to: host.name.text))
        try await until("memory is on its way") {
            let seen: OperationView = try await self.fleet.client.get("/fleet/v1/operations/\(operation.number)")
            return (seen.progress?.transferred ?? .zero) > .mebibytes(4)
        }
        return operation.number
    }

    /// The operation once nothing more happens to it.
    func end(of number: Int64) async throws -> OperationView {
        let client = fleet.client
        var last: OperationView?
        try await until("operation \(number) ends") {
            last = try? await client.get("/fleet/v1/operations/\(number)")
            return last?.state.isFinal ?? false
        }
        return try #require(last)
    }

    /// Holds the VM to its promise: one process, one owner, and a guest that goes on ticking where the record says.
    func requireOnePlace(_ operation: OperationView) async throws {
        let location = try #require(operation.location.flatMap { HostName($0) })
        try await until("exactly one host has the VM, and it runs there: \(location)") {
            let rows = try await self.rows()
            return rows.count == 1 && rows[0].state == .running && rows[0].host == location.text
        }
        #expect(processes().count == 1)
        let before = WallClock().now
        try await until("the guest ticks on \(location)") {
            self.consoles.ticks(of: self.machine.id).count(from: location, since: before) > 20
        }
    }

    /// The QEMU processes on this machine that run the VM, by their command lines.
    func processes() -> [Int32] {
        MachineProcesses.naming([machine.id.text])
    }

    /// Asks again until it holds; a failure names what was waited for.
    func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        try await fleet.until(what, within: Self.patience, holds)
    }
}

/// What the package builds.
enum Built {
    /// The executable, which SwiftPM puts beside the tests.
    static var executable: String {
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appendingPathComponent("evenkeel").path
    }

    /// Whether QEMU is installed; without it these tests have nothing to run on.
    static var hasQEMU: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/qemu-system-x86_64") }
}
