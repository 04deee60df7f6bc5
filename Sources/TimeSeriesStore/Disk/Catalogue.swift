import MetricsWire

/// Which series are on disk and how far the log is done: the file `catalogue.db`.
///
///     series   first ordinal | count | labels: a checksum of the row in 8 bytes, then a snappy block of
///              for each series: | bytes shared with the one before | further bytes | these bytes |
///     state    key 1: the newest log segment whose samples are all in block files      key 2: the newest run
///              key 3: a checksum of both
///     series_copy   the same as series once more, for a row that cannot be read: without it nobody could name its samples
///     file     name: a block file that the store has; one that is gone is missed
///
/// The bytes of a series are its labels as remote write has them; all counts are varints. The ordinals of a batch follow
/// the order of labels, which keeps a metric's series together and lets a scan go through pages in order. No bytes at all stand for a series that was
/// forgotten: its ordinal is never given again.
struct Catalogue {
    /// The version of the tables, kept as the file's `user_version`; 0 stands for 1, which had no forgotten series. Before
    /// version 3 the checksums were of the blocks only.
    static let version: Int64 = 3

    /// What the catalogue holds.
    struct Content {
        /// Label bytes by ordinal; none for a series that was forgotten, or that cannot be read.
        var series: [[UInt8]] = []
        /// The newest log segment that is done.
        var segment: UInt64 = 0
        /// The newest run that was committed.
        var run: Int64 = 0
        /// The block files that there should be.
        var files: Set<String> = []
        /// What could not be read; the series of it are missing.
        var damages: [StoreError] = []
        /// Whether nobody knows how many series there were behind the last one.
        var isCutOff = false
        /// Whether everything is known, and some of it only from a copy.
        var isToBeRenewed = false
        /// Whether nobody knows how far the log is done and which runs count. Then all of both do: what is there twice is
        /// found to be the same.
        var isStateLost = false
    }

    static let fileName = "catalogue.db"

