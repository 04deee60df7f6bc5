import FleetModel
import Logging
import MetricsWire

/// The fleet's memory: takes samples, keeps them compressed on disk, gives them back as columns.
///
/// A write is answered when it is in the write-ahead log and the disk has it; writes that arrive together share one
/// sync. Samples live in memory until there are enough of them to compress well, then go to block files, one for each
/// day, and the log is cut. A folder belongs to one store at a time.
public final class TimeSeriesStore: Sendable {
    private let lock: Locked<FolderLock?>
    let state: SharedState
    let writer: LogWriter
    let flusher: Flusher
    let cache: PageCache
    let maintenance = Maintenance()
    /// How many series a selection has at most.
    private let selectionLimit: Int
    /// The folder that it is in.
    let folder: DiskFolder

    /// Opens the store in a folder, which is made where it is missing, and takes back what the log holds.
    /// Throws `StoreError.inUse` where another process has it open.
    public convenience init(
        directory: String, options: StoreOptions = StoreOptions(), clock: any Clock = WallClock(), logger: Logger
    ) throws(StoreError) {
        let folder = try DiskFolder(making: directory)
        let lock = try FolderLock(folder: directory)
        let logFolder = try DiskFolder(making: directory + "/log")
        try self.init(folder, lock, logFolder: logFolder, options: options, clock: clock, logger: logger)
    }

    /// Opens the store with its log in a folder of its own kind.
    init(
        _ folder: DiskFolder, _ folderLock: FolderLock, logFolder: any LogFolder, options: StoreOptions,
        clock: any Clock,
        logger: Logger
    ) throws(StoreError) {
        let directory = folder.path
        var opening = StoreState()
        let (catalogue, content) = try opening.open(folder, options)
        for damage in opening.damages { logger.error("\(damage)") }
        let state = SharedState(opening)
        cache = PageCache(budget: options.pageCacheBytes)
        let flusher = Flusher(
            folder: directory, options: options, state: state, clock: clock, logger: logger, logFolder: logFolder,
            catalogue: catalogue, content: content, cache: cache)
        let log = try Self.replay(logFolder, content, state, options, clock, logger)
        let ahead = TimeBounds(options, received: clock.now.milliseconds).ahead
        state.withLock { $0.isAhead = $0.isAhead(of: ahead) }
        let writer = LogWriter(
            IngestCore(options: options, state: state, clock: clock, log: log) { [weak flusher] in flusher?.flushSoon()
            }
        )
        flusher.connect {
            writer.performAndWait { $0.freeze() }
        } compact: {
            writer.performAndWait { $0.compact() }
        }
        self.folder = folder
        selectionLimit = options.maximumSelectedSeries
        self.state = state
        self.writer = writer
        self.flusher = flusher
        lock = Locked(folderLock)
    }

    deinit { flusher.halt() }

    /// Takes what the log holds into memory; returns the log that goes on behind it.
    private static func replay(
        _ folder: any LogFolder, _ content: Catalogue.Content, _ state: SharedState, _ options: StoreOptions,
        _ clock: any Clock, _ logger: Logger
    ) throws(StoreError) -> WriteAheadLog {
        let idle = WriteAheadLog(folder: folder, next: 0, synchronous: options.synchronous)
        var core = IngestCore(options: options.withoutLimits, state: state, clock: clock, log: idle) {}
        let findings = try WriteAheadLog.replay(folder, after: content.segment) { record, received in
            core.replay(record, received: received)
        }
        for damage in findings.damages { logger.error("\(damage)") }
        state.withLock { $0.damages += findings.damages }
        if findings.tornBytes > 0 {
            logger.info("\(findings.tornBytes) bytes at the end of the log were never acknowledged and are left out")
        }
        return WriteAheadLog(
            folder: folder, next: findings.lastSegment + 1, bytesBefore: findings.wholeBytes,
            synchronous: options.synchronous)
    }

