import FleetModel
import Placement
import Remediation
import Testing

@Suite("The planner's picture of the fleet")
struct SnapshotBuilderTests {
    private let builder = SnapshotBuilder(reportAgeLimit: .seconds(45), readingsAgeLimit: .seconds(90))
    private let time = Timestamp(milliseconds: 1_000_000)

    private func readings(_ use: [String: Double], machines: [Int: Double] = [:], age: Int = 0) -> LoadReadings {
        LoadReadings(
            time: time - .seconds(age), window: .seconds(60),
            hostProcessorUse: Dictionary(use.map { (Sample.host($0.key), $0.value) }, uniquingKeysWith: max),
            virtualMachineUse: Dictionary(machines.map { (Sample.machine($0.key), $0.value) }, uniquingKeysWith: max))
    }

    private func picture(
        _ records: [HostRecord], _ readings: LoadReadings?, moves: [RecentMove] = []
    ) -> FleetSnapshot {
        builder.snapshot(version: 1, of: records, readings: readings, moves: moves, at: time)
    }

    private func move(ended: Timestamp?) -> RecentMove {
        RecentMove(
            operation: 5, virtualMachine: Sample.machine(1), source: Sample.host("h1"), destination: Sample.host("h2"),
            ended: ended)
    }

    private func twoHosts(_ machines: [VirtualMachineStatus]) -> [HostRecord] {
        [
            Sample.record(Sample.host("h1"), machines: machines, at: time),
            Sample.record(Sample.host("h2"), machines: [], at: time),
        ]
    }

    @Test("What was measured is there; what was not is unknown, not idle")
    func unknown() {
        let picture = picture(twoHosts([Sample.status(1, .running)]), readings(["h1": 0.5]))
        #expect(picture.host(Sample.host("h1"))?.processorUse == 0.5)
        #expect(picture.host(Sample.host("h2"))?.processorUse == nil)
        #expect(picture.locate(Sample.machine(1))?.machine.processorUse == nil)
    }

    @Test(
        "Old readings are unknown, an old report makes a host unavailable, and so does one from the future",
        arguments: [-3600, 60, 3600])
    func stale(age: Int) {
        let old = Sample.record(Sample.host("h1"), machines: [], at: time - .seconds(age))
        let fleet = picture([old], readings(["h1": 0.5], age: 100))
        #expect(fleet.host(Sample.host("h1"))?.isAvailable == false)
        #expect(fleet.host(Sample.host("h1"))?.memoryAvailable == nil)
        #expect(fleet.host(Sample.host("h1"))?.processorUse == nil)
    }

    @Test("A VM on its way counts on both sides: its memory, its load, and it does not move again")
    func underWay() throws {
        let fleet = picture(
            twoHosts([Sample.status(1, .outgoing)]), readings(["h1": 0.9, "h2": 0.1], machines: [1: 1.0]),
            moves: [move(ended: nil)])
        let source = try #require(fleet.host(Sample.host("h1")))
        let destination = try #require(fleet.host(Sample.host("h2")))
        #expect(source.processorUse == 0.9)
        #expect(destination.processorUse == 0.1 + 1.0 / 4)
        #expect(destination.memoryAvailable == .gibibytes(9))
        #expect(source.virtualMachines.first?.immovable != nil)
        #expect(destination.virtualMachines.first?.immovable != nil)
    }

    @Test("After a move the destination carries what its average does not show yet")
    func averages() {
        let records = twoHosts([])
        let use = readings(["h2": 0.1], machines: [1: 1.0])
        for (seconds, unseen) in [(0, 1.0), (15, 0.75), (30, 0.5), (60, 0.0), (90, 0.0)] {
            let fleet = picture(records, use, moves: [move(ended: time - .seconds(seconds))])
            #expect(fleet.host(Sample.host("h2"))?.processorUse == 0.1 + unseen / 4)
        }
    }

    @Test("Where the load of a VM that has just arrived is unknown, so is its host's")
    func unknownArrival() {
        let fleet = picture(twoHosts([]), readings(["h2": 0.1]), moves: [move(ended: time)])
        #expect(fleet.host(Sample.host("h2"))?.processorUse == nil)
    }

    @Test("VMs without a process hold nothing; those that are not simply running stay where they are")
    func states() throws {
        let states: [VirtualMachineState] = [.stopped, .crashed, .running, .paused, .incoming, .handedOver, .unknown]
        let statuses = states.enumerated().map { Sample.status($0.offset, $0.element) }
        let host = try #require(
            picture([Sample.record(Sample.host("h1"), machines: statuses, at: time)], nil).hosts.first)
        #expect(host.virtualMachines.map(\.id) == [2, 3, 4, 5, 6].map(Sample.machine))
        #expect(host.virtualMachines.filter { $0.immovable == nil }.map(\.id) == [Sample.machine(2)])
    }

    @Test("Figures of an old store that cannot be stop nothing", arguments: [Int64.min, -1, 0, Int64.max])
    func absurd(count: Int64) {
        var records = twoHosts([Sample.status(1, .running), Sample.status(2, .running)])
        for place in records.indices {
            records[place].report.memoryAvailable = Bytes(count)
            for machine in records[place].report.virtualMachines.indices {
                records[place].report.virtualMachines[machine].definition.memory = Bytes(count)
                records[place].report.virtualMachines[machine].residentMemory = Bytes(count)
            }
        }
        let fleet = picture(records, readings(["h1": 0.9, "h2": 0.1], machines: [1: 1.0]), moves: [move(ended: nil)])
        #expect(!fleet.problems.isEmpty)
        let planner = Planner()
        let h2 = Sample.host("h2")
        for machine in [1, 2] {
            let outcome = planner.plan(.migrate(Sample.machine(machine), to: h2), on: fleet)
            guard case .impossible = outcome else {
                Issue.record("a VM of \(count) bytes is moved")
                continue
            }
        }
        guard
            case .impossible = planner.plan(
                .relieveHost(Sample.host("h1"), resource: .processor, target: 0.6), on: fleet)
        else {
            Issue.record("a host is relieved of a VM of \(count) bytes")
            return
        }
    }
}
