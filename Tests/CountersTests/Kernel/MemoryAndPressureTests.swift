import Testing

@testable import Counters

@Suite("vmstat and pressure, read from bytes")
struct MemoryAndPressureTests {
    @Test func `vmstat gives paging, locality and huge pages`() throws {
        let stat = try VirtualMemoryStat(parsing: KernelFile.vmstat618.bytes.span)
        #expect([stat.kibibytesPagedIn, stat.kibibytesPagedOut] == [34_839_357, 112_115_684])
        #expect([stat.pagesSwappedIn, stat.pagesSwappedOut] == [81, 82])
        #expect([stat.faults, stat.majorFaults, stat.outOfMemoryKills] == [315_617_170, 195_493, 1])
        #expect(stat.pagesScannedDirectly == 1_438_182)
        #expect([stat.nodeHits, stat.nodeMisses, stat.nodeForeign] == [302_989_164, 7, 8])
        #expect([stat.nodeLocal, stat.nodeOther] == [302_989_100, 64])
        #expect([stat.nodeHintFaults, stat.nodeHintFaultsLocal, stat.nodePagesMigrated] == [50, 40, 10])
        #expect([stat.compactionStalls, stat.compactionFailures, stat.compactionSuccesses] == [3, 2, 1])
        #expect([stat.hugePageFaults, stat.hugePageFallbacks] == [11_248, 5])
        #expect([stat.hugePageCollapses, stat.hugePageSplits] == [7, 12])
    }

    @Test func `what an old kernel does not count is unknown, not zero`() throws {
        let stat = try VirtualMemoryStat(parsing: KernelFile.vmstat310.bytes.span)
        #expect([stat.pagesSwappedIn, stat.pagesSwappedOut, stat.compactionStalls] == [3, 4, 7])
        #expect(stat.hugePageSplits == 9)
        #expect(stat.outOfMemoryKills == nil)
        #expect(stat.nodeHits == nil)
        #expect(stat.pagesScannedDirectly == nil)
    }

    @Test func `a number that does not fit is unknown, and its neighbours are not`() throws {
        let text = "pswpin 18446744073709551615\npswpout 5\npgfault -1\npgmajfault x\n"
        let stat = try VirtualMemoryStat(parsing: text.bytes.span)
        #expect(stat.pagesSwappedIn == nil)
        #expect(stat.pagesSwappedOut == 5)
        #expect(stat.faults == nil)
        #expect(stat.majorFaults == nil)
    }

    @Test(arguments: ["", "nr_free_pages 3\n", "pswpin\n", "pswpinx 3\n"])
    func `a file without any of the figures is refused by name`(_ text: String) {
        let problem = #expect(throws: CounterError.self) { try VirtualMemoryStat(parsing: text.bytes.span) }
        #expect(problem?.description == "/proc/vmstat:1: expected lines such as 'pswpin 0'")
    }

    @Test func `pressure gives percent and microseconds of both lines`() throws {
        let stall = try PressureStall(parsing: KernelFile.pressure.bytes.span, path: "/proc/pressure/io")
        #expect(
            stall.some
                == .init(average10: 51.75, average60: 26.63, average300: 28.04, totalMicroseconds: 6_809_195_979))
        #expect(stall.full == .init(average10: 0.3, average60: 0.01, average300: 100, totalMicroseconds: 17))
    }

    @Test func `a line that a kernel does not have is unknown`() throws {
        let some = "some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n"
        let processors = try PressureStall(parsing: some.bytes.span, path: "/proc/pressure/cpu")
        #expect(processors.some?.totalMicroseconds == 5)
        #expect(processors.full == nil)
        let full = some.replacing("some", with: "full")
        let interrupts = try PressureStall(parsing: full.bytes.span, path: "/proc/pressure/irq")
        #expect(interrupts.some == nil)
        #expect(interrupts.full?.totalMicroseconds == 5)
    }

    @Test(arguments: [
        "", "some\n", "some avg10=1\n", "some avg10= avg60=0.00 avg300=0.00 total=5\n",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=-5\n", "other avg10=0.00 avg60=0.00 avg300=0.00 total=5\n",
    ])
    func `pressure that is cut short is refused`(_ text: String) {
        let problem = #expect(throws: CounterError.self) {
            try PressureStall(parsing: text.bytes.span, path: "/proc/pressure/cpu")
        }
        #expect(problem?.description.hasPrefix("/proc/pressure/cpu:1: expected ") == true)
    }
}
