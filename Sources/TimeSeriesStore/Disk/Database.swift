import CSQLite

#if canImport(Glibc)
    import Glibc
#endif

/// One connection to one SQLite file.
///
/// SAFETY: a connection is opened in SQLite's serialized mode, and its owners keep it behind a lock or on one queue; the
/// pointer is written in `init` and closed in `deinit`, after the last statement, which holds on to its database.
@safe final class Database: @unchecked Sendable {
    let path: String
    let handle: OpaquePointer

    /// Opens the file, which is made where it is missing, with write-ahead journal and full syncs.
    init(_ path: String, pageSize: Int, synchronous: Bool) throws(StoreError) {
        self.path = path
        let (opened, status) = unsafe try Self.open(
            path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX)
        unsafe handle = opened
        guard status == SQLITE_OK else { throw failure(status) }
        unsafe sqlite3_busy_timeout(handle, 10_000)
        try execute("PRAGMA page_size = \(pageSize)")
        try setIncrementalVacuum()
        try execute("PRAGMA journal_mode = WAL")
        try execute("PRAGMA synchronous = \(synchronous ? "FULL" : "OFF")")
        try execute("PRAGMA wal_autocheckpoint = 0")
        try execute("PRAGMA cache_size = -512")
    }

    /// Opens an existing file and leaves it as it is.
    init(reading path: String) throws(StoreError) {
        self.path = path
        let (opened, status) = unsafe try Self.open(path, SQLITE_OPEN_READONLY | SQLITE_OPEN_FULLMUTEX)
        unsafe handle = opened
        guard status == SQLITE_OK else { throw failure(status) }
        unsafe sqlite3_busy_timeout(handle, 10_000)
    }

    /// Makes a file that is thrown away when anything goes wrong before it is whole: without a journal, not synced.
    init(making path: String) throws(StoreError) {
        self.path = path
        let (opened, status) = unsafe try Self.open(
            path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX)
        unsafe handle = opened
        guard status == SQLITE_OK else { throw failure(status) }
        try execute("PRAGMA journal_mode = OFF")
        try execute("PRAGMA synchronous = OFF")
    }

    private static func open(
        _ path: String, _ flags: Int32
    ) throws(StoreError) -> (handle: OpaquePointer, status: Int32) {
        var opened: OpaquePointer?
        let status = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard let handle = unsafe opened else {
            throw .databaseFailed(path: path, reason: "SQLite has no memory to open it")
        }
        return unsafe (handle, status)
    }

    deinit { unsafe sqlite3_close_v2(handle) }

    /// Lets the file shrink when asked to. Not said again to a file that knows, since SQLite would write that down.
    private func setIncrementalVacuum() throws(StoreError) {
        let incremental: Int64 = 2
        let mode = try Statement(self, "PRAGMA auto_vacuum")
        if try mode.step(), mode.integer(0) == incremental { return }
        mode.reset()
        try execute("PRAGMA auto_vacuum = INCREMENTAL")
    }

    /// Runs statements that give no rows, or whose rows do not matter.
    func execute(_ statements: String) throws(StoreError) {
        let status = unsafe sqlite3_exec(handle, statements, nil, nil, nil)
        guard status == SQLITE_OK else { throw failure(status) }
    }

    /// Runs `body` as one transaction: all of it or nothing.
    func transaction(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        try execute("BEGIN IMMEDIATE")
        do throws(StoreError) {
            try body()
            try execute("COMMIT")
        } catch {
            try? execute("ROLLBACK")
            throw error
        }
    }

    /// Moves what is committed from the journal into the file itself.
    func checkpoint() throws(StoreError) {
        let status = unsafe sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        guard status == SQLITE_OK || status == SQLITE_BUSY else { throw failure(status) }
    }

