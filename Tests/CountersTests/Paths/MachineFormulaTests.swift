import FleetModel
import Testing

@testable import Counters

@Suite("Hyper-V's counters of virtual machines and devices")
struct MachineFormulaTests {
    private static let object = #"\Hyper-V Hypervisor Virtual Processor"#
    private let web: VirtualMachineID
    private let database: VirtualMachineID

    init() throws {
        web = try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001"))
        database = try #require(VirtualMachineID("00000000-0000-4000-8000-000000000002"))
    }

    private func processor(
        _ machine: VirtualMachineID, _ number: Int, run: Double, guest: Double? = nil, wait: Double = 0,
        dispatches: Double = 0
    ) -> Moments.Readings {
        let subject = SeriesKey.Subject.virtualProcessor(machine, number)
        var readings: Moments.Readings = [
            (.virtualProcessorRun, subject, run), (.virtualProcessorWait, subject, wait),
            (.virtualProcessorDispatches, subject, dispatches),
        ]
        if let guest { readings.append((.virtualProcessorGuest, subject, guest)) }
        return readings
    }

    private func moments(_ first: Moments.Readings, _ second: Moments.Readings) -> Moments {
        Moments(first, second, names: [web: "web", database: "database"])
    }

    @Test func `a virtual processor's time is over wall time`() throws {
        let moments = moments(
            processor(web, 0, run: 10, guest: 5) + processor(web, 1, run: 0, guest: 0),
            processor(web, 0, run: 18, guest: 11, wait: 1, dispatches: 1000) + processor(web, 1, run: 0, guest: 0))
        let zero = Self.object + #"(web:Hv VP 0)\"#
        #expect(try moments.value(zero + "% Total Run Time") == 80)
        #expect(try moments.value(zero + "% Guest Run Time") == 60)
        #expect(try moments.value(zero + "% Hypervisor Run Time") == 20)
        #expect(try moments.value(zero + "CPU Wait Time Per Dispatch") == 1_000_000)
        let total = Self.object + #"(_Total)\"#
        #expect(try moments.value(total + "% Total Run Time") == 40)
        #expect(try moments.value(total + "CPU Wait Time Per Dispatch") == 1_000_000)
    }

    @Test func `guest time in ticks never exceeds run time in nanoseconds`() throws {
        let moments = moments(processor(web, 0, run: 0, guest: 0), processor(web, 0, run: 4.996, guest: 5))
        let zero = Self.object + #"(web:Hv VP 0)\"#
        #expect(try moments.value(zero + "% Guest Run Time") == 49.96)
        #expect(try moments.value(zero + "% Hypervisor Run Time") == 0)
    }

