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
        #expect(Sample.reliefObjection(picture(records(vm, bridges(["br0"]), bridges(["br0", "br1"])))) == nil)
        let missing = try #require(Sample.reliefObjection(picture(records(vm, bridges(["br0"]), bridges(["br1"])))))
        #expect(missing.contains("it does not reach network br0"))
        let unknown = try #require(Sample.reliefObjection(picture(records(vm, bridges(["br0"]), nil))))
        #expect(unknown.contains("it is unknown whether it reaches network br0"))
    }

    @Test func `a VM without a bridge, or on one that its own host does not list, asks nothing`() {
        #expect(Sample.reliefObjection(picture(records(Sample.status(1, .running), bridges([]), nil))) == nil)
        #expect(Sample.reliefObjection(picture(records(connected(to: "ovs0"), bridges(["br0"]), bridges([])))) == nil)
    }

    private func mounting(_ systems: [SharedFileSystem]?) -> HostCapabilities {
        var capabilities = HostCapabilities()
        capabilities.sharedFileSystems = systems
        return capabilities
    }

    @Test func `a VM's shared disks lie on the file system with the nearest mount point, and its hosts mount the same`()
        throws
    {
        var vm = Sample.status(1, .running)
        vm.definition.disks = [
            .init(path: "/srv/vms/fast/a.qcow2", format: .qcow2), .init(path: "/dev/vg/b", format: .raw),
            .init(path: "/srv/vms/c.qcow2", format: .qcow2, isLocal: true),
        ]
        let slow = SharedFileSystem(source: "nas:/vms", type: "nfs4", mountPoint: "/srv/vms")
        let fast = SharedFileSystem(source: "nas:/fast", type: "nfs4", mountPoint: "/srv/vms/fast")
        let near = SharedFileSystem(source: "nas:/f", type: "nfs4", mountPoint: "/srv/vms/f")
        let own = mounting([slow, near, fast])
        let fleet = picture(records(vm, own, mounting([fast])))
        #expect(fleet.locate(Sample.machine(1))?.machine.traits.datastores == ["nas:/fast on /srv/vms/fast"])
        #expect(Sample.reliefObjection(fleet) == nil)
        let missing = try #require(Sample.reliefObjection(picture(records(vm, own, mounting([slow])))))
        #expect(missing.contains("it does not reach datastore nas:/fast on /srv/vms/fast"))
        let unknown = try #require(Sample.reliefObjection(picture(records(vm, own, nil))))
        #expect(unknown.contains("it is unknown whether it reaches datastore nas:/fast"))
        #expect(Sample.reliefObjection(picture(records(vm, nil, mounting([])))) == nil, "nobody knows what it needs")
    }

    @Test func `a datastore has one amount of space, however many hosts mount it`() {
        func system(_ available: Int64?) -> SharedFileSystem {
            SharedFileSystem(
                source: "nas:/vms", type: "nfs4", mountPoint: "/srv/vms",
                space: available.map { StorageSpace(total: .gibibytes(100), available: .gibibytes($0)) })
        }
        let stores = Datastore.all(of: [("h1", [system(40)]), ("h2", [system(nil)]), ("h3", [system(39)])])
        #expect(stores.map(\.name) == ["nas:/vms on /srv/vms"])
        #expect(stores.first?.space?.available == .gibibytes(39) && stores.first?.hosts == ["h1", "h2", "h3"])
    }

    private func room(total: Int64, available: Int64) -> HostCapabilities {
        var capabilities = HostCapabilities()
        capabilities.localSpace = StorageSpace(total: .gibibytes(total), available: .gibibytes(available))
        return capabilities
    }

    @Test func `local disks go where the folder for them has room below the share that plans fill`() throws {
        var vm = Sample.status(1, .running)
        vm.localDiskSizes = [0: Bytes(20 << 30 | 1)]
        #expect(Sample.reliefObjection(picture(records(vm, nil, room(total: 100, available: 31)))) == nil)
        let full = try #require(Sample.reliefObjection(picture(records(vm, nil, room(total: 100, available: 29)))))
        #expect(full.contains("local space"))
    }

    @Test func `a VM with a local disk is lost with its host, and no reserve needs room for it`() throws {
        let limits = PlannerLimits()
        func report(_ vm: VirtualMachineStatus) -> ReserveReport {
            Planner(limits: limits).reserve(
                of: World.cluster, failures: 1, on: picture(records(vm, nil, room(total: 1, available: 1))))
        }
        var vm = Sample.status(1, .running)
        vm.definition.memory = .gibibytes(1 << 20)
        let shared = report(vm)
        #expect(!shared.holds && shared.uncovered.isEmpty, "\(shared.reason)")
        // Whether its size is known or not.
        vm.definition.disks = [.init(path: "c.qcow2", format: .qcow2, isLocal: true)]
        for sizes in [nil, [0: Bytes.gibibytes(1)]] {
            vm.localDiskSizes = sizes
            let local = report(vm)
            #expect(local.holds && local.uncovered == [vm.definition.name.text], "\(local.reason)")
        }
        #expect(ReserveReport.text(uncovered: ["a", "b", "c", "d", "e", "f"]).contains("e and 1 other, which"))
    }

    @Test func `a folder that is too full, or promised too much, keeps only VMs away that bring a disk`() throws {
        var records = records(Sample.status(1, .running), nil, room(total: 100, available: 1))
        var grown = Sample.status(2, .running)
        grown.localDiskSizes = [0: Bytes(300 << 30 | 1), 1: Bytes(1)]
        records[1].report.virtualMachines = [grown]
        #expect(Sample.reliefObjection(picture(records)) == nil)
        records[0].report.virtualMachines[0].localDiskSizes = [0: .mebibytes(64)]
        #expect(try #require(Sample.reliefObjection(picture(records))).contains("local space"))
    }

    @Test func `a report with a file system that cannot be is not taken`() {
        var report = Sample.record(Sample.host("h1"), machines: [], at: time).report
        let wrong: [(SharedFileSystem, String)] = [
            (.init(source: "a\u{0}", type: "nfs", mountPoint: "/x"), "source"),
            (.init(source: "a", type: "nfs", mountPoint: "x"), "mountPoint"),
            (
                .init(
                    source: "a", type: "nfs", mountPoint: "/x",
                    space: StorageSpace(total: Bytes(-1), available: .zero)), "total"
            ),
        ]
        for (system, field) in wrong {
            report.capabilities = mounting([system])
            #expect(report.objection?.hasPrefix("capabilities.sharedFileSystems[0].\(field)") == true)
        }
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