    /// Stores a remote write 1.0 request as it came: a snappy block of a protobuf `WriteRequest`. Returns when what was
    /// accepted is durable and visible. A series outside of `scope` refuses all of the request.
    @discardableResult
    public func write(
        remoteWrite body: [UInt8], allowing scope: WriteScope? = nil
    ) async throws(StoreError) -> WriteSummary {
        try await writer.write(body, allowing: scope).get()
    }

    /// Writes what is in memory to disk. Happens by itself; this is for tests and for whoever cannot wait.
    public func flush() async throws(StoreError) {
        try await flusher.flushAll()
    }

    /// Merges, removes and frees what there is to merge, remove and free in the block files now. Happens by itself; this is
    /// for tests and for whoever cannot wait.
    public func maintain() async { await flusher.maintain() }

    /// Writes what is in memory to disk and closes; later writes and selections are refused. The folder is free for
    /// another store afterwards. When it throws, the log still has what could not be written.
    public func close() async throws(StoreError) {
        await writer.close()
        defer {
            state.withLock { state in
                state.isClosed = true
                state.days = []
                state.rollups = []
            }
            lock.withLock { $0 = nil }
        }
        do throws(StoreError) {
            try await flusher.flushAll()
        } catch {
            await flusher.stop()
            throw error
        }
        await flusher.stop()
    }
}

extension TimeSeriesStore: SeriesSource {
    /// The series that satisfy every matcher and may have samples in the span, sorted by labels. Throws
    /// `StoreError.badMatcher` for a regular expression that is none, or that costs too much.
    public func select(_ matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> any SeriesSet {
        guard first <= last else { return Selection.empty(cache: cache) }
        return try state.withLock { state throws(StoreError) in
            if state.isClosed { throw .shuttingDown }
            return try state.select(matchers, in: first...last, cache: cache, limit: selectionLimit)
        }
    }

    /// From the index alone. Throws as `select` does.
    public func labelNames(of matchers: [LabelMatcher], from first: Int64, through last: Int64) throws -> [String] {
        guard first <= last else { return [] }
        let names = try state.withLock { state throws(StoreError) in
            if state.isClosed { throw .shuttingDown }
            return try state.labelNames(of: matchers, in: first...last)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// From the index alone. Throws as `select` does.
    public func values(
        of label: String, _ matchers: [LabelMatcher], from first: Int64, through last: Int64
    ) throws -> [String] {
        guard first <= last else { return [] }
        let values = try state.withLock { state throws(StoreError) in
            if state.isClosed { throw .shuttingDown }
            return try state.values(of: label, matchers, in: first...last)
        }
        return values.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

extension TimeSeriesStore: RollupView {
    /// The store's own buckets of five minutes.
    public var rollups: (any RollupView)? { self }

    /// From when on samples are kept: milliseconds since the epoch, `Int64.min` while none were dropped.
    public var samplesBegin: Int64 { state.withLock { $0.samplesBegin } }

    /// The series that satisfy every matcher and may have a bucket that ends in the span, sorted by labels. Throws as
    /// `select` does.
    public func selectBuckets(
        _ matchers: [LabelMatcher], from first: Int64, through last: Int64
    ) throws -> any BucketSet {
        // Times so far out that sums with the width of a bucket would not fit are no times of buckets.
        let start = min(max(first, .min / 2), .max / 2)
        let span = start...max(start, min(last, .max / 2))
        return try state.withLock { state throws(StoreError) in
            if state.isClosed { throw .shuttingDown }
            return try state.selectBuckets(matchers, in: span, cache: cache, limit: selectionLimit)
        }
    }
}

extension TimeSeriesStore: SeriesSink {
    /// Stores samples as a remote write of its own. Throws as `write` does.
    public func append(_ series: [SeriesSamples]) async throws {
        try await write(remoteWrite: RemoteWriteEncoder.encode(series))
    }
}
