import FleetModel
import Testing

@testable import FleetServer

@Suite("A VM that two hosts report")
struct DoubledMachinesTests {
    private let id = VirtualMachineID("00000000-0000-4000-8000-000000000001")
    private let now = Timestamp(milliseconds: 1_000_000)

    private func record(_ host: String, _ state: VirtualMachineState, age: Int64 = 0) throws -> HostRecord {
        let definition = VirtualMachineDefinition(
            id: try #require(id), name: try #require(Name("web")), virtualProcessors: 1, memory: .gibibytes(1))
        let report = HostReport(
            host: try #require(HostName(host)), cluster: try #require(ClusterName("main")), time: now,
            agentVersion: "1",
            agentRun: "r", logicalProcessors: 4, memory: .gibibytes(8), memoryAvailable: .gibibytes(8),
            accelerator: .kvm,
            migrationAddress: nil, virtualMachines: [VirtualMachineStatus(definition: definition, state: state)])
        return HostRecord(report: report, received: now - .seconds(age))
    }

    private func problem(on host: String, _ hosts: [HostRecord], moving: Set<VirtualMachineID> = []) throws -> String? {
        let now = now
        return DoubledMachines(hosts, moving: moving) { now - $0.received <= .seconds(45) }
            .problem(of: try #require(id), on: try #require(HostName(host)))
    }

    @Test("Is told on both rows with the other's name, and what to do where that one is silent")
    func words() throws {
        let both = [try record("new", .running), try record("old", .running)]
        #expect(try problem(on: "new", both) == "old reports it running as well: it is moved from neither")
        #expect(try problem(on: "old", both) == "new reports it running as well: it is moved from neither")
        let renamed = [try record("new", .running), try record("old", .running, age: 100)]
        let text = try #require(try problem(on: "new", renamed))
        let doubled = DoubledMachines(renamed, moving: []) { [now] in now - $0.received <= .seconds(45) }
        #expect(doubled.lines == ["VM web runs on new, and \(text)"])
        #expect(
            text.hasPrefix("old, which is silent, reported it ") && text.hasSuffix("('evenkeel host rm old')"),
            "\(text)")
    }

    @Test("Is none while it is moved, where the other only knows it, or where it runs once")
    func none() throws {
        let both = [try record("new", .running), try record("old", .running)]
        #expect(try problem(on: "new", both, moving: [try #require(id)]) == nil)
        let known = [try record("new", .running), try record("old", .stopped)]
        #expect(try problem(on: "new", known) == nil && problem(on: "old", known) == nil)
        let once = [try record("new", .running)]
        #expect(try problem(on: "new", once) == nil && DoubledMachines(once, moving: []) { _ in true }.lines.isEmpty)
    }
}
