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
        guard let run = bytes.counter(&place), let wait = bytes.counter(&place), let count = bytes.counter(&place)
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
    /// Bytes that nobody uses.
    public var free: Int64?
    /// Bytes of files in memory.
    public var cached: Int64?
    /// Bytes of no file.
    public var anonymous: Int64?
    /// Bytes of shared memory and tmpfs.
    public var shared: Int64?
    /// Bytes of the kernel's own objects.
    public var slab: Int64?
    /// Bytes that programs were promised.
    public var committed: Int64?
    /// Bytes of swap space.
    public var swapTotal: Int64?
    /// Bytes of swap space that are free.
    public var swapFree: Int64?
    /// Huge pages of the pool.
    public var hugePagesTotal: Int64?
    /// Huge pages of the pool that nobody has.
    public var hugePagesFree: Int64?
    /// Huge pages of the pool that somebody was promised.
    public var hugePagesReserved: Int64?
    /// Bytes of a huge page of the pool.
    public var hugePageSize: Int64?

    private struct Figures {
        var total: Int64?
        var available: Int64?
        var free: Int64?
        var cached: Int64?
        var anonymous: Int64?
        var shared: Int64?
        var slab: Int64?
        var committed: Int64?
        var swapTotal: Int64?
        var swapFree: Int64?
        var hugePagesTotal: Int64?
        var hugePagesFree: Int64?
        var hugePagesReserved: Int64?
        var hugePageSize: Int64?
    }

    private static let keys = KeyedNumbers<Figures>([
        .init("MemTotal", \.total, scale: 1024), .init("MemFree", \.free, scale: 1024),
        .init("MemAvailable", \.available, scale: 1024), .init("Cached", \.cached, scale: 1024),
        .init("SwapTotal", \.swapTotal, scale: 1024), .init("SwapFree", \.swapFree, scale: 1024),
        .init("AnonPages", \.anonymous, scale: 1024), .init("Shmem", \.shared, scale: 1024),
        .init("Slab", \.slab, scale: 1024), .init("Committed_AS", \.committed, scale: 1024),
        .init("HugePages_Total", \.hugePagesTotal), .init("HugePages_Free", \.hugePagesFree),
        .init("HugePages_Rsvd", \.hugePagesReserved), .init("Hugepagesize", \.hugePageSize, scale: 1024),
    ])

    /// Reads the file's content; throws where it does not say how much memory there is.
    public init(parsing bytes: Span<UInt8>, path: String = "/proc/meminfo") throws(CounterError) {
        var figures = Figures()
        _ = Self.keys.fill(&figures, from: bytes)
        guard let total = figures.total else {
            throw .malformed(path: path, line: 1, expected: "MemTotal and a number of kB")
        }
        self.total = total
        (available, free, cached) = (figures.available, figures.free, figures.cached)
        (anonymous, shared, slab) = (figures.anonymous, figures.shared, figures.slab)
        (committed, swapTotal, swapFree) = (figures.committed, figures.swapTotal, figures.swapFree)
        (hugePagesTotal, hugePagesFree) = (figures.hugePagesTotal, figures.hugePagesFree)
        (hugePagesReserved, hugePageSize) = (figures.hugePagesReserved, figures.hugePageSize)
    }
}

/// `/proc/PID/statm`: sizes of a process in pages (proc(5)); the second is what it holds of the host's memory.
public struct ProcessMemory: Hashable, Sendable {
    /// Pages of the host's memory that the process holds, shared ones included.
    public var residentPages: Int64

    /// More than any machine has: sums of it in bytes stay inside 64 bits.
    private static let mostPages: Int64 = 1 << 36

    /// Reads the file's content; throws where it is something else.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        var place = 0
        guard bytes.counter(&place) != nil, let resident = bytes.counter(&place), resident <= Self.mostPages else {
            throw .malformed(path: path, line: 1, expected: "two numbers of pages")
        }
        residentPages = resident
    }
}
