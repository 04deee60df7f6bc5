import FleetModel
import FleetServer
import Foundation
import HostRuntime

/// Moves one guest back and forth through a server and two agents, processes of their own, as an operator would.
struct FleetMigrationBenchmark {
    /// Milliseconds that each move took beyond QEMU's total, from the order to the end of its record.
    struct Report: Codable {
        var added: [Int]

        /// Milliseconds from the order on its way to the first command that QEMU took for it, by QEMU's own trace: that
        /// of the new process at the destination, its start included. Empty where this QEMU cannot tell.
        var reaction: [Int]

        static func median(_ times: [Int]) -> Int? { times.sorted().dropFirst(times.count / 2).first }
    }

    let accelerator: AcceleratorChoice

    func run(moves: Int) async throws -> Report {
        guard let cluster = ClusterName("bench"), let name = Name<VirtualMachineKind>("pulse") else {
            throw CommandFailure(.wrongUse, "no name")
        }
        let fleet = try LocalFleet(cluster: cluster, port: LoopbackPort.anyFree(), executable: Daemon.executable)
        defer { fleet.tearDown() }
        let processors = try MachineProcessors.allowed()
        let hosts = ["alpha", "beta"].compactMap { HostName($0) }.map {
            LocalFleet.Host(name: $0, logicalProcessors: processors, memory: .gibibytes(2))
        }
        var generator = SystemRandomNumberGenerator()
        let machine = VirtualMachineDefinition(
            id: .random(using: &generator), name: name, virtualProcessors: 1, memory: .mebibytes(32),
            accelerator: accelerator, firmware: fleet.folder.firmware)
        let runtime = try fleet.runtime(of: hosts[0])
        let answer = await runtime.perform(.start(machine)) { _ in }
        guard answer == .done else { throw CommandFailure(.environment, "the guest did not start: \(answer)") }
        await runtime.close()
        // What others use of this machine must not stand against a move.
        try fleet.startServer(configuration: ["processor_ceiling: 1000"])
        let trace = try EmulatorTrace(in: fleet.folder.path)
        for host in hosts { try fleet.startAgent(host, configuration: ["qemu: \(trace.program)"]) }
        var report = Report(added: [], reaction: [])
        for move in 0..<moves {
            let (source, destination) = (hosts[move % 2].name.text, hosts[1 - move % 2].name.text)
            try await waitUntilRunning(machine, on: source, fleet)
            let (added, ordered) = try await self.move(machine, to: destination, fleet)
            report.added.append(added)
            if let first = trace.firstCommand(ofProcessNewSince: ordered) {
                report.reaction.append(Int((first - ordered).milliseconds))
            }
        }
        return report
    }

    /// Returns once the order was taken, done, and seen to be: what it added, and when it was sent.
    private func move(
        _ machine: VirtualMachineDefinition, to host: String, _ fleet: LocalFleet
    ) async throws -> (added: Int, ordered: Timestamp) {
        let order = MigrationOrder(to: host)
        let clock = WallClock()
        let deadline = clock.now + .seconds(60)
        var started: OperationView?
        var ordered = clock.now
        while started == nil {
            do {
                ordered = clock.now
                started = try await fleet.client.post("/fleet/v1/vms/\(machine.id)/migrate", order)
            } catch let failure as CommandFailure where failure.code == .no && clock.now < deadline {
                // Just after a move both hosts have yet to report it.
                try await clock.sleep(for: .milliseconds(50))
            }
        }
        guard let started else { throw CommandFailure(.no, "the move was not begun") }
        let ended = try await OperationWatch(client: fleet.client).end(of: started.number)
        guard ended.state == .succeeded, let figures = ended.figures, let end = ended.ended else {
            throw CommandFailure(.no, "a move ended as \(ended.state.rawValue): \(ended.log.last?.text ?? "")")
        }
        return (Int((end - ended.created).milliseconds) - figures.totalMilliseconds, ordered)
    }

    private func waitUntilRunning(
        _ machine: VirtualMachineDefinition, on host: String, _ fleet: LocalFleet
    ) async throws {
        let clock = WallClock()
        let deadline = clock.now + .seconds(60)
        while true {
            try fleet.requireRunning()
            let rows: [VirtualMachineView]? = try? await fleet.client.get("/fleet/v1/vms")
            let hosts: [HostView]? = try? await fleet.client.get("/fleet/v1/hosts")
            if hosts?.count(where: \.available) == 2,
                rows?.contains(where: { $0.id == machine.id.text && $0.host == host && $0.state == .running }) == true
            {
                return
            }
            if clock.now > deadline { throw CommandFailure(.environment, "the guest was not seen on \(host)") }
            try await clock.sleep(for: .milliseconds(50))
        }
    }
}
