import FleetModel
import Logging

#if canImport(Glibc)
    import Glibc
#endif

/// Measures the store by itself, without HTTP, so that a change to it can be judged in seconds.
public struct StoreBenchmark: Sendable {
    /// What was measured. CPU time is that of the process less what making the load took.
    public struct Report: Codable, Sendable {
        /// How many series and samples were written.
        public var series: Int
        /// How many samples were written.
        public var samples: Int
        /// CPU seconds for a million samples written: read, logged, synced, compressed, on disk.
        public var cpuSecondsPerMillionWritten: Double
        /// Samples written in a second by one core.
        public var samplesPerCoreSecond: Double
        /// Bytes of the folder after a clean stop, everything included, for each sample.
        public var bytesPerSample: Double
        /// Seconds to open the folder again.
        public var openSeconds: Double
        /// Nanoseconds of CPU for each sample read back through a selection of everything.
        public var nanosecondsPerSampleRead: Double
        /// Bytes of samples (16 each) decoded in a second by one core, in units of 10^9.
        public var decodedGigabytesPerSecond: Double
        /// Most memory that the process held, in bytes.
        public var peakMemoryBytes: Int64
        /// What each metric takes on disk.
        public var metrics: [MetricSize]
        /// What the days cost that are over.
        public var upkeep: UpkeepReport
    }

    private let hosts: Int
    private let steps: Int
    let directory: String
    private let stepMilliseconds: Int64 = 10_000

    /// `hosts` hosts (228 series each), `steps` samples of each series, in an empty folder.
    public init(hosts: Int, steps: Int, directory: String) {
        self.hosts = max(hosts, 1)
        self.steps = max(steps, 1)
        self.directory = directory
    }

    /// Writes the load, stops cleanly, opens again and reads everything.
    public func run(clock: any Clock = WallClock(), logger: Logger) async throws -> Report {
        let end = clock.now.milliseconds
        let (samples, writing) = try await write(until: end, clock: clock, logger: logger)
        let bytes = try Self.bytes(of: directory) + Self.bytes(of: directory + "/log")
        let opened = clock.now
        let store = try TimeSeriesStore(directory: directory, clock: clock, logger: logger)
        let openSeconds = (clock.now - opened).inSeconds
        let reading = Self.cpuSeconds()
        let (series, read) = try Self.readAll(store, until: end)
        let readSeconds = Self.cpuSeconds() - reading
        let metrics = try store.sizesByMetric()
        try await store.close()
        let peakMemory = Self.peakMemory()
        let upkeep = try await upkeep(of: samples, clock: clock, logger: logger)
        return Report(
            series: series, samples: samples, cpuSecondsPerMillionWritten: writing / Double(samples) * 1e6,
            samplesPerCoreSecond: Double(samples) / writing, bytesPerSample: Double(bytes) / Double(samples),
            openSeconds: openSeconds, nanosecondsPerSampleRead: readSeconds / Double(max(read, 1)) * 1e9,
            decodedGigabytesPerSecond: Double(read) * 16 / readSeconds / 1e9, peakMemoryBytes: peakMemory,
            metrics: metrics, upkeep: upkeep)
    }

    /// Writes the load, stops cleanly and hands over the store that was opened again, with the newest time in it, for
    /// whoever measures reading.
    public func prepare(
        clock: any Clock = WallClock(), logger: Logger
    ) async throws -> (store: TimeSeriesStore, end: Timestamp) {
        let end = clock.now
        _ = try await write(until: end.milliseconds, clock: clock, logger: logger)
        return (try TimeSeriesStore(directory: directory, clock: clock, logger: logger), end)
    }

    private func write(
        until end: Int64, clock: any Clock, logger: Logger
    ) async throws -> (samples: Int, cpuSeconds: Double) {
        let store = try TimeSeriesStore(directory: directory, clock: clock, logger: logger)
        var load = FleetLoad(hosts: hosts, seed: 42, stepMilliseconds: stepMilliseconds)
        let began = Self.cpuSeconds()
        var making = 0.0
        var samples = 0
        for step in 0..<steps {
            let before = Self.cpuSeconds(ofThread: true)
            let requests = load.requests(at: end - Int64(steps - step) * stepMilliseconds)
            making += Self.cpuSeconds(ofThread: true) - before
            samples += try await withThrowingTaskGroup(of: Int.self) { group in
                for request in requests { group.addTask { try await store.write(remoteWrite: request).stored } }
                return try await group.reduce(0, +)
            }
        }
        try await store.close()
        return (samples, Self.cpuSeconds() - began - making)
    }

    private static func readAll(_ store: TimeSeriesStore, until end: Int64) throws -> (series: Int, samples: Int) {
        let everything = try store.select([LabelMatcher("__name__", .notEqual, "")], from: 0, through: end)
        var columns = SampleColumns()
        var samples = 0
        for index in 0..<everything.count {
            try everything.read(index, into: &columns)
            samples += columns.count
        }
        return (everything.count, samples)
    }

    private static func bytes(of folder: String) throws -> Int {
        let folder = try DiskFolder(making: folder)
        return try folder.list().reduce(0) { $0 + folder.size(of: $1) }
    }

    static func cpuSeconds(ofThread isThread: Bool = false) -> Double {
        var time = timespec()
        unsafe clock_gettime(isThread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private static func peakMemory() -> Int64 {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Int64(usage.ru_maxrss) * 1024
    }
}
