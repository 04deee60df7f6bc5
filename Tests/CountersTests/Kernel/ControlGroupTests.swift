import Testing

@testable import Counters

@Suite("Files of cgroups, read from bytes")
struct ControlGroupTests {
    @Test func `cpu time is in nanoseconds whatever the file counts in`() throws {
        let unified = try ControlGroupProcessorTime(parsing: KernelFile.controlGroupCPU.bytes.span, path: "cpu.stat")
        #expect(unified.usageNanoseconds == 812_345_000)
        #expect([unified.userNanoseconds, unified.systemNanoseconds] == [700_000_000, 112_345_000])
        #expect([unified.periods, unified.throttledPeriods, unified.throttledNanoseconds] == [50, 10, 90_000])
        let old = "nr_periods 5\nnr_throttled 1\nthrottled_time 9000\n"
        let first = try ControlGroupProcessorTime(parsing: old.bytes.span, path: "cpu.stat")
        #expect([first.periods, first.throttledPeriods, first.throttledNanoseconds] == [5, 1, 9000])
        #expect(first.usageNanoseconds == nil)
        let accounting = try ControlGroupProcessorTime(parsing: "user 70\nsystem 11\n".bytes.span, path: "cpuacct.stat")
        #expect([accounting.userNanoseconds, accounting.systemNanoseconds] == [700_000_000, 110_000_000])
    }

    @Test func `a quota that was never set leaves throttling unknown`() throws {
        let text = "usage_usec 1\nuser_usec 1\nsystem_usec 0\n"
        let time = try ControlGroupProcessorTime(parsing: text.bytes.span, path: "cpu.stat")
        #expect(time.usageNanoseconds == 1000)
        #expect(time.throttledNanoseconds == nil)
        #expect(throws: CounterError.self) { try ControlGroupProcessorTime(parsing: "".bytes.span, path: "cpu.stat") }
        let most = "usage_usec 9223372036854775807\nnr_periods 1\n"
        let tooLong = try ControlGroupProcessorTime(parsing: most.bytes.span, path: "cpu.stat")
        #expect(tooLong.usageNanoseconds == nil)
    }

    @Test func `time on each logical processor is exact`() throws {
        var usage = ControlGroupProcessorUsage()
        try usage.parse("240019928 1200173 0 8911 \n".bytes.span, path: "cpuacct.usage_percpu")
        #expect(usage.nanoseconds == [240_019_928, 1_200_173, 0, 8911])
        for text in ["", "\n", "1 x\n", "1 -2\n"] {
            #expect(throws: CounterError.self) { try usage.parse(text.bytes.span, path: "cpuacct.usage_percpu") }
        }
    }

    @Test(arguments: [
        ("max\n", ControlGroupLimit.unlimited), ("4294967296\n", .bytes(4_294_967_296)), ("0\n", .bytes(0)),
        ("9223372036854771712\n", .unlimited), ("9223372036854710272\n", .unlimited),
    ])
    func `no limit is told from a high one`(_ text: String, _ limit: ControlGroupLimit) throws {
        #expect(try ControlGroupLimit(parsing: text.bytes.span, path: "memory.max") == limit)
    }

    @Test(arguments: ["", "maximum\n", "-1\n", "5 6\n"])
    func `a limit that is neither is refused`(_ text: String) {
        #expect(throws: CounterError.self) { try ControlGroupLimit(parsing: text.bytes.span, path: "memory.max") }
    }

    @Test func `memory is read by what it is, in both versions`() throws {
        let stat = try ControlGroupMemoryStat(parsing: KernelFile.controlGroupMemory.bytes.span, path: "memory.stat")
        #expect([stat.anonymous, stat.file, stat.kernel] == [4_294_967_296, 1_048_576, 2_097_152])
        #expect([stat.pageTables, stat.shared, stat.mapped] == [131_072, 4096, 8192])
        #expect([stat.anonymousHuge, stat.swap, stat.faults, stat.majorFaults] == [2_097_152, nil, 100, 5])
        #expect([stat.refaultedAnonymousPages, stat.refaultedFilePages] == [3, 4])
        let old = try ControlGroupMemoryStat(parsing: KernelFile.controlGroupMemory1.bytes.span, path: "memory.stat")
        #expect([old.anonymous, old.file, old.kernel, old.swap] == [20, 10, nil, 60])
        #expect([old.anonymousHuge, old.shared, old.mapped, old.faults, old.majorFaults] == [30, 40, 50, 70, 80])
        #expect(throws: CounterError.self) { try ControlGroupMemoryStat(parsing: "".bytes.span, path: "memory.stat") }
    }

