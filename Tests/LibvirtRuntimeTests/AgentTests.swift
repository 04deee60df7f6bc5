import FleetModel
import Foundation
import HTTPClient
import Testing

@testable import LibvirtRuntime

/// A real agent of a host of libvirt, as its page of metrics shows it.
private final class Agent {
    private let process = Process()
    private let input = Pipe()
    private let page: String
    private let http = HTTPClient()

    /// Each agent has one of the machine's logical processors, so that the other's guests are none of its own.
    init(of host: LibvirtHost, processor: Int) throws {
        let port = 20_000 + Int.random(in: 0..<20_000)
        page = "http://127.0.0.1:\(port)/metrics"
        let file = "\(host.folder)/agent.yaml"
        try """
        host: \(host.name)
        data: \(host.folder)/agent
        interval: 300ms
        logical_processors: "\(processor)"
        memory: 4GiB
        runtime: off
        libvirt: \(host.uri)
        metrics_listen: 127.0.0.1:\(port)
        """.write(toFile: file, atomically: true, encoding: .utf8)
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        process.executableURL = tests.deletingLastPathComponent().appendingPathComponent("evenkeel")
        process.arguments = ["agent", "--config", file, "--until-input-ends"]
        process.standardInput = input
        let log = "\(host.folder)/agent.log"
        guard FileManager.default.createFile(atPath: log, contents: nil), let output = FileHandle(forWritingAtPath: log)
        else { throw Unexpected("cannot write \(log)") }
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The lines of a metric about a VM.
    func lines(_ metric: String, of id: VirtualMachineID) async throws -> [String] {
        try #require(process.isRunning, "the agent ended")
        guard let response = try? await http.send(HTTPRequest(.get, page)), response.status == 200 else { return [] }
        return response.text.split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix(metric + "{") && $0.contains("vm=\"\(id)\"") }
    }

    func value(_ metric: String, of id: VirtualMachineID) async throws -> Double? {
        try await lines(metric, of: id).first?.split(separator: " ").last.flatMap { Double($0) }
    }

    func hasGuest(_ id: VirtualMachineID) async throws -> Bool {
        try await lines("evenkeel_vm_info", of: id).contains {
            $0.contains("manager=\"libvirt\"") && $0.contains("state=\"running\"")
        }
    }
}

@Suite("Agents of two hosts of libvirt", .serialized, .timeLimit(.minutes(3))) struct AgentTests {
    @Test func seeADomainWhereItIsBeforeAndAfterItMoves() async throws {
        try await withHosts(2) { hosts, root in
            let first = try Agent(of: hosts[0], processor: 0)
            let second = try Agent(of: hosts[1], processor: 1)
            let domain = try TestDomain("wanderer", under: root)
            try hosts[0].create(domain)
            try await eventually { try await first.hasGuest(domain.id) }
            #expect(try await second.lines("evenkeel_vm_info", of: domain.id).isEmpty)
            for metric in [
                "evenkeel_vm_run_seconds_total", "evenkeel_vm_vp_run_seconds_total",
                "evenkeel_vm_vp_wait_seconds_total",
                "evenkeel_vm_memory_resident_bytes", "evenkeel_vm_balloon_bytes", "evenkeel_vm_disk_info",
                "evenkeel_vm_interface_info", "evenkeel_vm_hardware_info",
            ] {
                try await eventually { try await first.value(metric, of: domain.id) ?? 0 > 0 }
            }
            _ = try run(
                "virsh",
                [
                    "-q", "-c", hosts[0].uri, "migrate", "--live", "--p2p", "--unsafe", domain.name,
                    hosts[1].migrationURI,
                ])
            try await eventually { try await second.hasGuest(domain.id) }
            try await eventually { try await first.lines("evenkeel_vm_info", of: domain.id).isEmpty }
            try await eventually { try await second.value("evenkeel_vm_vp_run_seconds_total", of: domain.id) ?? 0 > 0 }
            #expect(try await first.lines("evenkeel_vm_vp_run_seconds_total", of: domain.id).isEmpty)
        }
    }
}
