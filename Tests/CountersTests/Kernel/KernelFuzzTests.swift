import Testing

@testable import Counters

/// A parser, files that it reads, and how it is called.
struct FuzzedParser: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let files: [String]
    let parse: @Sendable ([UInt8]) throws -> Void

    init(_ name: String, _ files: [String], _ parse: @escaping @Sendable ([UInt8]) throws -> Void) {
        testDescription = name
        self.files = files
        self.parse = parse
    }

    /// A parser that keeps its room: what it held before must not show in what it holds now.
    static func reusing<Reading: Equatable & SendableMetatype>(
        _ name: String, _ files: [String], _ fresh: @escaping @Sendable () -> Reading,
        _ parse: @escaping @Sendable (inout Reading, [UInt8]) throws -> Void
    ) -> FuzzedParser {
        FuzzedParser(name, files) { bytes in
            var clean = fresh()
            try parse(&clean, bytes)
            var used = fresh()
            for file in files { try parse(&used, file.bytes) }
            try parse(&used, bytes)
            #expect(used == clean)
        }
    }

    static let all: [FuzzedParser] = system + controlGroups + hardware

    static let system: [FuzzedParser] = [
        .init("vmstat", [KernelFile.vmstat618, KernelFile.vmstat310]) { _ = try VirtualMemoryStat(parsing: $0.span) },
        .init("pressure", [KernelFile.pressure]) { _ = try PressureStall(parsing: $0.span, path: "p") },
        .reusing(
            "diskstats", [KernelFile.diskstats61, KernelFile.diskstats418, KernelFile.diskstats310],
            DiskStatistics.init
        ) { try $0.parse($1.span, wholeDisks: ["sda", "nvme0n1", "cciss!c0d0"]) },
        .reusing("net/dev", [KernelFile.netDev], InterfaceStatistics.init) { try $0.parse($1.span) },
        .reusing(
            "schedstat", [KernelFile.schedstat15, KernelFile.schedstat16, KernelFile.schedstat17],
            SchedulerStatistics.init
        ) { try $0.parse($1.span) },
        .reusing("softnet_stat", [KernelFile.softnet618, KernelFile.softnet418], PacketBacklog.init) {
            try $0.parse($1.span)
        },
        .init("loadavg", ["2.98 2.62 2.25 5/153 14754\n"]) { _ = try LoadAverage(parsing: $0.span) },
        .init("uptime", ["15068.67 8224.92\n"]) { _ = try Uptime(parsing: $0.span) },
        .init("mounts", [KernelFile.mounts]) { _ = try MountTable(parsing: $0.span).diskFileSystems },
        .init("io", [KernelFile.processTraffic]) { _ = try ProcessTraffic(parsing: $0.span, path: "io") },
        .init("status", [KernelFile.processStatus]) { _ = try ProcessStatus(parsing: $0.span, path: "status") },
    ]

    static let controlGroups: [FuzzedParser] = [
        .init("cpu.stat", [KernelFile.controlGroupCPU, "nr_periods 5\nnr_throttled 1\nthrottled_time 9000\n"]) {
            _ = try ControlGroupProcessorTime(parsing: $0.span, path: "c")
        },
        .reusing("cpuacct.usage_percpu", ["240019928 1200173 0 8911 \n"], ControlGroupProcessorUsage.init) {
            try $0.parse($1.span, path: "c")
        },
        .init("memory.max", ["max\n", "4294967296\n", "9223372036854771712\n"]) {
            _ = try ControlGroupLimit(parsing: $0.span, path: "c")
        },
        .init("memory.stat", [KernelFile.controlGroupMemory, KernelFile.controlGroupMemory1]) {
            _ = try ControlGroupMemoryStat(parsing: $0.span, path: "c")
        },
        .reusing(
            "memory.numa_stat", [KernelFile.controlGroupNodes, KernelFile.controlGroupNodes1],
            ControlGroupNodeMemory.init
        ) { try $0.parse($1.span, path: "c") },
        .reusing("io.stat", [KernelFile.controlGroupDisks], ControlGroupDiskStatistics.init) {
            try $0.parse($1.span, path: "c")
        },
        .init("cgroup", [KernelFile.controlGroupBoth, KernelFile.controlGroupUnified]) {
            let membership = try ControlGroupMembership(parsing: $0.span, path: "c")
            for path in membership.controllers.values { _ = ControlGroupMembership.machinePath(in: path) }
            _ = membership.unified.map(ControlGroupMembership.machinePath)
        },
    ]

    static let hardware: [FuzzedParser] = [
        .init(
            "cpuinfo",
            [KernelFile.cpuinfoIntel, KernelFile.cpuinfoAMD, KernelFile.cpuinfoArm, KernelFile.cpuinfoS390]
        ) { _ = try ProcessorInformation(parsing: $0.span) },
        .init("node meminfo", [KernelFile.nodeMemory]) { _ = try NodeMemory(parsing: $0.span, path: "n") },
        .init("node numastat", [KernelFile.nodeStat]) { _ = try NodeAllocations(parsing: $0.span, path: "n") },
        .init("node distance", ["10 21 31\n"]) { _ = try NodeDistances(parsing: $0.span, path: "n") },
        .init("cpulist", ["0-3,6\n"]) { _ = try LogicalProcessorSet(parsing: $0.span, path: "n") },
        .init("mdstat", [KernelFile.mdstat]) { _ = try SoftwareArrays(parsing: $0.span) },
        .init("temperature", ["47250\n", "-5000\n"]) { _ = try Temperature(parsing: $0.span, path: "t") },
        .init("sensor file", ["temp12_input", "temp1_label"]) {
            _ = SensorFile(name: String(decoding: $0, as: UTF8.self))
        },
        .init("single value", ["6.18.44-fc-v595\n", "12\n"]) { bytes in
            _ = try? SingleValue.text(parsing: bytes.span, path: "s")
            _ = try? SingleValue.count(parsing: bytes.span, path: "s")
            _ = try SingleValue.number(parsing: bytes.span, path: "s")
        },
        .init("link", ["up\n", "1\n", "-1\n", "10000\n", "full\n"]) { bytes in
            var link = LinkState()
            for attribute in LinkState.Attribute.allCases { try? link.take(attribute, parsing: bytes.span, path: "l") }
        },
    ]
}

@Suite("Files of the kernel, damaged")
struct KernelFuzzTests {
    @Test(arguments: FuzzedParser.all)
    func `damaged files are read or refused, and no trace of an earlier file is left`(_ parser: FuzzedParser) {
        var mutation = Mutation(seed: 7)
        for file in parser.files {
            for _ in 0..<1_000 {
                do {
                    try parser.parse(mutation.damage(file.bytes))
                } catch let error as CounterError {
                    guard case .malformed(_, let line, let expected) = error else {
                        Issue.record("\(parser.testDescription): \(error)")
                        continue
                    }
                    #expect(line > 0 && !expected.isEmpty)
                } catch {
                    Issue.record("\(parser.testDescription): \(error)")
                }
            }
        }
    }

    @Test(arguments: FuzzedParser.all)
    func `files that end anywhere are read or refused`(_ parser: FuzzedParser) {
        for file in parser.files {
            for end in 0..<file.utf8.count { try? parser.parse(Array(file.bytes[..<end])) }
        }
    }
}
