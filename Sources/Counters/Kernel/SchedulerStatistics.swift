/// `/proc/schedstat`: what the scheduler has done on every logical processor (Linux
/// `Documentation/scheduler/sched-stats.rst`), where the kernel has it (`CONFIG_SCHEDSTATS`).
///
/// ```
/// version 17                                  15: up to Linux 6.9, 16: from 6.10, 17: from 6.15
/// timestamp 4294930000
/// cpu0 0 0 181 92 60 41 9158023771 1240117716 77122
///      1 2 3   4  5  6  7 run ns   8 wait ns  9 timeslices
/// domain0 MC 3 ...                            what the versions differ in: the columns here, 17 with a name
/// ```
public struct SchedulerStatistics: Hashable, Sendable {
    /// One logical processor.
    public struct Line: Hashable, Sendable {
        /// Its number.
        public var number: Int
        /// How often it found nothing to run and went idle; stays 0 unless `kernel.sched_schedstats` is 1.
        public var idleEntries: Int64
        /// Nanoseconds that tasks ran on it.
        public var runNanoseconds: Int64
        /// Nanoseconds that tasks, ready to run, waited for it.
        public var waitNanoseconds: Int64
        /// How often a task was put on it.
        public var dispatches: Int64

        /// The figures as literals, for tests and simulations.
        public init(
            number: Int, idleEntries: Int64, runNanoseconds: Int64, waitNanoseconds: Int64, dispatches: Int64
        ) {
            self.number = number
            self.idleEntries = idleEntries
            self.runNanoseconds = runNanoseconds
            self.waitNanoseconds = waitNanoseconds
            self.dispatches = dispatches
        }
    }

    /// Versions whose columns are known.
    public static let versions: ClosedRange<Int64> = 15...17

    /// The file's version.
    public var version: Int64 = 0
    /// The online logical processors, in the file's order.
    public var lines: [Line] = []

    /// An empty reading, to be filled by `parse`.
    public init() {}

    /// Takes the content of the file; the room of `lines` is kept between calls. Throws where its version is another
    /// than those that are known, for then the columns may mean something else.
    public mutating func parse(_ bytes: Span<UInt8>, path: String = "/proc/schedstat") throws(CounterError) {
        lines.removeAll(keepingCapacity: true)
        version = try Self.version(bytes, path)
        var place = bytes.lineEnd(from: 0)
        var lineNumber = 2
        while place < bytes.count {
            if bytes.hasPrefix("cpu", at: place) {
                place += 3
                guard let line = Self.line(bytes, &place) else {
                    throw .malformed(path: path, line: lineNumber, expected: "cpuN and nine numbers")
                }
                lines.append(line)
            }
            place = bytes.lineEnd(from: place)
            lineNumber += 1
        }
        if lines.isEmpty { throw .malformed(path: path, line: 1, expected: "a line for each logical processor") }
    }

    private static func version(_ bytes: Span<UInt8>, _ path: String) throws(CounterError) -> Int64 {
        var place = 8
        guard bytes.hasPrefix("version "), let version = bytes.decimal(&place), versions.contains(version) else {
            throw .malformed(path: path, line: 1, expected: "version 15, 16 or 17")
        }
        return version
    }

    private static func line(_ bytes: Span<UInt8>, _ place: inout Int) -> Line? {
        guard let number = bytes.index(&place) else { return nil }
        for _ in 0..<3 where !bytes.skipWord(&place) { return nil }
        guard let idle = bytes.counter(&place) else { return nil }
        for _ in 0..<2 where !bytes.skipWord(&place) { return nil }
        guard let run = bytes.counter(&place), let wait = bytes.counter(&place), let count = bytes.counter(&place)
        else { return nil }
        return Line(
            number: number, idleEntries: idle, runNanoseconds: run, waitNanoseconds: wait, dispatches: count)
    }
}
