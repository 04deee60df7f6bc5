import MetricsWire

/// Which series are on disk and how far the log is done: the file `catalogue.db`.
///
///     series   first ordinal | count | labels: a checksum of 8 bytes, then a snappy block of
///              for each series: | bytes shared with the one before | further bytes | these bytes |
///     state    key 1: the newest log segment whose samples are all in block files      key 2: the newest run
///
/// The bytes of a series are its labels as remote write has them; all counts are varints. The ordinals of a batch follow
/// the order of these bytes, which keeps a metric's series together. No bytes at all stand for a series that was
/// forgotten: its ordinal is never given again.
struct Catalogue {
    /// The version of the tables, kept as the file's `user_version`; 0 stands for 1, which had no forgotten series.
    static let version: Int64 = 2

    /// What the catalogue holds.
    struct Content {
        /// Label bytes by ordinal; none for a series that was forgotten, or that cannot be read.
        var series: [[UInt8]] = []
        /// The newest log segment that is done.
        var segment: UInt64 = 0
        /// The newest run that was committed.
        var run: Int64 = 0
        /// What could not be read; the series of it are missing.
        var damages: [StoreError] = []
        /// Whether nobody knows how many series there were behind the last one.
        var isCutOff = false
    }

    static let fileName = "catalogue.db"

    private static let segmentKey: Int64 = 1
    private static let runKey: Int64 = 2
    private static let mostInBatch = 65_536
    /// A batch ends when its series have so many label bytes.
    private static let batchBytes = 64 << 20
    /// A row that comes to more label bytes is none of ours: shared beginnings make much of little.
    static let mostBytes = 1 << 28

    private let database: Database

    /// Opens the catalogue of a folder, which is made where it is missing.
    init(folder: String, synchronous: Bool) throws(StoreError) {
        database = try Database(folder + "/" + Self.fileName, pageSize: 4096, synchronous: synchronous)
        let found = try Self.requireKnown(database)
        try database.execute(
            """
            CREATE TABLE IF NOT EXISTS series (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, labels BLOB NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS state (key INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT;
            """)
        if found != Self.version { try database.execute("PRAGMA user_version = \(Self.version)") }
    }

    /// Opens the catalogue of a folder to read it only.
    init(reading folder: String) throws(StoreError) {
        database = try Database(reading: folder + "/" + Self.fileName)
        try Self.requireKnown(database)
    }

    /// Whether a folder's catalogue has its tables.
    static func isWritten(_ folder: DiskFolder) throws(StoreError) -> Bool {
        let database = try Database(reading: folder.path + "/" + fileName)
        return try database.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'series'") > 0
    }

    @discardableResult
    private static func requireKnown(_ database: Database) throws(StoreError) -> Int64 {
        let found = try database.integer("PRAGMA user_version")
        guard found <= version else {
            throw .unsuitable(
                path: database.path,
                reason: "its version \(found) is newer than this program's \(version); use a newer evenkeel")
        }
        return found
    }

    /// Everything in the catalogue. A batch that is damaged leaves its series out, and is reported in what is returned;
    /// throws where nothing can be read.
    func read() throws(StoreError) -> Content {
        var content = Content()
        let state = try Statement(database, "SELECT key, value FROM state")
        while try state.step() {
            if state.integer(0) == Self.segmentKey { content.segment = UInt64(clamping: state.integer(1)) }
            if state.integer(0) == Self.runKey { content.run = state.integer(1) }
        }
        let rows = try Statement(database, "SELECT first, count, labels FROM series ORDER BY first")
        do throws(StoreError) {
            while try rows.step() { read(rows, into: &content) }
        } catch {
            content.isCutOff = true
            content.damages.append(error)
        }
        return content
    }

    private func read(_ row: Statement, into content: inout Content) {
        let known = content.series.count
        let count = Int(clamping: row.integer(1))
        guard row.integer(0) >= Int64(known), row.integer(0) + Int64(count) <= Int64(Int32.max), count >= 0 else {
            content.damages.append(damage("series from \(row.integer(0)) on are numbered as cannot be"))
            return
        }
        if row.integer(0) > Int64(known) {
            content.damages.append(damage("series \(known) to \(row.integer(0) - 1) are missing"))
            content.series.append(contentsOf: repeatElement([], count: Int(row.integer(0)) - known))
        }
        let start = content.series.count
        do {
            try Self.unpack(row.blob(2), count: count, into: &content.series)
        } catch {
            content.damages.append(damage("series \(start) to \(start + count - 1) cannot be read: \(error)"))
            content.series.removeLast(content.series.count - start)
            content.series.append(contentsOf: repeatElement([], count: count))
        }
    }

    private func damage(_ reason: String) -> StoreError { .damaged(path: database.path, reason: reason) }

