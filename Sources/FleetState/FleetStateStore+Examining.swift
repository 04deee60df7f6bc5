import FleetModel
import GRDB

/// What a look at all of a fleet's state found.
public struct StateExamination: Sendable, Hashable {
    /// The file's size, with SQLite's log beside it.
    public var bytes: Int64 = 0
    /// Entries of the audit log that were read.
    public var auditEntries: Int64 = 0
    /// What is wrong.
    public var damages: [String] = []
    /// What is worth knowing and no damage.
    public var notes: [String] = []
}

extension FleetStateStore {
    /// Looks through the file at `path`, which no server need have open, and changes nothing: its pages (SQLite's quick
    /// check), who changed its tables last, and every seal of the audit log.
    public static func examine(path: String) async -> StateExamination {
        var found = StateExamination()
        found.bytes = Int64((size(of: path) ?? 0) + (size(of: path + "-wal") ?? 0))
        if let size = size(of: path), size < headerSize {
            found.damages = [size == 0 ? "the file is empty" : "the file has only \(size) bytes"]
            return found
        }
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try await FleetStateStore(lookingAt: path, through: queue).examine(&found)
            try queue.close()
        } catch {
            found.damages.append("\(FleetStateError.from(error, path: path))")
        }
        return found
    }

    private func examine(_ found: inout StateExamination) async throws {
        let (pages, applied) = try await reading { reader in
            let pages = try String.fetchAll(reader.database, sql: "PRAGMA quick_check(20)")
            return (pages, try FleetSchema.migrator.appliedIdentifiers(reader.database))
        }
        found.damages += pages.filter { $0 != "ok" }
        let known = FleetSchema.migrator.migrations
        if let unknown = applied.subtracting(known).min() {
            found.damages.append("it was written by a newer Evenkeel: it has the change '\(unknown)'")
            return
        }
        let missing = known.filter { !applied.contains($0) }
        if let first = missing.first {
            found.notes.append(
                "it was written by an older Evenkeel: the next start makes the changes from '\(first)' on")
            return
        }
        do {
            let end = try await verifyAudit()
            found.auditEntries = end.number
            found.notes.append("the audit log is whole; it ends with \(end)")
        } catch let problem as AuditBreak {
            found.damages.append("the audit log is not whole: \(problem)")
        }
    }
}
