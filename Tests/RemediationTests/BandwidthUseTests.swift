import FleetModel
import Placement
import Remediation
import Testing

@Suite("The use of hosts' links and disks")
struct BandwidthUseTests {
    private let time = Timestamp(milliseconds: 1_000_000)
    private let link = 125_000_000.0

    private func status(_ number: Int) -> VirtualMachineStatus {
        var status = Sample.status(number, .running)
        status.definition.networkInterfaces = [
            .init(connection: .bridge("br0"), hardwareAddress: "52:54:00:00:00:01")
        ]
        return status
    }

    /// VM 1 is on the hot first host, VMs 2 and 3 on the second, which is idle.
    private func picture(
        _ network: [Int: Double] = [:], link: Double? = 125_000_000, disk: [Int: Double] = [:], disks: Bytes? = nil
    ) -> FleetSnapshot {
        var records = [
            Sample.record(Sample.host("h1"), machines: [status(1)], at: time),
            Sample.record(Sample.host("h2"), machines: [status(2), status(3)], at: time),
        ]
        for place in records.indices { records[place].report.capabilities = HostCapabilities() }
        for place in records.indices { records[place].report.capabilities?.bridges = ["br0"] }
        for place in records.indices { records[place].report.capabilities?.diskBandwidth = disks }
        var readings = LoadReadings(
            time: time, window: .seconds(60), hostProcessorUse: [Sample.host("h1"): 0.9, Sample.host("h2"): 0.1],
            virtualMachineUse: [Sample.machine(1): 1, Sample.machine(2): 0.1, Sample.machine(3): 0.1])
        for (number, use) in network { readings.virtualMachineNetwork[Sample.machine(number)] = use }
        for (number, use) in disk { readings.virtualMachineDisk[Sample.machine(number)] = use }
        if let link { for host in ["h1", "h2"] { readings.hostLink[Sample.host(host)] = link } }
        return SnapshotBuilder(reportAgeLimit: .seconds(45), readingsAgeLimit: .seconds(90)).snapshot(
            version: 1, of: records, readings: readings, moves: [], at: time)
    }

    @Test func `a VM moves to no host whose link it would fill`() throws {
        #expect(Sample.reliefObjection(picture([1: link * 0.5, 2: link * 0.2, 3: link * 0.1])) == nil)
        let full = try #require(Sample.reliefObjection(picture([1: link * 0.5, 2: link * 0.4, 3: link * 0.1])))
        #expect(full.contains("network bandwidth would be"))
    }

    @Test func `one VM of which nothing is measured keeps nobody away, and stays itself`() throws {
        #expect(Sample.reliefObjection(picture([1: link * 0.5, 2: link * 0.4])) == nil)
        let unknown = try #require(Sample.reliefObjection(picture([2: link * 0.4, 3: 0])))
        #expect(unknown.contains("its network use is unknown"))
        #expect(Sample.reliefObjection(picture([:], link: nil)) == nil, "nobody's link is known")
    }

    @Test func `VMs that talk to each other faster than the link do not make their host too full`() throws {
        let fleet = picture([1: 0, 2: link * 4, 3: link * 4])
        #expect(Sample.reliefObjection(fleet) == nil)
        let host = try #require(fleet.host(Sample.host("h2")))
        let uses = host.virtualMachines.compactMap(\.traits.networkUse)
        #expect(uses.count == 2 && uses.reduce(0, +) < link * 0.9 && uses[0] == uses[1])
        #expect(
            try #require(Sample.reliefObjection(picture([1: 1e6, 2: link * 4, 3: link * 4]))).contains(
                "network bandwidth"))
    }

    @Test func `a VM moves to no host whose disks it would fill, where their speed is told`() throws {
        let disks = Bytes.mebibytes(100)
        func objection(_ uses: [Int: Double], _ disks: Bytes?) -> String? {
            Sample.reliefObjection(picture(link: nil, disk: uses.mapValues { $0 * 1_048_576 }, disks: disks))
        }
        #expect(objection([1: 50, 2: 20, 3: 10], disks) == nil)
        let full = try #require(objection([1: 50, 2: 40, 3: 10], disks))
        #expect(full.contains("disk bandwidth would be"))
        #expect(objection([1: 50, 2: 40, 3: 10], nil) == nil, "nobody tells how fast the disks are")
    }

    @Test func `memory's peak is the largest share of a week, once the VM was seen for long enough`() {
        var book = DemandBook(window: .seconds(3600))
        func see(_ share: Double, count: Int, from second: Int) {
            for step in 0..<count {
                let moment = Timestamp(milliseconds: Int64(second + step * 3600) * 1000)
                var readings = LoadReadings(
                    time: moment, window: .seconds(60), virtualMachineUse: [Sample.machine(1): 0.5])
                readings.virtualMachineMemory[Sample.machine(1)] = share
                book.add(readings, sizes: [Sample.machine(1): 4])
            }
        }
        see(0.8, count: 1, from: 0)
        #expect(book.memoryPeak(of: Sample.machine(1)) == nil, "too little was seen")
        see(0.2, count: 100, from: 3600)
        see(0.3, count: 1, from: 101 * 3600)
        see(0.2, count: 64, from: 102 * 3600)
        #expect(book.usualPeak(of: Sample.machine(1)) == nil)
        see(0.2, count: 60, from: 166 * 3600)
        #expect(book.memoryPeak(of: Sample.machine(1)) == 0.3, "the first day is more than a week ago")
    }
}
