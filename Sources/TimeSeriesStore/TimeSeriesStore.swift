import FleetModel
import Logging
import MetricsWire

/// The fleet's memory: takes samples, keeps them compressed on disk, gives them back as columns.
///
/// A write is answered when it is in the write-ahead log and the disk has it; writes that arrive together share one
/// sync. Samples live in memory until there are enough of them to compress well, then go to block files, one for each
/// day, and the log is cut. A folder belongs to one store at a time.
public final class TimeSeriesStore: Sendable {
    private let options: StoreOptions
    private let lock: FolderLock
    private let state: SharedState
    private let writer: LogWriter
    private let logger: Logger

    /// Opens the store in a folder, which is made where it is missing, and takes back what the log holds.
    /// Throws `StoreError.inUse` where another process has it open.
    public init(
        directory: String, options: StoreOptions = StoreOptions(), clock: any Clock = WallClock(), logger: Logger
    ) throws(StoreError) {
        let folder = try DiskFolder(making: directory)
        lock = try FolderLock(folder: folder.path)
        let logFolder = try DiskFolder(making: directory + "/log")
        let state = SharedState(StoreState())
        let idle = WriteAheadLog(folder: logFolder, next: 0, synchronous: options.synchronous)
        var core = IngestCore(options: options, state: state, clock: clock, log: idle, wantsFlush: {})
        let findings = try WriteAheadLog.replay(logFolder, after: 0) { record, received in
            core.replay(record, received: received)
        }
        for damage in findings.damages { logger.error("\(damage)") }
        core.log = WriteAheadLog(
            folder: logFolder, next: findings.lastSegment + 1, synchronous: options.synchronous)
        self.options = options
        self.state = state
        self.logger = logger
        writer = LogWriter(core)
    }

    /// Stores a remote write 1.0 request as it came: a snappy block of a protobuf `WriteRequest`. Returns when what was
    /// accepted is durable and visible. With `onlyHost` every series must carry that value of the label `host`.
    @discardableResult
    public func write(
        remoteWrite body: [UInt8], onlyHost: HostName? = nil
    ) async throws(StoreError) -> WriteSummary {
        try await writer.write(body, onlyHost: onlyHost).get()
    }

    /// Writes what is in memory to disk and closes; later writes are refused.
    public func close() async throws(StoreError) {
        await writer.close { _ in }
    }

    /// Writes the store's own metrics.
    public func writeMetrics(to page: inout TextExposition) {
        let (counters, series, samples, memory) = state.withLock { state in
            (state.counters, state.index.count, state.head.sampleCount, state.index.memory + state.head.memory)
        }
        page.single("evenkeel_store_series", .gauge, help: "Series that the index knows.", Double(series))
        page.single("evenkeel_store_head_samples", .gauge, help: "Samples in memory.", Double(samples))
        page.single("evenkeel_store_memory_bytes", .gauge, help: "Memory of index and samples.", Double(memory))
        page.family("evenkeel_store_samples_total", .counter, help: "Samples written, by what became of them.")
        page.sample(Double(counters.samples.stored), ["fate": "stored"])
        page.sample(Double(counters.samples.duplicates), ["fate": "duplicate"])
        page.sample(Double(counters.samples.conflicting), ["fate": "conflicting"])
        page.sample(Double(counters.samples.tooOld), ["fate": "too_old"])
        page.sample(Double(counters.samples.tooNew), ["fate": "too_new"])
        page.single("evenkeel_store_requests_total", .counter, help: "Writes taken.", Double(counters.requests))
        page.single("evenkeel_store_commits_total", .counter, help: "Syncs of the log.", Double(counters.commits))
    }
}

extension TimeSeriesStore: SeriesSource {
    /// The series that satisfy every matcher and may have samples in the span, sorted by labels. Throws
    /// `StoreError.badMatcher` for a regular expression that is none, or that costs too much.
    public func select(_ matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> any SeriesSet {
        guard first <= last else { return Selection(members: [], arenas: [], span: first...first) }
        return try state.withLock { state throws(StoreError) in
            var found = try state.index.select(matchers)
            found.removeAll { state.newest[Int($0)] < first }
            state.index.sort(&found)
            let heads = [state.flushing, state.head].compactMap { $0 }
            let members = found.map { series in
                Selection.Member(labels: state.index.labels(of: series), memory: heads.map { $0.snapshot(of: series) })
            }
            return Selection(members: members, arenas: heads.map(\.arena), span: first...last)
        }
    }
}

extension TimeSeriesStore: SeriesSink {
    /// Stores samples as a remote write of its own. Throws as `write` does.
    public func append(_ series: [SeriesSamples]) async throws {
        try await write(remoteWrite: RemoteWriteEncoder.encode(series))
    }
}