    private static let segmentKey: Int64 = 1
    private static let runKey: Int64 = 2
    private static let sealKey: Int64 = 3
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
            CREATE TABLE IF NOT EXISTS file (name TEXT PRIMARY KEY) STRICT;
            CREATE TABLE IF NOT EXISTS series_copy (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, labels BLOB NOT NULL) \
            STRICT;
            """)
        if found != Self.version { try seal() }
    }

    /// Brings an older version's rows up to date, in one transaction.
    private func seal() throws(StoreError) {
        try database.transaction { () throws(StoreError) in
            let content = try read(isSealed: false)
            if !content.series.isEmpty {
                guard content.damages.isEmpty else { throw content.damages[0] }
                try database.execute("DELETE FROM series; DELETE FROM series_copy")
                try store(content.series, from: 0)
                try store(segment: content.segment, run: content.run)
            }
            try database.execute("PRAGMA user_version = \(Self.version)")
        }
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
    /// throws where nothing can be read, or the disk fails.
    func read() throws(StoreError) -> Content {
        try read(isSealed: database.integer("PRAGMA user_version") >= 3)
    }

    private func read(isSealed: Bool) throws(StoreError) -> Content {
        var content = Content()
        try readState(isSealed, into: &content)
        if isSealed {
            let names = try Statement(database, "SELECT name FROM file")
            while try names.step() { content.files.insert(String(decoding: names.blob(0), as: UTF8.self)) }
        }
        try readSeries("series", isSealed, into: &content)
        if isSealed { try compareCopy(&content) }
        return content
    }

    private func readSeries(_ table: String, _ isSealed: Bool, into content: inout Content) throws(StoreError) {
        do throws(StoreError) {
            let rows = try Statement(database, "SELECT first, count, labels FROM \(table) ORDER BY first")
            while try rows.step() { read(rows, isSealed, into: &content) }
        } catch {
            // A disk that fails may work the next time: nothing is given up for it.
            guard case .damaged = error else { throw error }
            content.isCutOff = true
            content.damages.append(error)
        }
    }

    /// Sees whether the copy of the series is one, and takes it where it is sound and the other is not.
    private func compareCopy(_ content: inout Content) throws(StoreError) {
        if content.isCutOff {
            var copy = Content()
            try readSeries("series_copy", true, into: &copy)
            guard copy.damages.isEmpty, copy.series.count >= content.series.count else { return }
            content.series = copy.series
            (content.isCutOff, content.isToBeRenewed) = (false, true)
            return
        }
        do throws(StoreError) {
            let different = try database.integer(
                """
                SELECT count(*) FROM series FULL JOIN series_copy USING (first) \
                WHERE series.labels IS NOT series_copy.labels OR series.count IS NOT series_copy.count
                """)
            if different == 0 { return }
            if content.damages.isEmpty { content.damages.append(damage("the copy of its series is not one")) }
        } catch {
            guard case .damaged = error else { throw error }
            content.damages.append(error)
        }
        content.isToBeRenewed = true
    }

    private func readState(_ isSealed: Bool, into content: inout Content) throws(StoreError) {
        var values: [Int64: Int64] = [:]
        let state = try Statement(database, "SELECT key, value FROM state")
        while try state.step() { values[state.integer(0)] = state.integer(1) }
        let (segment, run) = (values[Self.segmentKey] ?? 0, values[Self.runKey] ?? 0)
        guard !isSealed || values.isEmpty || values[Self.sealKey] == Checksum.ofRow([segment, run]) else {
            content.isStateLost = true
            content.damages.append(damage("how far the log is done has a wrong checksum; all of it is taken in again"))
            return
        }
        content.segment = UInt64(clamping: segment)
        content.run = run
    }

    private func read(_ row: Statement, _ isSealed: Bool, into content: inout Content) {
        let (first, count) = (row.integer(0), row.integer(1))
        let known = Int64(content.series.count)
        var series: [[UInt8]] = []
        do {
            // Numbers are believed behind the checksum only: a wrong one would give samples to other series.
            try Self.unpack(row.blob(2), first: isSealed ? first : nil, count: count, into: &series)
        } catch {
            series = []
            guard isSealed, (try? readCopy(of: first, into: &series)) != nil else {
                let last = first &+ count &- 1
                content.damages.append(damage("series \(first) to \(last) cannot be read: \(error)"))
                content.isCutOff = true
                return
            }
            let last = first + Int64(series.count) - 1
            content.damages.append(damage("series \(first) to \(last) are read from their copy: \(error)"))
            content.isToBeRenewed = true
        }
        guard first >= known, first + Int64(series.count) <= Int64(Int32.max) else {
            content.damages.append(damage("series from \(first) on are numbered as cannot be"))
            return
        }
        if first > known {
            if !content.isCutOff { content.damages.append(damage("series \(known) to \(first - 1) are missing")) }
            content.series.append(contentsOf: repeatElement([], count: Int(first - known)))
        }
        content.series += series
        content.isCutOff = false
    }

    /// Reads the copy of a row of series. Throws where that is damaged as well.
    private func readCopy(of first: Int64, into series: inout [[UInt8]]) throws {
        let copy = try Statement(database, "SELECT count, labels FROM series_copy WHERE first = ?")
        try copy.bind([.integer(first)])
        guard try copy.step() else { throw CodecError(reason: "it has no copy") }
        try Self.unpack(copy.blob(1), first: first, count: copy.integer(0), into: &series)
    }

    /// Notes that the store has a block file, or has it no longer.
    func note(_ name: String, isThere: Bool) throws(StoreError) {
        let text = isThere ? "INSERT OR IGNORE INTO file VALUES (?)" : "DELETE FROM file WHERE name = ?"
        try Statement(database, text).run(.text(name))
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
                guard !gone.isEmpty,
                    (try? Self.unpack(rows.blob(2), first: first, count: count, into: &series)) != nil
                else { continue }
                for place in gone { series[Int(place)] = [] }
                changed.append((first, count, Self.pack(series[...], first: first)))
            }
            for row in changed { try store(row.labels, first: row.first, count: row.count) }
        }
    }

    /// What SQLite itself finds wrong with the file; empty where nothing.
    func integrityProblems() throws(StoreError) -> [String] { try database.integrityProblems() }

    /// Makes it so, in one transaction, that a run is committed with the series that came with it, and that the log is
    /// done through a segment. The same can be committed again, with more series: an attempt that failed may have
    /// reached the disk all the same.
    func commit(
        newSeries: [[UInt8]], from first: Int, segment: UInt64, run: Int64, files: Set<String> = []
    ) throws(StoreError) {
        try database.transaction { () throws(StoreError) in
            try store(newSeries, from: first)
            for name in files { try note(name, isThere: true) }
            try store(segment: segment, run: run)
        }
    }

    private func store(_ series: [[UInt8]], from first: Int) throws(StoreError) {
        var start = 0
        while start < series.count {
            let end = Self.endOfBatch(series, from: start)
            let packed = Self.pack(series[start..<end], first: Int64(first + start))
            try store(packed, first: Int64(first + start), count: Int64(end - start))
            start = end
        }
    }

    private func store(_ packed: [UInt8], first: Int64, count: Int64) throws(StoreError) {
        for table in ["series", "series_copy"] {
            try Statement(database, "INSERT OR REPLACE INTO \(table) VALUES (?, ?, ?)").run(
                .integer(first), .integer(count), .blob(packed))
        }
    }

    private func store(segment: UInt64, run: Int64) throws(StoreError) {
        let segment = Int64(clamping: segment)
        let update = try Statement(database, "INSERT OR REPLACE INTO state VALUES (?, ?)")
        try update.run(.integer(Self.segmentKey), .integer(segment))
        try update.run(.integer(Self.runKey), .integer(run))
        try update.run(.integer(Self.sealKey), .integer(Checksum.ofRow([segment, run])))
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
    static func pack(_ batch: ArraySlice<[UInt8]>, first: Int64) -> [UInt8] {
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
        let checksum = UInt64(bitPattern: Checksum.ofRow([first, Int64(batch.count)], block))
        return (0..<8).map { UInt8(truncatingIfNeeded: checksum >> ($0 * 8)) } + block
    }

    /// Appends the series of a row, which may come to `limit` bytes. Without `first` the checksum is one of the block
    /// alone.
    static func unpack(
        _ packed: [UInt8], first: Int64?, count: Int64, limit: Int = mostBytes, into series: inout [[UInt8]]
    ) throws {
        guard packed.count > 8 else { throw CodecError(reason: "it has \(packed.count) bytes") }
        let block = Array(packed[8...])
        let stored = packed[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let ofBlock = unsafe Checksum.of(block.span.bytes)
        let checksum = first.map { UInt64(bitPattern: Checksum.ofRow([$0, count], block)) } ?? ofBlock
        guard checksum == stored else { throw CodecError(reason: "its checksum is wrong") }
        guard count >= 0, count <= Int64(mostInBatch) else { throw CodecError(reason: "it has \(count) series") }
        let plain = try Snappy.decompress(block, limit: limit)
        let span = unsafe plain.span.bytes
        var cursor = ByteCursor(0..<plain.count)
        var before: [UInt8] = []
        var bytes = 0
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
