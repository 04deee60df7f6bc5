import FleetModel
import Testing

@testable import Counters

@Suite("A host's sample over frozen trees of /proc")
struct HostSamplerTests {
    private static let machine = "00000000-0000-4000-8000-000000000001"

    private func status(
        _ process: Int32, _ accelerator: Accelerator, state: VirtualMachineState = .running
    ) throws -> VirtualMachineStatus {
        let definition = VirtualMachineDefinition(
            id: try #require(VirtualMachineID(Self.machine)), name: try #require(Name("web")), virtualProcessors: 2,
            memory: .gibibytes(1))
        return VirtualMachineStatus(
            definition: definition, state: state, accelerator: accelerator, process: process)
    }

    /// What the tests of single questions do not ask about; whole samples are held to golden files.
    private static let leftOut: Set<Counter> = [
        .readerDuration, .logicalProcessorBusy, .hostBusy, .logicalProcessorEstimated, .memoryAvailableMinimum,
        .memoryUse, .virtualProcessorBusy, .virtualProcessorWaitRatio, .virtualProcessorDispatches,
        .virtualProcessorGuest, .virtualProcessors,
    ]

    /// Readings as text, one a line, sorted.
    private func golden(_ sample: HostSample) -> [String] {
        let host: Labels = ["cluster": "c", "host": "h"]
        return sample.readings.filter { !Self.leftOut.contains($0.key.counter) }
            .map {
                "\($0.key.labels(host: host, machineName: "web").dropping(["cluster", "host", "vm", "name"])) \($0.value)"
            }
            .sorted()
    }

    @Test func `KVM with guest time, four logical processors, one of them offline`() throws {
        let tree = try FrozenTree()
        try tree.write(
            """
            == stat
            cpu  0 0 0 0 0 0 0 0 0 0
            cpu0 1000 0 100 5000 10 1 2 0 700 0
            cpu1 1000 0 100 5000 10 1 2 0 700 0
            cpu3 1000 0 100 5000 10 1 2 0 700 0
            ctxt 1000
            == meminfo
            MemTotal:        8388608 kB
            MemFree:          100000 kB
            MemAvailable:    4194304 kB
            """)
        let arguments = ["/usr/bin/qemu-system-x86_64", "-accel", "kvm"]
        try tree.process(41, arguments: arguments, user: 800, system: 60, threads: 3, pages: 65_536)
        try tree.thread(41, of: 41, name: "qemu-system-x86", user: 20, system: 10, on: 3, run: 300_000_000)
        try tree.thread(
            42, of: 41, name: "CPU 0/KVM", user: 390, system: 20, guest: 380, on: 0, run: 4_100_000_000, wait: 7)
        try tree.thread(43, of: 41, name: "CPU 1/KVM", user: 390, system: 30, guest: 380, on: 1, run: 4_200_000_000)
        var sampler = HostSampler(SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder + "/sys"))
        let first = sampler.sample([try status(41, .kvm)], ticks: 100_000)
        #expect(first.problems.isEmpty)
        #expect(first.logicalProcessors == 3)