    @Test func `without a dispatch nothing waited, but what waited and got none is unknown`() throws {
        let moments = moments(
            processor(web, 0, run: 1) + processor(web, 1, run: 1),
            processor(web, 0, run: 1) + processor(web, 1, run: 1, wait: 10))
        let values = try moments.ask(Self.object + #"(web*)\CPU Wait Time Per Dispatch"#).map(\.value)
        #expect(values == [0, nil])
    }

    @Test func `guest code that the platform does not show is unknown`() throws {
        let moments = moments(processor(web, 0, run: 1), processor(web, 0, run: 6))
        let zero = Self.object + #"(web:Hv VP 0)\"#
        #expect(try moments.value(zero + "% Guest Run Time") == nil)
        #expect(try moments.value(zero + "% Hypervisor Run Time") == nil)
        #expect(try moments.value(zero + "% Total Run Time") == 50)
    }

    @Test func `a VM that is gone is unknown and one that came is not in the total yet`() throws {
        let moments = moments(processor(web, 0, run: 1), processor(database, 0, run: 6))
        let asked = try moments.ask(Self.object + #"(*)\% Total Run Time"#)
        #expect(asked.map(\.value) == [nil, nil])
        let both = self.moments(
            processor(web, 0, run: 0) + processor(database, 0, run: 0), processor(database, 0, run: 5))
        #expect(try both.ask(Self.object + #"(*)\% Total Run Time"#).map(\.value) == [50, nil, 50])
    }

    @Test func `instances are listed by name and number, and those of one name are counted`() throws {
        let readings = processor(web, 10, run: 0) + processor(web, 2, run: 0) + processor(database, 2, run: 0)
        let moments = Moments(readings, readings, names: [web: "web", database: "web"])
        let titles = try moments.ask(Self.object + #"(web*)\% Total Run Time"#).map(\.title)
        let names = ["web:Hv VP 2", "web:Hv VP 10", "web:Hv VP 2#1"]
        #expect(titles == names.map { Self.object + "(\($0))" + #"\% Total Run Time"# })
        for name in names {
            let path = Self.object + "(\(name))" + #"\% Total Run Time"#
            #expect(try moments.ask(path).map(\.title) == [path])
        }
    }

    @Test func `partitions are VMs and the root, unknown when they could not be looked for`() throws {
        let state = SeriesKey.Subject.machineState(web, .tcg, .running, manager: "none")
        let here: Moments.Readings =
            processor(web, 0, run: 0) + processor(web, 1, run: 0) + [
                (.machineInformation, state, 1), (.readerSuccess, .reader(.machines), 1),
                (.logicalProcessors, .host, 4), (.machineMemory, .machine(web), 1_073_741_824),
                (.machineResidentMemory, .machine(web), 8192), (.virtualProcessors, .machine(web), 2),
            ]
        let moments = moments(here, here)
        #expect(try moments.value(#"\Hyper-V Hypervisor\Partitions"#) == 2)
        #expect(try moments.value(#"\Hyper-V Hypervisor\Virtual Processors"#) == 2)
        #expect(try moments.value(#"\Hyper-V Hypervisor\Logical Processors"#) == 4)
        #expect(try moments.value(#"\Hyper-V Hypervisor Partition(web:HvPt)\Virtual Processors"#) == 2)
        #expect(try moments.value(#"\Hyper-V VM Vid Partition(web)\Physical Pages Allocated"#) == 2)
        #expect(try moments.value(#"\Hyper-V Dynamic Memory VM(web)\Guest Visible Physical Memory"#) == 1024)
        let blind = self.moments(here, [(.readerSuccess, .reader(.machines), 0)])
        #expect(try blind.value(#"\Hyper-V Hypervisor\Partitions"#) == nil)
        #expect(try blind.value(#"\Hyper-V Hypervisor Partition(web:HvPt)\Virtual Processors"#) == nil)
    }

    @Test func `a disk's figures are of one direction or of both`() throws {
        func disk(_ read: Double, _ written: Double, busy: Double) -> Moments.Readings {
            [(SeriesKey.Flow.read, read), (.written, written)].flatMap { flow, count -> Moments.Readings in
                [
                    (.diskBytes, .disk("vda", flow), count * 4096), (.diskRequests, .disk("vda", flow), count),
                    (.diskRequestTime, .disk("vda", flow), count / 100),
                ]
            } + [(.diskBusy, .disk("vda", nil), busy)]
        }
        let moments = moments(disk(0, 0, busy: 0), disk(300, 100, busy: 4))
        let vda = #"\PhysicalDisk(vda)\"#
        #expect(try moments.value(vda + "Disk Bytes/sec") == 163_840)
        #expect(try moments.value(vda + "Disk Reads/sec") == 30)
        #expect(try moments.value(vda + "Disk Write Bytes/sec") == 40_960)
        #expect(try moments.value(vda + "Avg. Disk sec/Transfer") == 0.01)
        #expect(try moments.value(vda + "Avg. Disk Bytes/Write") == 4096)
        #expect(try moments.value(vda + "Avg. Disk Queue Length") == 0.4)
        #expect(try moments.value(vda + "% Disk Time") == 40)
        #expect(try moments.value(vda + "% Idle Time") == 60)
        #expect(try moments.value(#"\PhysicalDisk(_Total)\Disk Transfers/sec"#) == 40)
        let idle = self.moments(disk(5, 5, busy: 1), disk(5, 5, busy: 1))
        #expect(try idle.value(vda + "Avg. Disk sec/Read") == 0)
    }

    @Test func `what providers say of VMs`() throws {
        func readings(_ count: Double) -> Moments.Readings {
            let (disk, network) = (["vda", "read"], ["vnet0", "received"])
            return processor(web, 0, run: 0) + [
                (.virtualProcessorExits, .virtualProcessor(web, 0), count),
                (.virtualProcessorExitReasons, .machineParts(web, ["0", "halt"]), count / 2),
                (.machineDiskBytes, .machineParts(web, disk), count * 512),
                (.machineDiskRequests, .machineParts(web, disk), count),
                (.machineDiskRequests, .machineParts(web, ["vda", "written"]), 0),
                (.machineDiskRequestTime, .machineParts(web, disk), count / 50),
                (.machineDiskRequestTime, .machineParts(web, ["vda", "written"]), 0),
                (.machineNetworkBytes, .machineParts(web, network), count),
                (.machineNetworkDrops, .machineParts(web, network), count),
                (.machineBalloon, .machine(web), 200), (.guestPressure, .machine(web), 0.75),
                (.guestMemory, .machineParts(web, ["total"]), 200),
                (.guestMemory, .machineParts(web, ["available"]), 50), (.machineBalloon, .machine(database), 100),
                (.machineInformation, .machineState(web, .kvm, .running, manager: "none"), 1),
                (.machineRemoteMemory, .machine(web), 40_960),
            ]
        }
        let moments = moments(readings(0), readings(100))
        #expect(try moments.value(Self.object + #"(web:Hv VP 0)\Total Intercepts/sec"#) == 10)
        #expect(try moments.value(Self.object + #"(web:Hv VP 0)\HLT Instructions/sec"#) == 5)
        #expect(try moments.value(Self.object + #"(web:Hv VP 0)\IO Instructions/sec"#) == nil)
        #expect(try moments.value(#"\Hyper-V Virtual Storage Device(web-vda)\Read Bytes/sec"#) == 5120)
        #expect(try moments.value(#"\Hyper-V Virtual Storage Device(web-vda)\Latency"#) == 0.02)
        #expect(try moments.value(#"\Hyper-V Virtual Network Adapter(web_vnet0)\Bytes/sec"#) == 10)
        #expect(try moments.value(#"\Hyper-V Virtual Network Adapter(*)\Dropped Packets Incoming/sec"#) == 10)
        #expect(try moments.value(#"\Hyper-V Dynamic Memory VM(web)\Current Pressure"#) == 75)
        #expect(try moments.value(#"\Hyper-V VM Vid Partition(web)\Remote Physical Pages"#) == 10)
        // A VM that does not say what it wants takes no part in the balance.
        let balancer = try moments.ask(#"\Hyper-V Dynamic Memory Balancer(*)\Average Pressure"#)
        #expect(balancer.map(\.value) == [75])
        #expect(balancer.first?.title.contains("(System Balancer)") == true)
    }

    @Test func `memory and networks`() throws {
        func readings(_ count: Double) -> Moments.Readings {
            [
                (.memoryAvailable, .host, 1_048_576 * 512), (.pagesSwapped, .flow(.inward), count),
                (.pagesSwapped, .flow(.outward), count * 2), (.networkBytes, .interface("eth0", .received), count * 10),
                (.networkBytes, .interface("eth0", .sent), count), (.networkErrors, .interface("eth0", .sent), 3),
                (.networkErrors, .interface("eth0", .received), 4),
            ]
        }
        let moments = moments(readings(0), readings(100))
        #expect(try moments.value(#"\Memory\Available MBytes"#) == 512)
        #expect(try moments.value(#"\Memory\Pages/sec"#) == 30)
        #expect(try moments.value(#"\Memory\Pages Output/sec"#) == 20)
        #expect(try moments.value(#"\Network Interface(eth0)\Bytes Total/sec"#) == 110)
        #expect(try moments.value(#"\Network Interface(eth0)\Packets Outbound Errors"#) == 3)
        #expect(try moments.ask(#"\Network Interface(*)\Bytes Sent/sec"#).count == 1)
    }

    @Test func `native counters are asked by name: rates of what grows, values of what does not`() throws {
        let moments = moments(
            processor(web, 0, run: 0) + [(.load, .mean(minutes: 1), 1), (.load, .mean(minutes: 5), 2)],
            processor(web, 0, run: 5) + [(.load, .mean(minutes: 1), 3)])
        let run = try moments.ask("evenkeel_vm_vp_run_seconds_total")
        #expect(run.map(\.value) == [0.5])
        #expect(run.map(\.title) == [#"evenkeel_vm_vp_run_seconds_total{name="web", vm="\#(web)", vp="0"}"#])
        #expect(try moments.ask("evenkeel_host_load").map(\.value) == [3, nil])
        #expect(try moments.value(#"evenkeel_host_load{window="1m"}"#) == 3)
        let none = #expect(throws: CounterError.self) { try moments.ask(#"evenkeel_host_load{window="9m"}"#) }
        #expect(none?.description.contains(#"{window="5m"}"#) == true)
    }
}
