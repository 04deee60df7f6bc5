import FleetModel
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The samples of one day (UTC), compressed: a SQLite file `blocks-DAY.db`, DAY in days since 1970-01-01.
///
///     run   number | first time | last time | samples | pages: the first ordinal of each page, 4 bytes each
///     page  number << 24 | page      the page's bytes (PageBuilder), sized to fill a SQLite page each
///
/// Rows of a run lie one behind the other, so the file grows at its end and is read in order. One connection writes and
/// one reads; SQLite's write-ahead journal keeps them apart. A run whose number is above the catalogue's was not
/// committed: opening removes it, and the log still has its samples.
final class BlockFile: Sendable {
    static let dayMilliseconds: Int64 = 86_400_000

    let path: String
    /// Days since 1970-01-01.
    let day: Int64
    private let writer: Database
    /// Reads one page; it has a connection of its own.
    private let query: Locked<Statement>
    private let isUnwanted = Atomic(false)

    /// The day that a time belongs to.
    static func day(of time: Int64) -> Int64 {
        time >= 0 ? time / dayMilliseconds : (time + 1) / dayMilliseconds - 1
    }

    static func name(of day: Int64) -> String { "blocks-\(day).db" }

    /// The day of a file's name; `nil` for other files.
    static func day(ofName name: String) -> Int64? {
        guard name.hasPrefix("blocks-"), name.hasSuffix(".db") else { return nil }
        return Int64(name.dropFirst(7).dropLast(3))
    }

    /// Opens or makes the file of a day.
    init(folder: String, day: Int64, synchronous: Bool) throws(StoreError) {
        self.day = day
        path = folder + "/" + Self.name(of: day)
        writer = try Database(path, pageSize: 65_536, synchronous: synchronous)
        try writer.execute(
            """
            CREATE TABLE IF NOT EXISTS run (number INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, \
            samples INTEGER NOT NULL, pages BLOB NOT NULL) STRICT;
            CREATE TABLE IF NOT EXISTS page (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
            """)
        let reading = try Database(path, pageSize: 65_536, synchronous: synchronous)
        query = Locked(try Statement(reading, "SELECT data FROM page WHERE id = ?"))
    }

    /// Removes the file when nobody reads it any more.
    func removeWhenUnused() { isUnwanted.store(true, ordering: .relaxed) }

    deinit {
        guard isUnwanted.load(ordering: .relaxed) else { return }
        for suffix in ["", "-wal", "-shm"] { unsafe unlink(path + suffix) }
    }

    /// Removes the runs that were written and never committed.
    func discardRuns(after committed: Int64) throws(StoreError) {
        try writer.transaction { () throws(StoreError) in
            try RunWriter.discard(writer, after: committed)
        }
    }

    /// The committed runs in the file.
    func runs() throws(StoreError) -> [Run] {
        var runs: [Run] = []
        let rows = try Statement(writer, "SELECT number, first, last, samples, pages FROM run ORDER BY number")
        while try rows.step() {
            guard rows.integer(1) <= rows.integer(2) else {
                throw .damaged(path: path, reason: "run \(rows.integer(0)) ends before it begins")
            }
            runs.append(
                Run(
                    number: rows.integer(0), span: rows.integer(1)...rows.integer(2), samples: Int(rows.integer(3)),
                    pageFirsts: Run.unpack(rows.blob(4))))
        }
        return runs
    }

    /// Begins to write a run; `RunWriter.commit` makes it durable.
    func startRun(_ number: Int64) throws(StoreError) -> RunWriter {
        try RunWriter(writer, number: number)
    }

    /// A page of a run.
    func page(_ run: Run, _ index: Int) throws(StoreError) -> Page {
        let bytes = try query.withLock { query throws(StoreError) in
            defer { query.reset() }
            try query.bind([.integer(run.number << 24 | Int64(index))])
            return try query.step() ? query.blob(0) : []
        }
        do throws(CodecError) {
            return try Page(bytes)
        } catch {
            throw .damaged(path: path, reason: "page \(index) of run \(run.number) cannot be read: \(error.reason)")
        }
    }

    /// Brings everything into the file itself.
    func checkpoint() throws(StoreError) { try writer.checkpoint() }
}

/// Writes the pages of one run in one transaction.
struct RunWriter {
    private let database: Database
    private let insert: Statement
    private let number: Int64
    private var pageFirsts: [UInt32] = []

    fileprivate init(_ database: Database, number: Int64) throws(StoreError) {
        self.database = database
        self.number = number
        insert = try Statement(database, "INSERT INTO page VALUES (?, ?)")
        try database.execute("BEGIN IMMEDIATE")
        do throws(StoreError) {
            // An earlier attempt at the same run may have got as far as this file.
            try Self.discard(database, after: number - 1)
        } catch {
            cancel()
            throw error
        }
    }

    fileprivate static func discard(_ database: Database, after committed: Int64) throws(StoreError) {
        try Statement(database, "DELETE FROM page WHERE id >= ?").run(.integer((committed + 1) << 24))
        try Statement(database, "DELETE FROM run WHERE number > ?").run(.integer(committed))
    }

    /// Adds a page.
    mutating func add(_ page: PageBuilder.Finished) throws(StoreError) {
        try insert.run(.integer(number << 24 | Int64(pageFirsts.count)), .blob(page.bytes))
        pageFirsts.append(page.firstOrdinal)
    }

    /// Makes the run durable.
    func commit(span: ClosedRange<Int64>, samples: Int) throws(StoreError) -> Run {
        let run = Run(number: number, span: span, samples: samples, pageFirsts: pageFirsts)
        let row = try Statement(database, "INSERT INTO run VALUES (?, ?, ?, ?, ?)")
        try row.run(
            .integer(number), .integer(span.lowerBound), .integer(span.upperBound), .integer(Int64(samples)),
            .blob(run.packedPageFirsts))
        try database.execute("COMMIT")
        return run
    }

    /// Takes everything back.
    func cancel() { try? database.execute("ROLLBACK") }
}