        try tree.write(
            """
            == stat
            cpu  0 0 0 0 0 0 0 0 0 0
            cpu0 1080 0 110 5010 10 1 2 0 775 0
            cpu1 1020 0 105 5075 10 1 2 0 715 0
            cpu3 1004 0 101 5090 15 1 2 0 700 0
            ctxt 3500
            """)
        try tree.process(41, arguments: arguments, user: 900, system: 70, threads: 3, pages: 131_072)
        try tree.thread(41, of: 41, name: "qemu-system-x86", user: 21, system: 11, on: 3, run: 320_000_000)
        try tree.thread(
            42, of: 41, name: "CPU 0/KVM", user: 468, system: 24, guest: 455, on: 0, run: 4_930_000_000,
            wait: 500_000_007)
        try tree.thread(43, of: 41, name: "CPU 1/KVM", user: 406, system: 32, guest: 395, on: 1, run: 4_380_000_000)
        let second = sampler.sample([try status(41, .kvm)], ticks: 100_100)
        #expect(
            golden(second) == [
                "evenkeel_agent_reader_success{reader=\"disks\"} 1.0",
                "evenkeel_agent_reader_success{reader=\"filesystems\"} 1.0",
                "evenkeel_agent_reader_success{reader=\"hardware\"} 1.0",
                "evenkeel_agent_reader_success{reader=\"interfaces\"} 1.0",
                "evenkeel_agent_reader_success{reader=\"machines\"} 1.0",
                "evenkeel_agent_reader_success{reader=\"make_up\"} 1.0",
                "evenkeel_agent_reader_success{reader=\"memory\"} 1.0",
                "evenkeel_agent_reader_success{reader=\"nodes\"} 1.0",
                "evenkeel_agent_reader_success{reader=\"paging\"} 1.0",
                "evenkeel_agent_reader_success{reader=\"pressure\"} 1.0",
                "evenkeel_agent_reader_success{reader=\"processors\"} 1.0",
                "evenkeel_host_context_switches_total 3500.0", "evenkeel_host_logical_processors 3.0",
                "evenkeel_host_memory_available_bytes 4294967296.0", "evenkeel_host_memory_bytes 8589934592.0",
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"guest\"} 0.75",
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"hypervisor\"} 0.08",
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"idle\"} 0.1",
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"root\"} 0.07",
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"steal\"} 0.0",
                "evenkeel_lp_run_seconds_total{lp=\"1\", mode=\"guest\"} 0.15",
                "evenkeel_lp_run_seconds_total{lp=\"1\", mode=\"hypervisor\"} 0.03",
                "evenkeel_lp_run_seconds_total{lp=\"1\", mode=\"idle\"} 0.75",
                "evenkeel_lp_run_seconds_total{lp=\"1\", mode=\"root\"} 0.07",
                "evenkeel_lp_run_seconds_total{lp=\"1\", mode=\"steal\"} 0.0",
                "evenkeel_lp_run_seconds_total{lp=\"3\", mode=\"guest\"} 0.0",
                "evenkeel_lp_run_seconds_total{lp=\"3\", mode=\"hypervisor\"} 0.02",
                "evenkeel_lp_run_seconds_total{lp=\"3\", mode=\"idle\"} 0.95",
                "evenkeel_lp_run_seconds_total{lp=\"3\", mode=\"root\"} 0.03",
                "evenkeel_lp_run_seconds_total{lp=\"3\", mode=\"steal\"} 0.0",
                "evenkeel_vm_info{accelerator=\"kvm\", manager=\"evenkeel\", state=\"running\"} 1.0",
                "evenkeel_vm_memory_bytes 1073741824.0", "evenkeel_vm_memory_resident_bytes 536870912.0",
                "evenkeel_vm_run_seconds_total 9.7", "evenkeel_vm_vp_run_seconds_total{vp=\"0\"} 4.93",
                "evenkeel_vm_vp_run_seconds_total{vp=\"1\"} 4.38",
                "evenkeel_vm_vp_wait_seconds_total{vp=\"0\"} 0.500000007",
                "evenkeel_vm_vp_wait_seconds_total{vp=\"1\"} 0.0",
            ])
    }

    @Test func `TCG on a kernel without schedstat counts by ticks and does not know the waiting`() throws {
        let tree = try FrozenTree()
        let arguments = ["qemu-system-x86_64", "-machine", "pc,accel=tcg"]
        func write(_ user: Int, _ system: Int, guestUser: Int, guestSystem: Int, idle: Int) throws {
            try tree.put("cpu0 \(user) 0 \(system) \(idle) 0 0 0 0 0 0\n", at: "stat")
            try tree.put("MemTotal: 1024 kB\n", at: "meminfo")
            try tree.process(41, arguments: arguments, user: guestUser, system: guestSystem, threads: 2, pages: 10)
            try tree.thread(41, of: 41, name: "qemu-system-x86", user: 0, system: 0, on: 0)
            try tree.thread(42, of: 41, name: "CPU 0/TCG", user: guestUser, system: guestSystem, on: 0)
        }
        var sampler = HostSampler(SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder + "/sys"))
        try write(100, 100, guestUser: 50, guestSystem: 10, idle: 0)
        _ = sampler.sample([try status(41, .tcg)], ticks: 9_000)
        try write(140, 120, guestUser: 80, guestSystem: 15, idle: 40)
        let sample = sampler.sample([try status(41, .tcg)], ticks: 9_100)
        #expect(
            golden(sample).filter { $0.hasPrefix("evenkeel_lp") || $0.contains("_vp_") } == [
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"guest\"} 0.3",
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"hypervisor\"} 0.05",
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"idle\"} 0.4",
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"root\"} 0.25",
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"steal\"} 0.0",
                "evenkeel_vm_vp_run_seconds_total{vp=\"0\"} 0.95",
            ])
        #expect(sample.memoryAvailable == nil, "an old kernel does not say what is available")
    }

    @Test func `KVM without guest time, found by its command line alone, is virtual and not root`() throws {
        let tree = try FrozenTree()
        func write(_ system: Int, idle: Int, run: Int) throws {
            try tree.put("cpu0 0 0 \(system) \(idle) 0 0 0 0 0 0\ncpu1 0 0 0 \(idle) 0 0 0 0 0 0\n", at: "stat")
            try tree.put("MemTotal: 1024 kB\nMemAvailable: 512 kB\n", at: "meminfo")
            try tree.process(
                41, arguments: ["qemu-system-x86_64", "-enable-kvm"], user: 0, system: system, threads: 1, pages: 10)
            try tree.thread(41, of: 41, name: "qemu-system-x86", user: 0, system: system, on: 0, run: run)
        }
        var sampler = HostSampler(SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder + "/sys"))
        try write(100, idle: 0, run: 1_000_000_000)
        _ = sampler.sample([], ticks: 9_000)
        try write(160, idle: 40, run: 1_500_000_000)
        let sample = sampler.sample([], ticks: 9_100)
        #expect(
            golden(sample).filter { $0.contains("lp=\"0\"") } == [
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"idle\"} 0.4",
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"root\"} 0.1",
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"steal\"} 0.0",
                "evenkeel_lp_run_seconds_total{lp=\"0\", mode=\"virtual\"} 0.5",
            ])
        #expect(sample.unmanaged.map(\.definition.name.text) == ["qemu-41"])
        #expect(sample.unmanaged.first?.readOnly != nil)
        #expect(
            golden(sample).contains {
                $0.hasPrefix("evenkeel_vm_info") && $0.contains("manager=\"none\"")
            }, "it is a VM all the same")
    }

    @Test func `whatever a command line claims, each machine is told of once and fits into a report`() throws {
        let tree = try FrozenTree()
        try tree.put("cpu0 1 1 1 1 1 1 1 1 1 1\n", at: "stat")
        try tree.put("MemTotal: 1024 kB\nMemAvailable: 512 kB\n", at: "meminfo")
        for process in [41, 51, 61] {
            try tree.process(
                process,
                arguments: [
                    "qemu-system-x86_64", "-uuid", Self.machine, "-m", "1k", "-name",
                    "a\"b\u{7}" + String(repeating: "ü", count: 500), "-machine", String(repeating: "x\n", count: 9000),
                ], user: 1, system: 1, threads: 1, pages: 10)
            try tree.thread(process, of: process, name: "CPU 0/TCG", user: 1, system: 0, on: 0, run: 500_000_000)
        }
        var sampler = HostSampler(SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder + "/sys"))
        let sample = sampler.sample([try status(41, .tcg)], ticks: 9_000)
        let told = sample.unmanaged.map(\.definition)
        #expect(told.count == 2)
        #expect(Set(told.map(\.id.text) + [Self.machine]).count == 3, "the provider's own keeps its identity")
        #expect(Set(sample.readings.map(\.key)).count == sample.readings.count, "no series twice")
        let report = HostReport(
            host: try #require(HostName("h")), cluster: try #require(ClusterName("c")),
            time: Timestamp(milliseconds: 1), agentVersion: "1", agentRun: "r", logicalProcessors: 1,
            memory: .gibibytes(1), memoryAvailable: nil, accelerator: .tcg, migrationAddress: nil,
            virtualMachines: sample.unmanaged)
        #expect(report.objection == nil, "no process may make the host's report one that is refused")
    }

    @Test func `threads that call themselves one virtual processor count once, and none beyond what QEMU has`() throws {
        let tree = try FrozenTree()
        try tree.put("cpu0 1 1 1 1 1 1 1 1 1 1\n", at: "stat")
        try tree.put("MemTotal: 1024 kB\nMemAvailable: 512 kB\n", at: "meminfo")
        try tree.process(41, arguments: ["qemu-system-x86_64"], user: 1, system: 1, threads: 4, pages: 10)
        for (thread, name) in [(41, "CPU 0/TCG"), (42, "CPU 0/TCG"), (43, "CPU 99999/TCG"), (44, "CPU 1/TCG")] {
            try tree.thread(thread, of: 41, name: name, user: 1, system: 0, on: 0, run: 5)
        }
        var sampler = HostSampler(SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder + "/sys"))
        let sample = sampler.sample([try status(41, .tcg)])
        let runs = sample.readings.filter { $0.key.counter == .virtualProcessorRun }
        #expect(runs.count == 2)
        #expect(Set(sample.readings.map(\.key)).count == sample.readings.count, "no series twice")
    }

    @Test func `a command line of megabytes costs no more than its begin`() throws {
        let tree = try FrozenTree()
        try tree.put("cpu0 1 1 1 1 1 1 1 1 1 1\n", at: "stat")
        try tree.put("MemTotal: 1024 kB\nMemAvailable: 512 kB\n", at: "meminfo")
        let long = String(repeating: "x", count: 3_000_000)
        try tree.process(
            41, arguments: ["qemu-system-x86_64", "-name", "huge", "-append", long], user: 1, system: 1, threads: 1,
            pages: 10)
        try tree.thread(41, of: 41, name: "CPU 0/TCG", user: 1, system: 0, on: 0, run: 5)
        var sampler = HostSampler(SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder + "/sys"))
        #expect(sampler.sample([]).unmanaged.map(\.definition.name.text) == ["huge"])
        #expect(sampler.buffer.bytes.count < 100_000)
    }

    @Test func `a partition has its own logical processors, its budget and its own VMs`() throws {
        let tree = try FrozenTree()
        func write(_ step: Int) throws {
            let lines = (0..<64).map { "cpu\($0) \(step * 90) 0 0 \(step * 10) 0 0 0 0 0 0" }
            try tree.put(lines.joined(separator: "\n") + "\nctxt 5\n", at: "stat")
            try tree.put("MemTotal: 67108864 kB\nMemAvailable: 33554432 kB\n", at: "meminfo")
            for (process, processor) in [(41, 6), (51, 7)] {
                try tree.process(
                    process, arguments: ["qemu-system-x86_64"], user: step * 80, system: 0, threads: 1,
                    pages: 16_384)
                try tree.thread(
                    process, of: process, name: "CPU 0/TCG", user: step * 80, system: 0, on: processor,
                    run: step * 800_000_000)
            }
        }
        let options = SamplerOptions(
            logicalProcessors: LogicalProcessorSet([6, 7]), memory: .gibibytes(1), procFolder: tree.folder,
            sysFolder: tree.folder + "/sys")
        var sampler = HostSampler(options)
        try write(1)
        _ = sampler.sample([try status(41, .tcg)], ticks: 9_000)
        try write(2)
        let sample = sampler.sample([try status(41, .tcg)], ticks: 9_100)
        #expect(sample.logicalProcessors == 2)
        #expect(sample.memory == .gibibytes(1))
        #expect(sample.memoryAvailable == Bytes(960 << 20), "the other partition's VM takes nothing of the budget")
        #expect(
            golden(sample).filter { $0.contains("lp=") && !$0.hasSuffix(" 0.0") } == [
                "evenkeel_lp_run_seconds_total{lp=\"6\", mode=\"guest\"} 0.8",
                "evenkeel_lp_run_seconds_total{lp=\"6\", mode=\"idle\"} 0.1",
                "evenkeel_lp_run_seconds_total{lp=\"6\", mode=\"root\"} 0.1",
                "evenkeel_lp_run_seconds_total{lp=\"7\", mode=\"idle\"} 0.1",
                "evenkeel_lp_run_seconds_total{lp=\"7\", mode=\"root\"} 0.1",
                "evenkeel_lp_run_seconds_total{lp=\"7\", mode=\"steal\"} 0.8",
            ])
    }

    @Test func `a reader that fails leaves the others alone and is named`() throws {
        let tree = try FrozenTree()
        try tree.put("nonsense", at: "stat")
        try tree.put("MemTotal: 1024 kB\nMemAvailable: 512 kB\n", at: "meminfo")
        var sampler = HostSampler(SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder + "/sys"))
        let sample = sampler.sample([])
        #expect(sample.memory == Bytes(1 << 20))
        #expect(sample.logicalProcessors == nil)
        #expect(sample.problems.keys.sorted { $0.rawValue < $1.rawValue } == [.processors])
        #expect(golden(sample).contains("evenkeel_agent_reader_success{reader=\"processors\"} 0.0"))
        try tree.put("cpu0 1 1 1 1 1 1 1 1 1 1\n", at: "stat")
        #expect(sampler.sample([]).logicalProcessors == 1, "it works again as soon as its file does")
    }

    @Test func `a configured logical processor that is offline is reported by number`() throws {
        let tree = try FrozenTree()
        try tree.put("cpu0 1 1 1 1 1 1 1 1 1 1\n", at: "stat")
        try tree.put("MemTotal: 1024 kB\n", at: "meminfo")
        var sampler = HostSampler(
            SamplerOptions(
                logicalProcessors: LogicalProcessorSet([0, 5]), procFolder: tree.folder, sysFolder: tree.folder + "/sys"
            ))
        let sample = sampler.sample([])
        #expect(sample.problems[.processors] == .logicalProcessorsOffline([5]))
        #expect(sample.logicalProcessors == 1)
    }

    @Test func `a VM that waits for its memory, or was handed over, is not reported by this side`() throws {
        let tree = try FrozenTree()
        try tree.put("cpu0 1 1 1 1 1 1 1 1 1 1\n", at: "stat")
        try tree.put("MemTotal: 1024 kB\n", at: "meminfo")
        try tree.process(41, arguments: ["qemu-system-x86_64"], user: 1, system: 1, threads: 1, pages: 10)
        try tree.thread(41, of: 41, name: "CPU 0/TCG", user: 1, system: 0, on: 0, run: 5)
        var sampler = HostSampler(SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder + "/sys"))
        for state in [VirtualMachineState.incoming, .handedOver, .unknown] {
            let sample = sampler.sample([try status(41, .tcg, state: state)])
            #expect(!golden(sample).contains { $0.hasPrefix("evenkeel_vm") })
            #expect(sample.residentMemory.count == 1, "it holds memory all the same")
        }
    }

    @Test func `a process that ends between two samples is no problem`() throws {
        let tree = try FrozenTree()
        try tree.put("cpu0 1 1 1 1 1 1 1 1 1 1\n", at: "stat")
        try tree.put("MemTotal: 1024 kB\n", at: "meminfo")
        try tree.process(41, arguments: ["qemu-system-x86_64"], user: 1, system: 1, threads: 1, pages: 10)
        try tree.thread(41, of: 41, name: "CPU 0/TCG", user: 1, system: 0, on: 0, run: 5)
        var sampler = HostSampler(SamplerOptions(procFolder: tree.folder, sysFolder: tree.folder + "/sys"))
        _ = sampler.sample([try status(41, .tcg)])
        // The kernel answers with an error or with nothing where a process has ended.
        try tree.put("", at: "41/stat")
        try tree.remove("41")
        let sample = sampler.sample([try status(41, .tcg)])
        #expect(sample.problems.isEmpty)
        #expect(sample.residentMemory.isEmpty)
    }
}
