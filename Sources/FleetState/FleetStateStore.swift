import FleetModel
import Foundation
import GRDB

/// The fleet's memory besides its time series, in one SQLite file: hosts, tips, operations, commands, tokens,
/// parameters, policies and the audit log. What `commit` took survives `kill -9` and power loss (write-ahead log,
/// `synchronous = FULL`). A command-line process may open the same file beside a running server.
public final class FleetStateStore: StateStore {
    /// How many ended tips and operations `load` brings along for cool-downs, budgets and the breaker.
    static let lookBack = 500

    /// The file, or `:memory:`.
    public let path: String
    let database: any DatabaseWriter

    /// Opens the file at `path`, or makes it, readable by its owner only. Throws when it is damaged or was written by a
    /// newer version, and then has changed nothing.
    public convenience init(path: String) throws(FleetStateError) {
        try Self.makePrivateFile(path)
        do {
            try self.init(path: path, database: DatabasePool(path: path, configuration: Self.configuration))
        } catch {
            throw FleetStateError.from(error, path: path)
        }
    }

    /// A store that lives as long as this value: for tests and simulation.
    public static func inMemory() throws(FleetStateError) -> FleetStateStore {
        do {
            return try FleetStateStore(path: ":memory:", database: DatabaseQueue(configuration: configuration))
        } catch {
            throw FleetStateError.from(error, path: ":memory:")
        }
    }

    /// The file as it is: nothing is checked and nothing changed.
    init(lookingAt path: String, through database: any DatabaseWriter) {
        self.path = path
        self.database = database
    }

    private init(path: String, database: any DatabaseWriter) throws {
        self.path = path
        self.database = database
        try Self.check(database, path: path)
        try FleetSchema.migrator.migrate(database)
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "fleet-state"
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        return configuration
    }

    /// SQLite would make the file with whatever the umask allows; hashes of tokens are nobody else's business.
    private static func makePrivateFile(_ path: String) throws(FleetStateError) {
        // SQLite takes a file without a header for a new one: a fleet whose state was cut off would begin empty, with
        // nothing stopped, no policy and no tokens, and say nothing; a write-ahead log beside it would be thrown away. A
        // server that dies in its first moments leaves a header: SQLite writes it before it begins that log.
        if let size = Self.size(of: path), size < Self.headerSize {
            throw .damaged(path: path, reason: size == 0 ? "the file is empty" : "the file has only \(size) bytes")
        }
        // Without the file its log would be thrown away, and with that what could still be read.
        if Self.size(of: path) == nil, Self.size(of: path + "-wal") ?? 0 > 0 {
            throw .damaged(
                path: path, reason: "the file is gone, and its log is still there: put it back beside the log")
        }
        let descriptor = unsafe open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .cannotOpen(path: path, reason: unsafe String(cString: strerror(errno)))
        }
        _ = Foundation.close(descriptor)
    }

    /// Of every file of SQLite.
    static let headerSize = 100

    static func size(of path: String) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
    }

    /// Looks before anything is written.
    private static func check(_ database: any DatabaseWriter, path: String) throws {
        let (finding, applied) = try database.read { database in
            let applied = try FleetSchema.migrator.appliedIdentifiers(database)
            return (try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "ok", applied)
        }
        if finding != "ok" { throw FleetStateError.damaged(path: path, reason: finding) }
        if let unknown = applied.subtracting(FleetSchema.migrator.migrations).min() {
            throw FleetStateError.newerVersion(path: path, unknownChange: unknown)
        }
    }

    /// Makes all changes or none; durable when it returns. Throws `FleetStateError`.
    public func commit(_ changes: [StateChange]) async throws {
        if changes.isEmpty { return }
        try await writing { database in
            for change in changes { try change.write(to: database) }
        }
    }

    func writing<Result: Sendable>(_ body: @Sendable @escaping (Database) throws -> Result) async throws -> Result {
        do {
            return try await database.write(body)
        } catch {
            throw FleetStateError.from(error, path: path)
        }
    }

    func reading<Result: Sendable>(_ body: @Sendable @escaping (StateReader) throws -> Result) async throws -> Result {
        let path = path
        do {
            return try await database.read { try body(StateReader(database: $0, path: path)) }
        } catch {
            throw FleetStateError.from(error, path: path)
        }
    }

    /// Copies what is committed at this moment to a new file at `target`, readable by its owner only, while others go on
    /// writing. The copy is not synced. Throws `FleetStateError`.
    public func copy(to target: String) throws(FleetStateError) {
        try Self.makePrivateFile(target)
        do {
            let copy = try DatabaseQueue(path: target)
            try database.backup(to: copy)
            try copy.close()
        } catch {
            throw FleetStateError.from(error, path: target)
        }
    }

    /// Closes the file; what was committed is safe without it. The write-ahead log is worked into the file, so that the
    /// file alone is a whole copy, unless another process is using it.
    public func close() throws(FleetStateError) {
        do {
            _ = try? database.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            try database.close()
        } catch {
            throw FleetStateError.from(error, path: path)
        }
    }
}