    /// What SQLite complains of.
    func failure(_ status: Int32) -> StoreError {
        let code = unsafe sqlite3_extended_errcode(handle)
        let reason = unsafe "\(String(cString: sqlite3_errmsg(handle))) (SQLite code \(code))"
        switch status & 0xff {
        case SQLITE_FULL: return .noSpace(path: path)
        case SQLITE_CORRUPT, SQLITE_NOTADB: return .damaged(path: path, reason: reason)
        case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH: return refusal(status, reason)
        default: return .databaseFailed(path: path, reason: reason)
        }
    }
}

extension Database {
    /// What the operating system refused, where SQLite only says that it cannot.
    fileprivate func refusal(_ status: Int32, _ reason: String) -> StoreError {
        let code = unsafe sqlite3_system_errno(handle)
        guard code != 0 else { return .databaseFailed(path: path, reason: reason) }
        let cause = unsafe String(cString: strerror(code))
        return .databaseFailed(path: path, reason: "\(cause); see who owns the file and its folder")
    }
}

extension Database {
    /// What SQLite itself finds wrong with the file (PRAGMA quick_check), at most ten findings; empty where nothing.
    func integrityProblems() throws(StoreError) -> [String] {
        let rows = try Statement(self, "PRAGMA quick_check(10)")
        var problems: [String] = []
        while try rows.step() { problems.append(String(decoding: rows.blob(0), as: UTF8.self)) }
        return problems == ["ok"] ? [] : problems
    }
}

/// A prepared statement.
///
/// SAFETY: as for `Database`: the owner keeps it behind the same lock or on the same queue as its connection.
@safe final class Statement: @unchecked Sendable {
    private let database: Database
    private let handle: OpaquePointer

    init(_ database: Database, _ text: String) throws(StoreError) {
        self.database = database
        var prepared: OpaquePointer?
        let status = unsafe sqlite3_prepare_v2(database.handle, text, -1, &prepared, nil)
        guard status == SQLITE_OK, let pointer = unsafe prepared else { throw database.failure(status) }
        unsafe handle = pointer
    }

    deinit { unsafe sqlite3_finalize(handle) }

    /// A value to bind.
    enum Value {
        case integer(Int64)
        case blob([UInt8])
        case text(String)
    }

    /// Binds values to the parameters from the first on, and starts over.
    func bind(_ values: [Value]) throws(StoreError) {
        unsafe sqlite3_reset(handle)
        for (place, value) in values.enumerated() {
            let index = Int32(place + 1)
            let status =
                switch value {
                case .integer(let number): unsafe sqlite3_bind_int64(handle, index, number)
                case .blob(let bytes): unsafe Self.bind(bytes, handle, index)
                case .text(let text):
                    // SQLITE_TRANSIENT, as below.
                    unsafe sqlite3_bind_text(
                        handle, index, text, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
                }
            guard status == SQLITE_OK else { throw database.failure(status) }
        }
    }

    private static func bind(_ bytes: [UInt8], _ handle: OpaquePointer, _ index: Int32) -> Int32 {
        // SQLite copies the bytes before the call returns: SQLITE_TRANSIENT, which C writes as a cast of -1.
        let transient = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        if bytes.isEmpty { return unsafe sqlite3_bind_zeroblob(handle, index, 0) }
        return unsafe bytes.withUnsafeBytes { room in
            unsafe sqlite3_bind_blob64(handle, index, room.baseAddress, UInt64(room.count), transient)
        }
    }

    /// Moves to the next row; `false` when there is none.
    func step() throws(StoreError) -> Bool {
        switch unsafe sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let status: throw database.failure(status)
        }
    }

    /// Runs a statement whose rows do not matter.
    func run(_ values: Value...) throws(StoreError) { try run(values) }

    /// Likewise.
    func run(_ values: [Value]) throws(StoreError) {
        try bind(values)
        while try step() {}
        reset()
    }

    /// Frees what the row holds.
    func reset() { unsafe sqlite3_reset(handle) }

    /// An integer of the row.
    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    /// The bytes of the row.
    func blob(_ column: Int32) -> [UInt8] {
        let count = unsafe Int(sqlite3_column_bytes(handle, column))
        guard count > 0, let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }
}
