import FleetModel

@testable import Counters
@testable import LibvirtRuntime

/// What a host says of itself: the kernel's files, command lines, libvirt's descriptions, and what people type of it.
extension FuzzTarget {
    // MARK: The kernel's files

    /// Any of the kernel's files, the first byte says which. Whatever it says is read or refused; the account of logical
    /// processors stays whole.
    static let kernel = FuzzTarget(name: "kernel", seeds: { kernelSeeds }) { bytes in
        guard let first = bytes.first else { return }
        readKernel(Int(first), Array(bytes.dropFirst()))
    }

    private static func readKernel(_ kind: Int, _ bytes: [UInt8]) {
        let span = bytes.span
        switch kind % 30 {
        case 0: readStat(span)
        case 1: _ = try? MemoryInformation(parsing: span)
        case 2: _ = try? SchedulerStat(parsing: span, path: "")
        case 3: _ = try? TaskStat(parsing: span, path: "")
        case 4: _ = QEMUCommandLine(parsing: span)
        case 5: _ = try? VirtualMemoryStat(parsing: span)
        case 6: _ = try? PressureStall(parsing: span, path: "")
        case 7: readDisks(span)
        case 8: readInterfaces(span)
        case 9: _ = try? LoadAverage(parsing: span)
        case 10: _ = try? Uptime(parsing: span)
        case 11: _ = try? MountTable(parsing: span).diskFileSystems
        case 12: _ = try? SoftwareArrays(parsing: span)
        case 13: _ = try? ProcessorInformation(parsing: span)
        case 14: _ = try? ControlGroupMembership(parsing: span, path: "")
        case 15: _ = try? ControlGroupProcessorTime(parsing: span, path: "")
        case 16: _ = try? ControlGroupMemoryStat(parsing: span, path: "")
        case 17: readGroups(span)
        case 18: _ = try? ProcessStatus(parsing: span, path: "")
        case 19: _ = try? ProcessTraffic(parsing: span, path: "")
        case 20: _ = try? NodeMemory(parsing: span, path: "")
        case 21: _ = try? NodeAllocations(parsing: span, path: "")
        case 22: _ = try? NodeDistances(parsing: span, path: "")
        case 23: _ = try? Temperature(parsing: span, path: "")
        case 24: _ = try? SingleValue.text(parsing: span, path: "")
        case 25: readScheduler(span)
        case 26: _ = try? LogicalProcessorSet(parsing: String(decoding: bytes, as: UTF8.self))
        case 27: _ = AllowedProcessors.isOne(span)
        case 28: _ = ControlGroupMembership.machinePath(in: String(decoding: bytes, as: UTF8.self))
        default: _ = SensorFile(name: String(decoding: bytes, as: UTF8.self))
        }
    }

    private static func readStat(_ span: Span<UInt8>) {
        var stat = ProcStat()
        guard (try? stat.parse(span)) != nil else { return }
        var account = LogicalProcessorAccount()
        account.receive(stat, threads: [], ticks: 0)
        for place in stat.lines.indices { stat.lines[place].user += 7 }
        account.receive(stat, threads: [], ticks: 1)
        for entry in account.entries { require(entry.times.total >= 0, "time ran backwards") }
    }

    private static func readDisks(_ span: Span<UInt8>) {
        var disks = DiskStatistics()
        try? disks.parse(span, wholeDisks: ["vda", "sda", "cciss!c0d0"])
    }

    private static func readInterfaces(_ span: Span<UInt8>) {
        var interfaces = InterfaceStatistics()
        try? interfaces.parse(span)
        var backlog = PacketBacklog()
        try? backlog.parse(span)
    }

    private static func readGroups(_ span: Span<UInt8>) {
        var usage = ControlGroupProcessorUsage()
        try? usage.parse(span, path: "")
        var nodes = ControlGroupNodeMemory()
        try? nodes.parse(span, path: "")
        var disks = ControlGroupDiskStatistics()
        try? disks.parse(span, path: "")
        _ = try? ControlGroupLimit(parsing: span, path: "")
    }

