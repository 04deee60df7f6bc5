import MetricsWire

/// Which series are on disk and how far the log is done: the file `catalogue.db`.
///
///     series   first ordinal | count | labels: a checksum of 8 bytes, then a snappy block of
///              for each series: | bytes shared with the one before | further bytes | these bytes |
///     state    key 1: the newest log segment whose samples are all in block files      key 2: the newest run
///
/// The bytes of a series are its labels as remote write has them; all counts are varints. The ordinals of a batch follow
/// the order of these bytes, which keeps a metric's series together.
struct Catalogue {
    /// What the catalogue holds.
    struct Content {
        /// Label bytes by ordinal.
        var series: [[UInt8]] = []
        /// The newest log segment that is done.
        var segment: UInt64 = 0
        /// The newest run that was committed.
        var run: Int64 = 0
    }

    private static let segmentKey: Int64 = 1
    private static let runKey: Int64 = 2
    private static let mostInBatch = 65_536

    private let database: Database

    /// Opens the catalogue of a folder.
    init(folder: String, synchronous: Bool) throws(StoreError) {
        database = try Database(folder + "/catalogue.db", pageSize: 4096, synchronous: synchronous)
        try database.execute(
            """
            CREATE TABLE IF NOT EXISTS series (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, labels BLOB NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS state (key INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT;
            """)
    }

    /// Everything in the catalogue.
    func read() throws(StoreError) -> Content {
        var content = Content()
        let state = try Statement(database, "SELECT key, value FROM state")
        while try state.step() {
            if state.integer(0) == Self.segmentKey { content.segment = UInt64(clamping: state.integer(1)) }
            if state.integer(0) == Self.runKey { content.run = state.integer(1) }
        }
        let rows = try Statement(database, "SELECT first, count, labels FROM series ORDER BY first")
        while try rows.step() {
            guard rows.integer(0) == Int64(content.series.count) else {
                throw .damaged(path: database.path, reason: "series \(content.series.count) and on are missing")
            }
            do {
                try Self.unpack(rows.blob(2), count: Int(rows.integer(1)), into: &content.series)
            } catch {
                throw .damaged(
                    path: database.path, reason: "series from \(rows.integer(0)) on cannot be read: \(error)")
            }
        }
        return content
    }

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
                let end = min(start + Self.mostInBatch, newSeries.count)
                let packed = Self.pack(newSeries[start..<end])
                try insert.run(.integer(Int64(first + start)), .integer(Int64(end - start)), .blob(packed))
                start = end
            }
            let update = try Statement(database, "INSERT OR REPLACE INTO state VALUES (?, ?)")
            try update.run(.integer(Self.segmentKey), .integer(Int64(clamping: segment)))
            try update.run(.integer(Self.runKey), .integer(run))
        }
    }

    /// Brings everything into the file itself.
    func checkpoint() throws(StoreError) { try database.checkpoint() }

    private static func pack(_ batch: ArraySlice<[UInt8]>) -> [UInt8] {
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

    private static func unpack(_ packed: [UInt8], count: Int, into series: inout [[UInt8]]) throws {
        guard packed.count > 8 else { throw CodecError(reason: "it has \(packed.count) bytes") }
        let block = Array(packed[8...])
        let stored = packed[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard unsafe Checksum.of(block.span.bytes) == stored else { throw CodecError(reason: "its checksum is wrong") }
        let plain = try Snappy.decompress(block, limit: 1 << 30)
        let span = unsafe plain.span.bytes
        var cursor = ByteCursor(0..<plain.count)
        var before: [UInt8] = []
        for _ in 0..<count {
            let shared = try cursor.count(span, limit: before.count)
            let range = try cursor.take(cursor.count(span, limit: plain.count))
            before.removeLast(before.count - shared)
            before.append(contentsOf: plain[range])
            series.append(before)
        }
    }
}