    /// Takes the labels of series out; their ordinals stay theirs. In one transaction.
    func forget(_ ordinals: Set<UInt32>) throws(StoreError) {
        guard !ordinals.isEmpty else { return }
        try database.transaction { () throws(StoreError) in
            let rows = try Statement(database, "SELECT first, count, labels FROM series ORDER BY first")
            var changed: [(first: Int64, count: Int64, labels: [UInt8])] = []
            while try rows.step() {
                let first = rows.integer(0)
                let count = rows.integer(1)
                let gone = (0..<count).filter { ordinals.contains(UInt32(clamping: first + $0)) }
                var series: [[UInt8]] = []
                guard !gone.isEmpty, (try? Self.unpack(rows.blob(2), count: Int(count), into: &series)) != nil else {
                    continue
                }
                for place in gone { series[Int(place)] = [] }
                changed.append((first, count, Self.pack(series[...])))
            }
            let replace = try Statement(database, "INSERT OR REPLACE INTO series VALUES (?, ?, ?)")
            for row in changed { try replace.run(.integer(row.first), .integer(row.count), .blob(row.labels)) }
        }
    }

    /// What SQLite itself finds wrong with the file; empty where nothing.
    func integrityProblems() throws(StoreError) -> [String] { try database.integrityProblems() }

    /// Makes it so, in one transaction, that a run is committed with the series that came with it, and that the log is
    /// done through a segment. The same can be committed again, with more series: an attempt that failed may have
    /// reached the disk all the same.
    func commit(
        newSeries: [[UInt8]], from first: Int, segment: UInt64, run: Int64
    ) throws(StoreError) {
        try database.transaction { () throws(StoreError) in
            let insert = try Statement(database, "INSERT OR REPLACE INTO series VALUES (?, ?, ?)")
            var start = 0
            while start < newSeries.count {
                let end = Self.endOfBatch(newSeries, from: start)
                let packed = Self.pack(newSeries[start..<end])
                try insert.run(.integer(Int64(first + start)), .integer(Int64(end - start)), .blob(packed))
                start = end
            }
            let update = try Statement(database, "INSERT OR REPLACE INTO state VALUES (?, ?)")
            try update.run(.integer(Self.segmentKey), .integer(Int64(clamping: segment)))
            try update.run(.integer(Self.runKey), .integer(run))
        }
    }

    private static func endOfBatch(_ series: [[UInt8]], from start: Int) -> Int {
        var end = start
        var bytes = 0
        while end < series.count, end - start < mostInBatch, bytes < batchBytes {
            bytes += series[end].count
            end += 1
        }
        return end
    }

    /// Brings everything into the file itself.
    func checkpoint() throws(StoreError) { try database.checkpoint() }

    /// A batch of series as a row has it.
    static func pack(_ batch: ArraySlice<[UInt8]>) -> [UInt8] {
        var plain: [UInt8] = []
        var before: [UInt8] = []
        for identity in batch {
            let shared = zip(before, identity).prefix { $0 == $1 }.count
            Varint.append(UInt64(shared), to: &plain)
            Varint.append(UInt64(identity.count - shared), to: &plain)
            plain.append(contentsOf: identity[shared...])
            before = identity
        }
        let block = Snappy.compress(plain)
        var checksum = unsafe Checksum.of(block.span.bytes)
        var result: [UInt8] = []
        for _ in 0..<8 {
            result.append(UInt8(truncatingIfNeeded: checksum))
            checksum >>= 8
        }
        return result + block
    }

    /// Appends the series of a row, which may come to `limit` bytes.
    static func unpack(
        _ packed: [UInt8], count: Int, limit: Int = mostBytes, into series: inout [[UInt8]]
    ) throws {
        guard packed.count > 8 else { throw CodecError(reason: "it has \(packed.count) bytes") }
        let block = Array(packed[8...])
        let stored = packed[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard unsafe Checksum.of(block.span.bytes) == stored else { throw CodecError(reason: "its checksum is wrong") }
        let plain = try Snappy.decompress(block, limit: limit)
        let span = unsafe plain.span.bytes
        var cursor = ByteCursor(0..<plain.count)
        var before: [UInt8] = []
        var bytes = 0
        guard count >= 0 else { throw CodecError(reason: "it has \(count) series") }
        for _ in 0..<count {
            let shared = try cursor.count(span, limit: before.count)
            let range = try cursor.take(cursor.count(span, limit: plain.count))
            before.removeLast(before.count - shared)
            before.append(contentsOf: plain[range])
            bytes += before.count
            guard bytes <= limit else { throw CodecError(reason: "its series have more than \(limit) bytes") }
            series.append(before)
        }
    }
}
