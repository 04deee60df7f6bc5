import FleetModel
import FoundationEssentials
import Placement
import Remediation
import Testing

@Suite("What hosts reach and VMs need")
struct ReachTests {
    private let time = Timestamp(milliseconds: 1_000_000)

    /// Two hosts; the first has one VM.
    private func records(
        _ status: VirtualMachineStatus, _ first: HostCapabilities?, _ second: HostCapabilities?
    ) -> [HostRecord] {
        var records = [
            Sample.record(Sample.host("h1"), machines: [status], at: time),
            Sample.record(Sample.host("h2"), machines: [], at: time),
        ]
        records[0].report.capabilities = first
        records[1].report.capabilities = second
        return records
    }

    private func picture(_ records: [HostRecord]) -> FleetSnapshot {
        let readings = LoadReadings(
            time: time, window: .seconds(60),
            hostProcessorUse: [Sample.host("h1"): 0.9, Sample.host("h2"): 0.1],
            virtualMachineUse: [Sample.machine(1): 1])
        return SnapshotBuilder(reportAgeLimit: .seconds(45), readingsAgeLimit: .seconds(90)).snapshot(
            version: 1, of: records, readings: readings, moves: [], at: time)
    }

    /// Why nothing is moved off the first host; `nil` where the VM is moved to the second.
    private func objection(_ fleet: FleetSnapshot) -> String? {
        let relief = PlanRequest.relieveHost(Sample.host("h1"), resource: .processor, target: 0.7)
        switch Planner().plan(relief, on: fleet) {
        case .plan: return nil
        case .impossible(let reason, let rejected):
            return ([reason] + rejected.map(\.reason)).joined(separator: "; ")
        }
    }

    private func bridges(_ names: [String]?) -> HostCapabilities {
        var capabilities = HostCapabilities()
        capabilities.bridges = names
        return capabilities
    }

    private func connected(to bridge: String) -> VirtualMachineStatus {
        var status = Sample.status(1, .running)
        status.definition.networkInterfaces = [
            .init(connection: .bridge(bridge), hardwareAddress: "52:54:00:00:00:01"),
            .init(connection: .user, hardwareAddress: "52:54:00:00:00:02"),
        ]
        return status
    }

    @Test func `a VM moves to no host without its bridge, and the plan says so`() throws {
        let vm = connected(to: "br0")
        #expect(objection(picture(records(vm, bridges(["br0"]), bridges(["br0", "br1"])))) == nil)
        let missing = try #require(objection(picture(records(vm, bridges(["br0"]), bridges(["br1"])))))
        #expect(missing.contains("it does not reach network br0"))
        let unknown = try #require(objection(picture(records(vm, bridges(["br0"]), nil))))
        #expect(unknown.contains("it is unknown whether it reaches network br0"))
    }

    @Test func `a VM without a bridge, or on one that its own host does not list, asks nothing`() {
        #expect(objection(picture(records(Sample.status(1, .running), bridges([]), nil))) == nil)
        #expect(objection(picture(records(connected(to: "ovs0"), bridges(["br0"]), bridges([])))) == nil)
    }

    @Test func `a report of an older agent is read, and one with a bridge that cannot be is not taken`() throws {
        let old = Data(#"{"machines":[],"processorModels":[],"canPostCopy":false}"#.utf8)
        #expect(try JSONDecoder().decode(HostCapabilities.self, from: old).bridges == nil)
        var report = Sample.record(Sample.host("h1"), machines: [], at: time).report
        report.capabilities = bridges(["br\u{1B}0"])
        #expect(report.objection?.hasPrefix("capabilities.bridges") == true)
        report.capabilities = bridges(Array(repeating: "br0", count: 10_001))
        #expect(report.objection?.hasPrefix("capabilities.bridges") == true)
    }
}
