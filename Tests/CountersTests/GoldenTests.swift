import FleetModel
import Foundation
import Testing

@testable import Counters

/// Whole hosts of several shapes, frozen, and every series that is made of them: `Golden/NAME.txt`. After a change that
/// is meant, `EVENKEEL_WRITE_GOLDEN=1 make test FILTER=GoldenTests` writes them anew, for a person to read the difference.
@Suite("Whole frozen hosts and all that is said of them")
struct GoldenTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden").path

    /// Looks at a shape at three moments, a second apart, the last two told of, and compares what the last one says.
    private func check(
        _ name: String, machines: [VirtualMachineStatus] = [], statistics: [VirtualMachineStatistics] = [],
        only isWanted: (String) -> Bool = { _ in true }, write: (FrozenTree, Int) throws -> Void
    ) throws {
        let tree = try FrozenTree()
        var options = SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder + "/sys")
        options.rootFolder = tree.folder + "/root"
        options.versions.emulator = "7.2.22"
        var sampler = HostSampler(options)
        var sample = HostSample()
        for step in 0..<3 {
            try write(tree, step)
            let moment = SampleMoment(
                ticks: 100_000 + Int64(step) * 100, nanoseconds: 1_000_000_000_000 + Int64(step) * 1_000_000_000)
            sampler.look(step == 1 ? .second : .whole, machines, at: moment, into: &sample)
        }
        for statistic in statistics { sample.append(statistic) }
        let names = Dictionary(
            (machines + sample.unmanaged).map { ($0.definition.id, $0.definition.name.text) },
            uniquingKeysWith: { first, _ in first })
        var lines = sample.readings.filter { $0.key.counter != .readerDuration }
            .filter { !$0.key.counter.rawValue.hasPrefix("evenkeel_host_filesystem_") }
            .map { reading in
                let name = reading.key.machine.flatMap { names[$0] } ?? ""
                return "\(reading.key.labels(host: [:], machineName: name)) \(reading.value)"
            }
        lines += sample.problems.map { "problem of \($0.key.rawValue)" }
        let text = lines.filter(isWanted).sorted().map { $0.replacing(Self.machine, with: "THIS") + "\n" }.joined()
        let path = "\(Self.folder)/\(name).txt"
        if ProcessInfo.processInfo.environment["EVENKEEL_WRITE_GOLDEN"] != nil {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }
        let wanted = try String(contentsOfFile: path, encoding: .utf8)
        let (have, want) = (Set(text.split(separator: "\n")), Set(wanted.split(separator: "\n")))
        #expect(have.subtracting(want).sorted() == [], "said, and not in \(name).txt")
        #expect(want.subtracting(have).sorted() == [], "in \(name).txt, and not said")
    }

    /// The architecture of the machine that the tests run on is said of every host.
    private static let machine: String = {
        var names = utsname()
        unsafe uname(&names)
        return unsafe withUnsafePointer(to: &names.machine) { text in
            unsafe text.withMemoryRebound(to: CChar.self, capacity: 65) { unsafe String(cString: $0) }
        }
    }()

    private func status(_ process: Int32, _ accelerator: Accelerator) throws -> VirtualMachineStatus {
        VirtualMachineStatus(
            definition: VirtualMachineDefinition(
                id: try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001")),
                name: try #require(Name("web")), virtualProcessors: 2, memory: .gibibytes(1)),
            state: .running, accelerator: accelerator, process: process, manager: "libvirt")
    }

    @Test func `one logical processor, TCG, control groups of version 1, no pressure stall information`() throws {
        try check("one-lp-tcg-v1", machines: [status(41, .tcg)]) { tree, step in
            let busy = 850 + step * 60
            try tree.put("cpu0 \(busy) 0 \(100 + step * 10) \(9_000 + step * 25) 0 0 0 \(step * 5) 0 0\n", at: "stat")
            try tree.write(
                """
                == meminfo
                MemTotal:        2097152 kB
                MemFree:          524288 kB
                MemAvailable:    \(1_048_576 - step * 1024) kB
                Cached:           262144 kB
                SwapTotal:        131072 kB
                SwapFree:         131072 kB
                == 41/cgroup
                4:memory:/web
                2:cpuacct,cpu:/web
                == sys/fs/cgroup/cpuacct/web/cgroup.procs
                41
                == sys/fs/cgroup/cpuacct/web/cpuacct.usage
                \(9_000_000_000 + step * 620_000_000)
                == sys/fs/cgroup/cpuacct/web/cpuacct.usage_percpu
                \(9_000_000_000 + step * 620_000_000)
                == sys/fs/cgroup/cpuacct/web/cpu.stat
                nr_periods 5
                nr_throttled 1
                throttled_time 9000000
                == sys/fs/cgroup/memory/web/cgroup.procs
                41
                == sys/fs/cgroup/memory/web/memory.numa_stat
                total=30 N0=20 N1=10
                hierarchical_total=30 N0=20 N1=10
                hierarchical_file=10 N0=5 N1=5
                hierarchical_anon=20 N0=15 N1=5
                """)
            try tree.process(41, arguments: ["qemu-system-x86_64"], user: busy, system: 10, threads: 2, pages: 4_096)
            try tree.thread(41, of: 41, name: "qemu-system-x86", user: 5, system: 5, on: 0, run: 100_000_000)
            try tree.thread(
                42, of: 41, name: "ALL CPUs/TCG", user: busy - 10, system: 5 + step, on: 0,
                run: 8_900_000_000 + step * 600_000_000, wait: step * 50_000_000)
        }
    }

    @Test func `four logical processors, one offline, KVM in a libvirt scope of version 2, two nodes`() throws {
        try check("four-lps-kvm-v2", machines: [status(41, .kvm)], statistics: [try Self.statistics]) { tree, step in
            try writeFour(tree, step)
        }
    }

    private func writeFour(_ tree: FrozenTree, _ step: Int) throws {
        let scope = "machine.slice/machine-qemu\\x2d1\\x2dweb.scope"
        try tree.write(
            """
            == stat
            cpu0 \(1000 + step * 80) 0 \(100 + step * 10) \(5000 + step * 10) 10 1 2 0 \(700 + step * 75) 0
            cpu1 \(1000 + step * 20) 0 \(100 + step * 5) \(5000 + step * 75) \(10 - step) 1 2 0 \(700 + step * 15) 0
            cpu3 1000 0 100 \(5000 + step * 100) 10 1 2 0 700 0
            ctxt \(1000 + step * 500)
            == schedstat
            version 15
            timestamp 4295000000
            cpu0 0 0 0 0 0 0 \(9_000_000_000 + step * 900_000_000) \(step * 100_000_000) \(step * 300)
            cpu1 0 0 0 0 0 0 \(9_000_000_000 + step * 250_000_000) 0 \(step * 100)
            cpu3 0 0 0 0 0 0 9000000000 0 0
            == meminfo
            MemTotal:       67108864 kB
            MemFree:        10000000 kB
            MemAvailable:   33554432 kB
            AnonPages:      20000000 kB
            HugePages_Total:    16
            HugePages_Free:      6
            HugePages_Rsvd:      2
            Hugepagesize:     2048 kB
            == vmstat
            pgpgin 1000
            pgpgout 2000
            pswpin \(step * 7)
            pswpout \(step * 9)
            pgmajfault 11
            pgscan_direct 3
            oom_kill 0
            numa_hint_faults 100
            numa_hint_faults_local 60
            numa_pages_migrated 5
            compact_stall 2
            thp_fault_alloc 40
            thp_fault_fallback 4
            == loadavg
            0.50 1.25 2.00 3/400 1234
            == uptime
            1000.25 3000.50
            == pressure/cpu
            some avg10=1.00 avg60=2.00 avg300=3.00 total=\([0, 900_000, 1_000_000][step])
            full avg10=0.00 avg60=0.00 avg300=0.00 total=0
            == 41/cgroup
            0::/\(scope)/libvirt/emulator
            == sys/fs/cgroup/cgroup.controllers
            cpu memory io
            == sys/fs/cgroup/\(scope)/cpu.stat
            usage_usec \(9_000_000 + step * 1_000_000)
            user_usec 8000000
            system_usec 1000000
            nr_periods 0
            nr_throttled 0
            throttled_usec 0
            == sys/fs/cgroup/\(scope)/cpu.pressure
            some avg10=0.00 avg60=0.00 avg300=0.00 total=250000
            full avg10=0.00 avg60=0.00 avg300=0.00 total=0
            == sys/fs/cgroup/\(scope)/memory.numa_stat
            anon N0=1032192 N1=4096
            file N0=0 N1=0
            == sys/devices/system/node/node0/meminfo
            Node 0 MemTotal:       33554432 kB
            Node 0 MemFree:         5000000 kB
            == sys/devices/system/node/node0/numastat
            numa_hit 500
            numa_miss 5
            numa_foreign 0
            local_node 490
            other_node 15
            == sys/devices/system/node/node1/meminfo
            Node 1 MemTotal:       33554432 kB
            Node 1 MemFree:         5000000 kB
            == sys/devices/system/node/node1/numastat
            numa_hit 400
            numa_miss 0
            numa_foreign 5
            local_node 400
            other_node 0
            """)
        try tree.process(41, arguments: ["qemu-kvm"], user: 800 + step * 95, system: 60, threads: 3, pages: 65_536)
        try tree.thread(41, of: 41, name: "qemu-kvm", user: 20, system: 10, on: 3, run: 300_000_000)
        try tree.thread(
            42, of: 41, name: "CPU 0/KVM", user: 390 + step * 78, system: 20 + step * 4, guest: 380 + step * 75, on: 0,
            run: 4_100_000_000 + step * 830_000_000, wait: [0, 100_000_000, 400_000_000][step])
        try tree.thread(
            43, of: 41, name: "CPU 1/KVM", user: 390 + step * 16, system: 30 + step * 2, guest: 380 + step * 15, on: 1,
            run: 4_200_000_000 + step * 180_000_000)
        try tree.put("Name:\tCPU 0/KVM\nCpus_allowed_list:\t0\n", at: "41/task/42/status")
    }

    @Test func `256 logical processors and a VM that nobody manages`() throws {
        let shown = [#"lp="0""#, #"lp="127""#, #"lp="255""#, "host_", "vm_"]
        try check("many-lps", only: { line in shown.contains { line.contains($0) } }) { tree, step in
            let lines = (0..<256).map { number in
                let guest = number == 127 ? step * 36 : 0
                return "cpu\(number) \(step * 40) 0 \(step * (number % 10)) \(step * 50) 0 0 0 0 \(guest) 0"
            }
            try tree.put(lines.joined(separator: "\n") + "\n", at: "stat")
            try tree.put("MemTotal: 1073741824 kB\nMemAvailable: 536870912 kB\n", at: "meminfo")
            let arguments = [
                "/usr/libexec/qemu-kvm", "-name", "guest=old db,debug-threads=on", "-uuid",
                "11111111-2222-4333-8444-555555555555", "-m", "size=8388608k,slots=16", "-smp", "4,sockets=4", "-cpu",
                "host,migratable=on", "-machine", "pc-q35-7.2,accel=kvm",
            ]
            for (place, argument) in [arguments].enumerated() {
                try tree.put(argument.map { $0 + "\0" }.joined(), at: "\(77 + place)/cmdline")
            }
            try tree.process(77, arguments: arguments, user: step * 40, system: 0, threads: 1, pages: 10)
            try tree.thread(
                77, of: 77, name: "CPU 0/KVM", user: step * 40, system: 0, guest: step * 36, on: 127,
                run: step * 400_000_000, wait: step * 10_000_000)
            try tree.put("77 (x) S", at: "78/stat")
        }
    }

    @Test func `hardware that is not well`() throws {
        try check("hardware") { tree, step in
            try tree.put("cpu0 \(step) 0 0 \(step * 99) 0 0 0 0 0 0\n", at: "stat")
            try tree.put("MemTotal: 1024 kB\n", at: "meminfo")
            try writeHardware(tree)
        }
    }

    private func writeHardware(_ tree: FrozenTree) throws {
        try tree.write(
            """
            == mdstat
            Personalities : [raid1]
            md0 : active raid1 sda1[0] sdb1[1](F)
                  292945152 blocks [2/1] [U_]
                  [==>..................]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec

            unused devices: <none>
            == cpuinfo
            processor\t: 0
            vendor_id\t: GenuineIntel
            model name\t: Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz
            physical id\t: 0
            core id\t\t: 0
            flags\t\t: fpu nx vmx ept
            == sys/kernel/osrelease
            6.1.0-18-amd64
            == net/dev
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
              eno1:    5000      50    1    2    0     0          0         0     6000      60    3    4    0     0       0          0
             vnet0:    5000      50    1    2    0     0          0         0     6000      60    3    4    0     0       0          0
            == net/softnet_stat
            00000010 00000002 00000001 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
            == sys/class/net/vnet0/tun_flags
            0x1002
            == sys/class/net/eno1/device/vendor
            0x8086
            == sys/class/net/eno1/operstate
            down
            == sys/class/net/eno1/speed
            -1
            == sys/class/net/eno1/carrier_changes
            7
            == sys/devices/system/edac/mc/mc0/ce_count
            12
            == sys/devices/system/edac/mc/mc0/ue_count
            1
            == sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count
            5
            == sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count
            9
            == sys/class/hwmon/hwmon0/name
            coretemp
            == sys/class/hwmon/hwmon0/temp1_input
            47250
            == sys/class/hwmon/hwmon0/temp1_label
            Package id 0
            == sys/class/hwmon/hwmon0/temp1_crit
            100000
            == sys/block/dm-0/dm/uuid
            mpath-3600508b400105e210000900000490000
            == sys/block/dm-0/dm/name
            san-vms
            == sys/block/dm-0/slaves/sdc/device/state
            running
            == sys/block/dm-0/slaves/sdd/device/state
            offline
            == sys/block/dm-1/dm/uuid
            LVM-abc
            """)
    }

    /// What a provider of the second shape says of its VM.
    private static var statistics: VirtualMachineStatistics {
        get throws {
            var statistics = VirtualMachineStatistics(
                id: try #require(VirtualMachineID("00000000-0000-4000-8000-000000000001")))
            var processor = VirtualMachineStatistics.Processor(number: 0)
            (processor.exits, processor.haltExits, processor.haltWaitNanoseconds) = (1000, 200, 3_000_000_000)
            (processor.haltPollSuccessNanoseconds, processor.haltPollFailNanoseconds) = (5_000_000, 7_000_000)
            processor.inputOutputExits = 12
            statistics.processors = [processor]
            statistics.hypervisor = ["remote_tlb_flush": 4]
            statistics.balloon = .mebibytes(1000)
            var guest = VirtualMachineStatistics.GuestView()
            (guest.total, guest.available, guest.swappedIn) = (.mebibytes(980), .mebibytes(480), Bytes(4096))
            statistics.guestMemory = guest
            var disk = VirtualMachineStatistics.Disk(name: "vda")
            (disk.path, disk.format, disk.bus) = ("/srv/web.qcow2", "qcow2", "virtio")
            (disk.isBlockDevice, disk.isPreallocated) = (false, false)
            (disk.capacity, disk.allocation) = (.gibibytes(10), .gibibytes(3))
            disk.reads = .init(count: 10, bytes: 40_960, nanoseconds: 5_000_000)
            disk.flushes = .init(count: 2, bytes: 0)
            statistics.disks = [disk]
            var interface = VirtualMachineStatistics.Interface(name: "vnet0")
            (interface.model, interface.bridge) = ("e1000", "br0")
            interface.received = .init(bytes: 500, packets: 5, errors: 0, drops: 1)
            statistics.interfaces = [interface]
            statistics.snapshots = [.init(name: "before", time: Timestamp(milliseconds: 1_700_000_000_000))]
            (statistics.emulatorVersion, statistics.machineType) = ("7.2.22", "pc-q35-7.2")
            return statistics
        }
    }
}
