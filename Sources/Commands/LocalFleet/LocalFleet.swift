import FleetModel
import Foundation
import HostRuntime
import Logging
import PulseGuest

/// A whole fleet on this machine: a server and agents as processes of their own, each host a partition of the machine,
/// VMs as QEMU processes. The demonstration and the end-to-end tests run on it.
final class LocalFleet: Sendable {
    /// A host: a part of this machine.
    struct Host: Sendable {
        let name: HostName
        /// Numbers of the machine's logical processors that are its own.
        let logicalProcessors: [Int]
        /// Its share of the machine's memory.
        var memory: Bytes
    }

    let folder: FleetFolder
    let executable: String
    let cluster: ClusterName
    let port: Int
    private let janitor: FleetProcess
    private let processes = Locked<[String: FleetProcess]>([:])

    /// A fleet without processes so far, whose server will listen on `port` of 127.0.0.1. From now on a janitor watches:
    /// when this process is gone, whatever the reason, everything is stopped and the folder removed.
    init(cluster: ClusterName, port: Int, executable: String) throws {
        self.cluster = cluster
        self.port = port
        self.executable = executable
        folder = try FleetFolder()
        janitor = try FleetProcess(
            "janitor", executable: executable, arguments: ["tidy-local-fleet", folder.path], log: "/dev/null")
        try Data(PulseImage.bytes).write(to: URL(fileURLWithPath: folder.firmware))
    }

    var address: String { "http://127.0.0.1:\(port)" }
    var client: ServerClient { ServerClient(base: address) }

    /// Starts the server; `configuration` are further lines of its YAML.
    func startServer(configuration: [String] = []) throws {
        let lines = ["data: \(folder.path)/server", "listen: 127.0.0.1:\(port)"] + configuration
        let file = folder.path + "/server.yaml"
        try (lines.joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
        try start("server", arguments: ["server", "--config", file, "--until-input-ends"])
    }

    /// Starts, or starts again, the agent of `host`; `configuration` are further lines of its YAML.
    func startAgent(_ host: Host, interval: String = "1s", configuration: [String] = []) throws {
        let place = folder.host(host.name)
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let lines =
            [
                "host: \(host.name)", "cluster: \(cluster)", "server: \(address)", "data: \(place)/agent",
                "machines: \(machines(of: host.name))", "interval: \(interval)",
                "logical_processors: \"\(host.logicalProcessors.map { "\($0)" }.joined(separator: ","))\"",
                "memory: \(host.memory.count)", "migration_address: 127.0.0.1",
            ] + configuration
        let file = place + "/agent.yaml"
        try (lines.joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
        try start("agent-\(host.name)", arguments: ["agent", "--config", file, "--until-input-ends"])
    }

    /// The process of that name, while it is one of this fleet's.
    func process(_ name: String) -> FleetProcess? { processes.withLock { $0[name] } }

    /// Throws when a part of the fleet has ended by itself.
    func requireRunning() throws {
        for process in processes.withLock({ Array($0.values) }) { try process.requireRunning() }
    }

    /// Kills a part of the fleet as a crash would.
    func kill(_ name: String) {
        processes.withLock { $0.removeValue(forKey: name) }?.kill()
    }

    /// Ends a part of the fleet in good order.
    func end(_ name: String) {
        processes.withLock { $0.removeValue(forKey: name) }?.end()
    }

    /// The runtime of `host`, as its agent has it: to start VMs before the agent does, and to end them after it.
    func runtime(of host: Host) throws -> QEMURuntime {
        do {
            return try QEMURuntime(
                RuntimeConfiguration(folder: machines(of: host.name), logicalProcessors: host.logicalProcessors),
                log: Logger(label: "evenkeel.runtime", factory: { _ in SwiftLogNoOpLogHandler() }))
        } catch {
            throw CommandFailure(.environment, "\(error)")
        }
    }

    /// The console of a VM's process on `host`.
    func console(of machine: VirtualMachineID, on host: HostName) -> String {
        "\(machines(of: host))/\(machine)/console.sock"
    }

    /// Stops everything, VMs included, and removes the folder; returns when all of it is gone.
    func tearDown() {
        for process in processes.withLock({ Array($0.values) }) { process.end() }
        processes.withLock { $0.removeAll() }
        janitor.end()
    }

    private func machines(of host: HostName) -> String { folder.host(host) + "/vms" }

    private func start(_ name: String, arguments: [String]) throws {
        let process = try FleetProcess(
            name, executable: executable, arguments: arguments, log: "\(folder.path)/\(name).log")
        processes.withLock { $0[name] = process }
        try janitor.tell("\(process.identifier)")
    }
}
