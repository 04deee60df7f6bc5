import FleetModel
import Testing

@testable import Counters

@Suite("Files of /proc, read from bytes")
struct ParsingTests {
    @Test func `stat gives each logical processor's ten columns and the context switches`() throws {
        let text = """
            cpu  32313 0 6093 177644 599 0 53 22 0 0
            cpu0 15113 1 2777 90374 38 2 18 8 5 1
            cpu7 17199 0 3316 87270 560 0 35 14 0 0
            intr 255587 0 0 0
            ctxt 406261
            btime 1795445082
            """
        var stat = ProcStat()
        try stat.parse(Array(text.utf8).span)
        #expect(stat.lines.map(\.number) == [0, 7])
        #expect(
            stat.lines.first
                == ProcStat.Line(
                    number: 0, user: 15113, nice: 1, system: 2777, idle: 90374, iowait: 38, irq: 2, softirq: 18,
                    steal: 8, guest: 5, guestNice: 1))
        #expect(stat.contextSwitches == 406_261)
    }

    @Test func `a line of stat that is cut short is named`() {
        var stat = ProcStat()
        let problem = #expect(throws: CounterError.self) {
            try stat.parse(Array("cpu  1 2\ncpu0 1 2 3\n".utf8).span, path: "/proc/stat")
        }
        #expect(problem?.description == "/proc/stat:2: expected cpuN and ten numbers")
    }

    @Test(arguments: ["", "intr 5\n", "cpu  1 2 3 4 5 6 7 8 9 10\n"])
    func `stat without any logical processor is refused`(_ text: String) {
        var stat = ProcStat()
        #expect(throws: CounterError.self) { try stat.parse(Array(text.utf8).span) }
    }

    @Test func `a thread's fields are counted from the last parenthesis`() throws {
        let stat = try taskStat("12180 (evil) name (x)) R", user: 11, system: 22, processor: 3, guest: 7)
        #expect(stat.user == 11)
        #expect(stat.system == 22)
        #expect(stat.threads == 1)
        #expect(stat.start == 108_605)
        #expect(stat.logicalProcessor == 3)
        #expect(stat.guest == 7)
        #expect(stat.role == .other)
    }

    @Test(arguments: [
        ("CPU 0/KVM", TaskStat.Role.hardwareProcessor(0)), ("CPU 11/TCG", .translatedProcessor(11)),
        ("ALL CPUs/TCG", .translatedProcessor(-1)), ("CPU 0/XEN", .other), ("CPU /KVM", .other),
        ("qemu-system-x86", .other), ("CPU 99999999999/KVM", .other), ("CPU 3", .other),
    ])
    func `a thread's name says what it does`(_ name: String, _ role: TaskStat.Role) throws {
        #expect(try taskStat("1 (\(name)) S").role == role)
    }

    @Test(arguments: ["", "1", "1 (", "1 (x", ") 1 (", "1 (x) R 1 2 3", "1 (x) R a b c d e f g h i j k l m n"])
    func `a thread's line that is cut short is refused`(_ text: String) {
        #expect(throws: CounterError.self) { try TaskStat(parsing: Array(text.utf8).span, path: "stat") }
    }

    @Test func `schedstat gives run time, waiting and dispatches`() throws {
        let stat = try SchedulerStat(parsing: Array("123456789 42 7\n".utf8).span, path: "schedstat")
        #expect(stat == SchedulerStat(runNanoseconds: 123_456_789, waitNanoseconds: 42, dispatches: 7))
        #expect(throws: CounterError.self) { try SchedulerStat(parsing: Array("1 2".utf8).span, path: "schedstat") }
    }

    @Test func `meminfo gives bytes, and unknown where an old kernel says nothing`() throws {
        let new = "MemTotal:       24684084 kB\nMemFree: 1 kB\nMemAvailable:   24264520 kB\n"
        let information = try MemoryInformation(parsing: Array(new.utf8).span)
        #expect(information.total == 24_684_084 * 1024)
        #expect(information.available == Int64(24_264_520 * 1024))
        let old = "MemTotal:       24684084 kB\nMemFree: 1 kB\n"
        #expect(try MemoryInformation(parsing: Array(old.utf8).span).available == nil)
        #expect(throws: CounterError.self) { try MemoryInformation(parsing: Array("MemFree: 1 kB\n".utf8).span) }
    }

    @Test(arguments: [
        ("0-3,6", [0, 1, 2, 3, 6]), ("5", [5]), ("2,1,2", [1, 2]), ("0-0", [0]), (" 1 , 3-4 ", [1, 3, 4]),
    ])
    func `a list of logical processors is read`(_ text: String, _ numbers: [Int]) throws {
        #expect(try LogicalProcessorSet(parsing: text).numbers == numbers)
    }

    @Test(arguments: ["", "a", "3-1", "1-2-3", "-1", "1,", "9999999999999999999", "8192", "0-8192", "1 2"])
    func `a list that makes no sense is refused with its text`(_ text: String) {
        let problem = #expect(throws: CounterError.self) { try LogicalProcessorSet(parsing: text) }
        #expect(problem?.description.hasPrefix("'\(text)' is not a list of logical processors") == true)
    }

    @Test func `a list is written as the kernel writes it`() {
        #expect(LogicalProcessorSet([6, 0, 1, 2, 3, 9, 10]).description == "0-3,6,9-10")
    }

    @Test(arguments: [
        (["/usr/bin/qemu-system-x86_64", "-accel", "kvm", "-m", "64"], Accelerator.kvm),
        (["qemu-system-x86_64", "-machine", "pc,accel=tcg"], .tcg), (["qemu-system-x86_64", "-enable-kvm"], .kvm),
        (["qemu-system-aarch64", "-m", "64"], .tcg), (["/usr/libexec/qemu-kvm"], .kvm),
        (["qemu-system-x86_64", "-accel", "kvm", "-accel", "tcg"], nil),
        (["qemu-system-x86_64", "-M", "q35,accel=kvm:tcg"], nil), (["qemu-system-x86_64", "-accel"], nil),
        (["qemu-system-x86_64", "-accel", "tcg,thread=single"], .tcg),
    ])
    func `a command line says what accelerates the machine`(_ line: [String], _ expected: Accelerator?) throws {
        let bytes: [UInt8] = line.flatMap { Array($0.utf8) + [0] }
        let parsed = QEMUCommandLine(parsing: bytes.span)
        #expect(try #require(parsed).accelerator == expected)
    }

    @Test(arguments: [["qemu-img", "create"], ["/usr/bin/qemu-nbd"], ["bash"], []])
    func `other programs are no machines`(_ line: [String]) {
        let bytes: [UInt8] = line.flatMap { Array($0.utf8) + [0] }
        let parsed = QEMUCommandLine(parsing: bytes.span)
        #expect(parsed == nil)
    }

    @Test func `whatever bytes come, parsers answer or refuse`() {
        var generator = SeededGenerator(seed: 1)
        let alphabet = Array("cpu0 123(-)\n\tMemTotal:ctxt kB/KVMCPU\u{0}".utf8)
        for _ in 0..<5_000 {
            let length = Int.random(in: 0...120, using: &generator)
            let bytes = (0..<length).map { _ in
                Bool.random(using: &generator)
                    ? alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                    : UInt8.random(in: 0...255, using: &generator)
            }
            var stat = ProcStat()
            try? stat.parse(bytes.span)
            _ = try? TaskStat(parsing: bytes.span, path: "stat")
            _ = try? SchedulerStat(parsing: bytes.span, path: "schedstat")
            _ = try? MemoryInformation(parsing: bytes.span)
            _ = try? ProcessMemory(parsing: bytes.span, path: "statm")
            _ = QEMUCommandLine(parsing: bytes.span)
        }
    }

    private func taskStat(
        _ head: String, user: Int = 0, system: Int = 0, processor: Int = 0, guest: Int = 0
    ) throws -> TaskStat {
        let line =
            "\(head) 12175 12175 9221 0 -1 4194304 100 0 0 0 \(user) \(system) 0 0 20 0 1 0 108605 3133440 407 "
            + "18446744073709551615 94303511113728 94303511133609 140734894059232 0 0 0 0 0 0 0 0 0 17 \(processor) "
            + "0 0 0 \(guest) 0 94303511149616 94303511151232 94303684345856 140734894062286 1 2 3 0\n"
        return try TaskStat(parsing: Array(line.utf8).span, path: "/proc/1/stat")
    }
}
