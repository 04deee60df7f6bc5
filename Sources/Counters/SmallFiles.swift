/// `/proc/PID/task/TID/schedstat`: three numbers of a thread (Linux `Documentation/scheduler/sched-stats.rst`).
public struct SchedulerStat: Hashable, Sendable {
    /// Nanoseconds on a logical processor.
    public var runNanoseconds: Int64
    /// Nanoseconds ready to run and waiting for a logical processor.
    public var waitNanoseconds: Int64
    /// How often it was put on a logical processor.
    public var dispatches: Int64

    /// The three numbers as literals.
    public init(runNanoseconds: Int64, waitNanoseconds: Int64, dispatches: Int64) {
        self.runNanoseconds = runNanoseconds
        self.waitNanoseconds = waitNanoseconds
        self.dispatches = dispatches
    }

    /// Reads the file's content; throws where it is something else.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        var place = 0
        guard let run = bytes.decimal(&place), let wait = bytes.decimal(&place), let count = bytes.decimal(&place)
        else {
            throw .malformed(path: path, line: 1, expected: "three numbers")
        }
        self.init(runNanoseconds: run, waitNanoseconds: wait, dispatches: count)
    }
}

/// `/proc/meminfo`, the two figures of it that say how much a host has and has left (Linux `fs/proc/meminfo.c`).
public struct MemoryInformation: Hashable, Sendable {
    /// Bytes of memory that the kernel manages.
    public var total: Int64
    /// The kernel's estimate, in bytes, of what can be had without swapping; `nil` before Linux 3.14.
    public var available: Int64?

    /// Reads the file's content; throws where it does not say how much memory there is.
    public init(parsing bytes: Span<UInt8>, path: String = "/proc/meminfo") throws(CounterError) {
        var total: Int64?
        var available: Int64?
        var place = 0
        while place < bytes.count, total == nil || available == nil {
            if bytes.hasPrefix("MemTotal:", at: place) {
                total = Self.kibibytes(bytes, place + 9)
            } else if bytes.hasPrefix("MemAvailable:", at: place) {
                available = Self.kibibytes(bytes, place + 13)
            }
            place = bytes.lineEnd(from: place)
        }
        guard let total else { throw .malformed(path: path, line: 1, expected: "MemTotal and a number of kB") }
        self.total = total
        self.available = available
    }

    private static func kibibytes(_ bytes: Span<UInt8>, _ start: Int) -> Int64? {
        var place = start
        guard let count = bytes.decimal(&place), count >= 0 else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: 1024)
        return overflow ? nil : product
    }
}

/// `/proc/PID/statm`: sizes of a process in pages (proc(5)); the second is what it holds of the host's memory.
public struct ProcessMemory: Hashable, Sendable {
    /// Pages of the host's memory that the process holds, shared ones included.
    public var residentPages: Int64

    /// Reads the file's content; throws where it is something else.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        var place = 0
        guard bytes.decimal(&place) != nil, let resident = bytes.decimal(&place) else {
            throw .malformed(path: path, line: 1, expected: "two numbers of pages")
        }
        residentPages = resident
    }
}
