import Testing

@testable import Counters

@Suite("schedstat, loadavg, uptime and single values, read from bytes")
struct SchedulerTests {
    @Test(
        arguments: zip(
            [KernelFile.schedstat15, KernelFile.schedstat16, KernelFile.schedstat17], [15, 16, 17] as [Int64]))
    func `schedstat gives each logical processor's time in every version`(_ text: String, _ version: Int64) throws {
        var statistics = SchedulerStatistics()
        try statistics.parse(text.bytes.span)
        #expect(statistics.version == version)
        #expect(
            statistics.lines == [
                .init(
                    number: 0, idleEntries: 92, runNanoseconds: 9_158_023_771, waitNanoseconds: 1_240_117_716,
                    dispatches: 77_122),
                .init(number: 3, idleEntries: 2, runNanoseconds: 5, waitNanoseconds: 6, dispatches: 7),
            ])
    }

    @Test(arguments: ["", "version 14\ncpu0 1 2 3 4 5 6 7 8 9\n", "version 18\ncpu0 1 2 3 4 5 6 7 8 9\n", "cpu0 1\n"])
    func `a version whose columns are not known is refused`(_ text: String) {
        var statistics = SchedulerStatistics()
        let problem = #expect(throws: CounterError.self) { try statistics.parse(text.bytes.span) }
        #expect(problem?.description == "/proc/schedstat:1: expected version 15, 16 or 17")
    }

    @Test func `a line of schedstat that is cut short is named`() {
        var statistics = SchedulerStatistics()
        let problem = #expect(throws: CounterError.self) {
            try statistics.parse("version 17\ntimestamp 1\ncpu0 1 2 3 4 5 6 7 8\n".bytes.span)
        }
        #expect(problem?.description == "/proc/schedstat:3: expected cpuN and nine numbers")
        #expect(throws: CounterError.self) { try statistics.parse("version 17\ntimestamp 1\n".bytes.span) }
    }

    @Test func `load and uptime are read to the hundredth`() throws {
        let load = try LoadAverage(parsing: "2.98 2.62 200.25 5/153 14754\n".bytes.span)
        #expect([load.oneMinute, load.fiveMinutes, load.fifteenMinutes] == [2.98, 2.62, 200.25])
        #expect([load.runnable, load.tasks] == [5, 153])
        let uptime = try Uptime(parsing: "15068.67 8224.92\n".bytes.span)
        #expect([uptime.seconds, uptime.idleSeconds] == [15_068.67, 8224.92])
    }

    @Test(arguments: ["", "1.0 2.0\n", "1 2 3 4 5\n", "1.0 2.0 3.0 4/\n"])
    func `a load that is something else is refused`(_ text: String) {
        #expect(throws: CounterError.self) { try LoadAverage(parsing: text.bytes.span) }
    }

    @Test(arguments: ["", "5\n", "x y\n", "5. \n"])
    func `an uptime that is something else is refused`(_ text: String) {
        #expect(throws: CounterError.self) { try Uptime(parsing: text.bytes.span) }
    }

    @Test func `a single value is a line of text or a whole number`() throws {
        let release = try SingleValue.text(parsing: "6.1.0-18-amd64\n".bytes.span, path: "osrelease")
        #expect(release == "6.1.0-18-amd64")
        #expect(try SingleValue.text(parsing: " Core 3 \nmore".bytes.span, path: "temp1_label") == "Core 3")
        #expect(try SingleValue.count(parsing: "17\n".bytes.span, path: "ce_count") == 17)
        #expect(try SingleValue.number(parsing: "-1\n".bytes.span, path: "speed") == -1)
    }

    @Test(arguments: ["", "\n", "-1\n", "1 2\n", "1.5\n", "x\n", "9223372036854775808\n"])
    func `what is no count is refused by name`(_ text: String) {
        let problem = #expect(throws: CounterError.self) {
            try SingleValue.count(parsing: text.bytes.span, path: "mc0/ce_count")
        }
        #expect(problem?.description == "mc0/ce_count:1: expected a number, 0 or more")
    }

    @Test(arguments: ["", "\n", "   \n"])
    func `an empty file is no text`(_ text: String) {
        #expect(throws: CounterError.self) { try SingleValue.text(parsing: text.bytes.span, path: "x") }
    }
}
