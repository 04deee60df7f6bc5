/// The tables of a block file (drawn at `BlockFile`), in SQL.
enum BlockSchema {
    /// The version of the tables, kept as the file's `user_version`.
    static let version: Int64 = 1

    /// Makes the tables, or brings those of an older version up to date. Throws
    /// `StoreError.databaseFailed` for a newer one.
    static func prepare(_ database: Database, _ level: BlockName.Level) throws(StoreError) {
        let query = try Statement(database, "PRAGMA user_version")
        let found = try query.step() ? query.integer(0) : 0
        query.reset()
        guard found <= version else {
            throw .databaseFailed(
                path: database.path, reason: "its version \(found) is newer than this program's \(version)")
        }
        guard found < version else { return }
        try database.transaction { () throws(StoreError) in
            try database.execute(
                """
                CREATE TABLE IF NOT EXISTS run (number INTEGER PRIMARY KEY, first INTEGER NOT NULL, \
                last INTEGER NOT NULL, samples INTEGER NOT NULL, pages BLOB NOT NULL) STRICT;
                CREATE TABLE IF NOT EXISTS page (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
                ALTER TABLE run ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
                ALTER TABLE run ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
                UPDATE run SET base = number << \(BlockFile.slotBits);
                PRAGMA user_version = \(version);
                """)
            guard level == .rollup else { return }
            try database.execute(
                """
                CREATE TABLE rolled (day INTEGER PRIMARY KEY, run INTEGER NOT NULL, gone INTEGER NOT NULL) STRICT
                """)
        }
    }

    /// Whether the tables are of this version.
    static func isCurrent(_ database: Database) throws(StoreError) -> Bool {
        try database.integer("PRAGMA user_version") == version
    }

    /// All runs, oldest first.
    static func runs(_ database: Database, path: String) throws(StoreError) -> [Run] {
        var runs: [Run] = []
        let rows = try Statement(
            database, "SELECT number, first, last, samples, pages, base, level FROM run ORDER BY number")
        while try rows.step() {
            guard rows.integer(1) <= rows.integer(2) else {
                throw .damaged(path: path, reason: "run \(rows.integer(0)) ends before it begins")
            }
            let firsts = Run.unpack(rows.blob(4))
            try check(base: rows.integer(5), pages: Int64(firsts.count), path)
            runs.append(
                Run(
                    number: rows.integer(0), base: rows.integer(5), level: Int(clamping: rows.integer(6)),
                    span: rows.integer(1)...rows.integer(2), samples: Int(rows.integer(3)),
                    pageFirsts: firsts))
        }
        return runs
    }

    private static func check(base: Int64, pages: Int64, _ path: String) throws(StoreError) {
        guard base >= 0, base < 1 << 62, pages <= 1 << BlockFile.slotBits else {
            throw .damaged(path: path, reason: "a run's pages have no ids that can be")
        }
    }

    /// Adds a run to the list of those that count.
    static func insert(_ run: Run, _ database: Database) throws(StoreError) {
        try Statement(database, "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?)").run(
            .integer(run.number), .integer(run.span.lowerBound), .integer(run.span.upperBound),
            .integer(Int64(run.samples)), .blob(run.packedPageFirsts), .integer(run.base), .integer(Int64(run.level)))
    }

    /// Removes the runs above a number, with their pages. Inside a transaction.
    static func discardRuns(_ database: Database, above committed: Int64) throws(StoreError) {
        let rows = try Statement(database, "SELECT base, length(pages) / 4 FROM run WHERE number > ?")
        try rows.bind([.integer(committed)])
        var ranges: [Range<Int64>] = []
        while try rows.step() {
            try check(base: rows.integer(0), pages: rows.integer(1), database.path)
            ranges.append(rows.integer(0)..<rows.integer(0) + rows.integer(1))
        }
        guard !ranges.isEmpty else { return }
        for range in ranges { try discardPages(database, in: range) }
        try Statement(database, "DELETE FROM run WHERE number > ?").run(.integer(committed))
    }

    /// Removes the pages that lie in none of the ranges. Inside a transaction. It looks between the ranges only, so that
    /// a file without such pages costs no reading.
    static func discardPages(_ database: Database, outside ranges: [Range<Int64>]) throws(StoreError) {
        var next = Int64.min
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if next < range.lowerBound { try discardPages(database, in: next..<range.lowerBound) }
            next = max(next, range.upperBound)
        }
        try discardPages(database, in: next..<Int64.max)
    }

    private static func discardPages(_ database: Database, in range: Range<Int64>) throws(StoreError) {
        let delete = try Statement(database, "DELETE FROM page WHERE id >= ? AND id < ?")
        try delete.run(.integer(range.lowerBound), .integer(range.upperBound))
    }
}
