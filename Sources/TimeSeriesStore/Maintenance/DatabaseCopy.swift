import CSQLite

extension Database {
    /// How many pages are copied before somebody is asked whether to go on: 16 MiB of a block file.
    private static let pagesOfStep: Int32 = 256

    /// Copies what is committed in the file `source` at this moment to the new file `target`, while others go on
    /// writing: SQLite's backup inside one read transaction. `goOn` hears how many of how many bytes are there; the copy
    /// is given up with `StoreError.shuttingDown` when it says no. The copy is not synced.
    static func copy(
        _ source: String, to target: String, goOn: (_ done: Int64, _ all: Int64) -> Bool
    ) throws(StoreError) {
        let reading = try Database(reading: source)
        try reading.execute("BEGIN; SELECT count(*) FROM sqlite_schema")
        let pageSize = try reading.integer("PRAGMA page_size")
        let writing = try Database(making: target)
        guard let backup = unsafe sqlite3_backup_init(writing.handle, "main", reading.handle, "main") else {
            throw writing.failure(unsafe sqlite3_errcode(writing.handle))
        }
        var status = SQLITE_OK
        var isStopped = false
        while status == SQLITE_OK, !isStopped {
            status = unsafe sqlite3_backup_step(backup, pagesOfStep)
            let all = unsafe Int64(sqlite3_backup_pagecount(backup)) * pageSize
            let left = unsafe Int64(sqlite3_backup_remaining(backup)) * pageSize
            isStopped = !goOn(all - left, all)
        }
        let finish = unsafe sqlite3_backup_finish(backup)
        if isStopped { throw .shuttingDown }
        guard status == SQLITE_DONE, finish == SQLITE_OK else {
            // Reading and writing leave their reasons at different connections; a full disk is the writer's.
            throw status == SQLITE_CORRUPT ? reading.failure(status) : writing.failure(finish)
        }
    }

    /// The number that a statement gives in its first row; 0 without one.
    func integer(_ statement: String) throws(StoreError) -> Int64 {
        let rows = try Statement(self, statement)
        defer { rows.reset() }
        return try rows.step() ? rows.integer(0) : 0
    }
}
