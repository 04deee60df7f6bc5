import Foundation
import Testing

@testable import Counters

@Suite("Files of this machine's kernel")
struct LiveKernelFileTests {
    /// A file of this machine; `nil` where it has none, or does not let it be read.
    private func content(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path).flatMap { $0.isEmpty ? nil : Array($0) }
    }

    @Test func `what this kernel writes is read`() throws {
        if let bytes = content("/proc/vmstat") { _ = try VirtualMemoryStat(parsing: bytes.span) }
        for path in ["/proc/pressure/cpu", "/proc/pressure/memory", "/proc/pressure/io"] {
            if let bytes = content(path) { _ = try PressureStall(parsing: bytes.span, path: path) }
        }
        if let bytes = content("/proc/schedstat") {
            var statistics = SchedulerStatistics()
            try statistics.parse(bytes.span)
        }
        if let bytes = content("/proc/net/softnet_stat") {
            var backlog = PacketBacklog()
            try backlog.parse(bytes.span)
        }
        if let bytes = content("/proc/mdstat") { _ = try SoftwareArrays(parsing: bytes.span) }
        if let bytes = content("/proc/self/io") { _ = try ProcessTraffic(parsing: bytes.span, path: "io") }
        if let bytes = content("/proc/self/cgroup") { _ = try ControlGroupMembership(parsing: bytes.span, path: "c") }
        let average = try #require(content("/proc/loadavg"))
        let load = try LoadAverage(parsing: average.span)
        #expect(load.tasks > 0)
        let times = try #require(content("/proc/uptime"))
        let uptime = try Uptime(parsing: times.span)
        #expect(uptime.seconds > 0)
    }

    @Test func `this machine has processors, memory, interfaces and disks`() throws {
        let processorLines = try #require(content("/proc/cpuinfo"))
        let processors = try ProcessorInformation(parsing: processorLines.span)
        #expect(processors.logicalProcessors > 0)
        let statusLines = try #require(content("/proc/self/status"))
        let status = try ProcessStatus(parsing: statusLines.span, path: "status")
        #expect((status.resident ?? 0) > 0)
        var interfaces = InterfaceStatistics()
        let interfaceLines = try #require(content("/proc/net/dev"))
        try interfaces.parse(interfaceLines.span)
        #expect(interfaces.interfaces.contains { $0.name == "lo" })
        var disks = DiskStatistics()
        let names = Set((try? FileManager.default.contentsOfDirectory(atPath: "/sys/block")) ?? [])
        if let bytes = content("/proc/diskstats") { try disks.parse(bytes.span, wholeDisks: names) }
        #expect(disks.disks.allSatisfy { names.contains($0.name) })
        let mountLines = try #require(content("/proc/mounts"))
        let table = try MountTable(parsing: mountLines.span)
        #expect(table.mounts.contains { $0.type == "proc" })
    }
}
