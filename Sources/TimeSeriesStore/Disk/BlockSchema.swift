/// The tables of a block file (drawn at `BlockFile`), in SQL.
enum BlockSchema {
    /// The version of the tables, kept as the file's `user_version`.
    static let version: Int64 = 2

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
            if found < 1 {
                try database.execute(
                    """
                    CREATE TABLE IF NOT EXISTS run (number INTEGER PRIMARY KEY, first INTEGER NOT NULL, \
                    last INTEGER NOT NULL, samples INTEGER NOT NULL, pages BLOB NOT NULL) STRICT;
                    CREATE TABLE IF NOT EXISTS page (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
                    ALTER TABLE run ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE run ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
                    UPDATE run SET base = number << \(BlockFile.slotBits);
                    """)
                if level == .rollup {
                    try database.execute(
                        """
                        CREATE TABLE rolled (day INTEGER PRIMARY KEY, run INTEGER NOT NULL, gone INTEGER NOT NULL) STRICT
                        """)
                }
            }
            try addChecksums(database, level)
            try database.execute("PRAGMA user_version = \(version)")
        }
    }

    /// Version 2: every row says what it is. Rows that are there are taken as they are.
    private static func addChecksums(_ database: Database, _ level: BlockName.Level) throws(StoreError) {
        try database.execute("ALTER TABLE run ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0")
        let runs = try runs(database, isSealed: false)
        try database.execute("DELETE FROM run")
        for run in runs { try insert(run, database) }
        guard level == .rollup else { return }
        try database.execute("ALTER TABLE rolled ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0")
        for (day, rolled) in try RolledDay.read(database, isSealed: false) { try rolled.store(day, database) }
    }

    /// Whether the tables are of this version.
    static func isCurrent(_ database: Database) throws(StoreError) -> Bool {
        try database.integer("PRAGMA user_version") == version
    }

    /// All runs, oldest first. Throws `StoreError.damaged` where a row is not as it was written; before version 2 rows were
    /// not sealed.
    static func runs(_ database: Database, isSealed: Bool = true) throws(StoreError) -> [Run] {
        var runs: [Run] = []
        let seal = isSealed ? "checksum" : "0"
        let rows = try Statement(
            database, "SELECT number, first, last, samples, pages, base, level, \(seal) FROM run ORDER BY number")
        while try rows.step() {
            let numbers = [0, 1, 2, 3, 5, 6].map { rows.integer($0) }
            let pages = rows.blob(4)
            guard !isSealed || rows.integer(7) == Checksum.ofRow(numbers, pages) else {
                throw .damaged(path: database.path, reason: "the row of run \(numbers[0]) has a wrong checksum")
            }
            guard rows.integer(1) <= rows.integer(2) else {
                throw .damaged(path: database.path, reason: "run \(numbers[0]) ends before it begins")
            }
            let firsts = Run.unpack(pages)
            try check(base: rows.integer(5), pages: Int64(firsts.count), database.path)
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
        let pages = run.packedPageFirsts
        let numbers = [
            run.number, run.span.lowerBound, run.span.upperBound, Int64(run.samples), run.base, Int64(run.level),
        ]
        try Statement(
            database,
            "INSERT INTO run (number, first, last, samples, base, level, pages, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        ).run(numbers.map { .integer($0) } + [.blob(pages), .integer(Checksum.ofRow(numbers, pages))])
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