    private static func readScheduler(_ span: Span<UInt8>) {
        var scheduler = SchedulerStatistics()
        try? scheduler.parse(span)
    }

    private static let kernelSeeds: [[UInt8]] = [
        (0, "cpu  1 2\ncpu0 1000 0 100 5000 10 1 2 0 700 0\nctxt 5\n"), (1, "MemTotal: 8 kB\nMemAvailable: 4 kB\n"),
        (2, "100 7 3\n"),
        (
            3,
            "42 (CPU 0/KVM) S 1 1 1 0 -1 1 1 0 0 0 9 8 0 0 20 0 3 0 5 1 1 1 1 1 1 1 1 0 0 0 1 0 0 0 17 2 0 0 0 7 0\n"
        ),
        (4, "/usr/bin/qemu-system-x86_64\0-name\0guest=a,x=y\0-m\0size=1G\0-smp\0cpus=2\0-accel\0kvm\0"),
        (5, "pswpin 7\nnuma_hit 5\n"), (6, "some avg10=1.00 avg60=2.00 avg300=3.00 total=15\n"),
        (7, " 254 0 vda 100 5 2048 300 200 6 4096 900 0 700 1200 0 0 0 0 0 0\n"),
        (8, "Inter-|\n face |\n eth0: 5 5 1 2 0 0 0 0 6 6 3 4 0 0 0 0\n"), (9, "0.5 1.2 2.0 3/400 1234\n"),
        (10, "1.5 2.5\n"), (11, "/dev/sda1 /my\\040disk ext4 rw 0 0\n"),
        (12, "Personalities : [raid1]\nmd0 : active raid1 sda1[0] sdb1[1](F)\n 5 blocks [2/1] [U_]\n"),
        (13, "processor\t: 0\nflags\t: vmx nx\n\nCPU implementer : 0x41\n"), (14, "4:memory:/a\n0::/b.scope/c\n"),
        (15, "usage_usec 8\nnr_periods 1\n"), (16, "anon 5\ntotal_rss 6\n"), (17, "anon N0=5 N1=6\n"),
        (17, "8:16 rbytes=14 wbytes=3 rios=1\n"), (17, "1 2 3\n"), (18, "VmRSS:\t 16 kB\n"), (19, "rchar: 5\n"),
        (20, "Node 0 MemTotal: 24 kB\n"), (21, "numa_hit 5\n"), (22, "10 21\n"), (23, "47250\n"), (24, "coretemp\n"),
        (25, "version 15\ntimestamp 4\ncpu0 0 0 0 0 0 0 1 2 3\n"), (26, "0-3,6"), (27, "Cpus_allowed_list:\t0\n"),
        (28, "/machine.slice/machine-qemu.scope/libvirt"), (29, "temp1_input"),
    ].map { kind, text in [UInt8(kind)] + Array(text.utf8) }

    // MARK: Counter paths

    /// A counter path. One that is understood and printed is understood again, and means the same.
    static let path = FuzzTarget(name: "path", seeds: { paths.map { Array($0.utf8) } }) { bytes in
        guard let path = try? CounterPath(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
        _ = "\(path)"
    }

    private static let paths = [
        #"\Hyper-V Hypervisor Logical Processor(*)\% Guest Run Time"#, #"\\.\Memory\Available MBytes"#,
        #"\Network Interface(a/b#2)\Bytes Total/sec"#, #"\A(_Total)\*"#, #"\X(we*b (1))\y"#,
    ]

    // MARK: libvirt's descriptions

    /// The description of a domain.
    static let markup = FuzzTarget(name: "markup", seeds: { descriptions.map { Array($0.utf8) } }) { bytes in
        _ = try? DomainDescription(parsing: bytes)
    }

    private static let descriptions = [
        """
        <domain type='kvm'><name>a&amp;b</name><uuid>x</uuid><devices><disk type='file' device='disk'>\
        <driver name='qemu' type='qcow2'/><source file='/a'/><target dev='vda' bus='virtio'/></disk>\
        <!-- c --><![CDATA[x]]></devices></domain>
        """,
        "<?xml version='1.0'?><domainsnapshot><creationTime>5</creationTime></domainsnapshot>",
    ]
}
