import FleetModel
import Testing

@testable import Counters

@Suite("diskstats, net/dev and softnet_stat, read from bytes")
struct DeviceTests {
    @Test func `whole disks are told from partitions by the names given`() throws {
        var statistics = DiskStatistics()
        try statistics.parse(KernelFile.diskstats61.bytes.span, wholeDisks: ["nvme0n1", "dm-0"])
        #expect(statistics.disks.map(\.name) == ["nvme0n1", "dm-0"])
        let disk = try #require(statistics.disks.first)
        #expect([disk.major, disk.minor] == [259, 0])
        #expect(disk.reads == .init(count: 1001, merged: 2, sectors: 30_003, milliseconds: 404))
        #expect(disk.writes == .init(count: 5005, merged: 6, sectors: 70_007, milliseconds: 808))
        #expect([disk.inFlight, disk.busyMilliseconds, disk.weightedMilliseconds] == [9, 1010, 1111])
        #expect(disk.discards == .init(count: 12, merged: 13, sectors: 14, milliseconds: 15))
        #expect(disk.flushes == 16)
        #expect(disk.flushMilliseconds == 17)
    }

    @Test func `discards and flushes are unknown where the kernel does not count them`() throws {
        var statistics = DiskStatistics()
        try statistics.parse(KernelFile.diskstats418.bytes.span, wholeDisks: ["sda"])
        #expect(statistics.disks.first?.discards?.count == 12)
        #expect(statistics.disks.first?.flushes == nil)
        try statistics.parse(KernelFile.diskstats310.bytes.span, wholeDisks: ["sda", "cciss!c0d0"])
        #expect(statistics.disks.map(\.name) == ["cciss!c0d0", "sda"])
        #expect(statistics.disks.first?.weightedMilliseconds == 11)
        #expect(statistics.disks.first?.discards == nil)
    }

    @Test func `a disk's line that is cut short is named, a partition's is not read`() throws {
        let text = "   8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n   8 1 sda1 1 2 3 4\n   8 16 sdb 1 2 3 4\n"
        var statistics = DiskStatistics()
        try statistics.parse(text.bytes.span, wholeDisks: ["sda"])
        #expect(statistics.disks.count == 1)
        let problem = #expect(throws: CounterError.self) {
            try statistics.parse(text.bytes.span, wholeDisks: ["sda", "sdb"])
        }
        #expect(problem?.description == "/proc/diskstats:3: expected eleven numbers behind the name")
        #expect(throws: CounterError.self) { try statistics.parse("sda 1 2 3\n".bytes.span, wholeDisks: []) }
    }

    @Test func `a machine without disks has none`() throws {
        var statistics = DiskStatistics()
        try statistics.parse("".bytes.span, wholeDisks: ["sda"])
        #expect(statistics.disks.isEmpty)
    }

    @Test func `interfaces give bytes, packets, errors and drops of both directions`() throws {
        var statistics = InterfaceStatistics()
        try statistics.parse(KernelFile.netDev.bytes.span)
        #expect(statistics.interfaces.map(\.name) == ["lo", "eth0", "vnet3"])
        #expect(statistics.interfaces[1].received == .init(bytes: 248_354_603, packets: 5013, errors: 1, drops: 2))
        #expect(statistics.interfaces[1].sent == .init(bytes: 206_335, packets: 2863, errors: 7, drops: 8))
        // Older kernels leave no blank behind the colon.
        #expect(statistics.interfaces[2].received == .init(bytes: 1, packets: 2, errors: 3, drops: 4))
        #expect(statistics.interfaces[2].sent == .init(bytes: 9, packets: 10, errors: 11, drops: 12))
    }

    @Test func `an interface's line that is cut short is named`() {
        var statistics = InterfaceStatistics()
        let problem = #expect(throws: CounterError.self) {
            try statistics.parse("Inter-| x\n face | y\n  lo: 1 2 3 4 0 0 0 0 5 6\n".bytes.span)
        }
        #expect(problem?.description == "/proc/net/dev:3: expected sixteen numbers behind the name")
        #expect(throws: CounterError.self) { try statistics.parse("".bytes.span) }
        #expect(throws: CounterError.self) { try statistics.parse("eth0: 1 2 3\n".bytes.span) }
    }

    @Test func `the backlog of packets is read in hexadecimal, with the number of the logical processor`() throws {
        var backlog = PacketBacklog()
        try backlog.parse(KernelFile.softnet618.bytes.span)
        #expect(
            backlog.lines == [
                .init(number: 0, packets: 0x801e5, drops: 1, squeezes: 2),
                .init(number: 2, packets: 0x8a484, drops: 0, squeezes: 0x1b),
            ])
        try backlog.parse(KernelFile.softnet418.bytes.span)
        #expect(backlog.lines == [.init(number: nil, packets: 16, drops: 0, squeezes: 0)])
    }

    @Test(arguments: ["", "0001 0002\n", "zz 0 0\n", "0123456789abcdef 0 0\n"])
    func `a backlog that is something else is refused`(_ text: String) {
        var backlog = PacketBacklog()
        let problem = #expect(throws: CounterError.self) { try backlog.parse(text.bytes.span) }
        #expect(problem?.description.hasPrefix("/proc/net/softnet_stat:1: expected ") == true)
    }
}