    @Test func `memory is read by node, and pages of version 1 become bytes`() throws {
        var memory = ControlGroupNodeMemory()
        try memory.parse(KernelFile.controlGroupNodes.bytes.span, path: "memory.numa_stat")
        #expect(
            memory.nodes == [
                .init(number: 0, anonymous: 1_032_192, file: 0, shared: 12),
                .init(number: 1, anonymous: 4096, file: 8192, shared: 13),
            ])
        try memory.parse(KernelFile.controlGroupNodes1.bytes.span, pageBytes: 65_536, path: "memory.numa_stat")
        #expect(
            memory.nodes == [
                .init(number: 0, anonymous: 12_517_376, file: 720_896, shared: nil),
                .init(number: 1, anonymous: 6_619_136, file: 0, shared: nil),
            ])
    }

    @Test(arguments: ["", "total=3 N0=3\n", "anon N0\n", "anon 5\n", "anon N0=x\n", "hierarchical_anon=1 N0=-1\n"])
    func `memory by node that is something else is refused`(_ text: String) {
        var memory = ControlGroupNodeMemory()
        #expect(throws: CounterError.self) { try memory.parse(text.bytes.span, path: "memory.numa_stat") }
    }

    @Test func `reads and writes are those of the device before them`() throws {
        var statistics = ControlGroupDiskStatistics()
        try statistics.parse(KernelFile.controlGroupDisks.bytes.span, path: "io.stat")
        #expect(
            statistics.devices == [
                .init(
                    major: 8, minor: 16, bytesRead: 1_459_200, bytesWritten: 314_773_504, reads: 192, writes: 353,
                    bytesDiscarded: 5, discards: 6),
                .init(major: 253, minor: 0, bytesRead: 4096, reads: 1),
            ])
        try statistics.parse("".bytes.span, path: "io.stat")
        #expect(statistics.devices.isEmpty)
    }

    @Test(arguments: ["rbytes=1\n", "8:0 rbytes\n", "8:0 rbytes=x\n", "8:0 rbytes=\n", "8: rbytes=1\n"])
    func `figures of no device are refused`(_ text: String) {
        var statistics = ControlGroupDiskStatistics()
        let problem = #expect(throws: CounterError.self) { try statistics.parse(text.bytes.span, path: "io.stat") }
        #expect(problem?.description == "io.stat:1: expected major:minor and figures like rbytes=0")
    }

    @Test func `a process is found in both hierarchies`() throws {
        let both = try ControlGroupMembership(parsing: KernelFile.controlGroupBoth.bytes.span, path: "cgroup")
        let scope = #"/machine.slice/machine-qemu\x2d1\x2dweb.scope"#
        #expect(both.path(of: "cpuacct") == scope + "/libvirt/emulator")
        #expect(both.path(of: "memory") == scope + "/libvirt")
        #expect(both.path(of: "name=systemd") == scope)
        #expect(both.path(of: "io") == "/odd:name")
        let unified = try ControlGroupMembership(parsing: KernelFile.controlGroupUnified.bytes.span, path: "cgroup")
        #expect(unified.controllers.isEmpty)
        #expect(unified.path(of: "cpuacct") == scope + "/libvirt/emulator")
        let none = try ControlGroupMembership(parsing: "".bytes.span, path: "cgroup")
        #expect(none.path(of: "cpu") == nil)
        #expect(throws: CounterError.self) { try ControlGroupMembership(parsing: "0:x\n".bytes.span, path: "cgroup") }
    }

    @Test(arguments: [
        (
            "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator",
            "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope"
        ),
        ("/machine/qemu-1-web.libvirt-qemu/vcpu0", "/machine/qemu-1-web.libvirt-qemu"),
        ("/evenkeel.slice/vm-7.scope", "/evenkeel.slice/vm-7.scope"), ("/user.slice/x", "/user.slice/x"), ("/", "/"),
        ("", ""),
    ])
    func `a VM's own cgroup is the scope above its threads`(_ path: String, _ machine: String) {
        #expect(ControlGroupMembership.machinePath(in: path) == machine)
    }
}
