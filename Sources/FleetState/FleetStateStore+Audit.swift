import FleetModel
import Foundation
import GRDB

/// Which entries of the audit log are asked for: all conditions hold.
public struct AuditFilter: Hashable, Sendable {
    /// Entries after that number.
    public var after: Int64 = 0
    /// At most so many.
    public var limit = Int.max
    /// Whether the newest are wanted rather than the oldest; the answer is oldest first either way.
    public var isNewest = false
    /// About that tip.
    public var tip: Int64?
    /// About that operation.
    public var operation: Int64?
    /// By whom.
    public var actor: String?
    /// An event, `tip.approved`, or a kind of events, `tip`.
    public var event: String?
    /// From that moment on.
    public var since: Timestamp?

    /// No condition.
    public init() {}
}

/// One entry as it was sealed.
public struct SealedEntry: Hashable, Sendable {
    /// Its number.
    public var number: Int64
    /// Its JSON, byte for byte.
    public var document: String
    /// Its seal.
    public var seal: String
}

extension FleetStateStore {
    /// The audit log from the entry after `number` on, oldest first, at most `limit` entries.
    public func audit(after number: Int64 = 0, limit: Int) async throws -> [AuditEntry] {
        var filter = AuditFilter()
        filter.after = number
        filter.limit = limit
        return try await audit(filter)
    }

    /// The entries that `filter` lets through, oldest first.
    public func audit(_ filter: AuditFilter) async throws -> [AuditEntry] {
        try await reading { reader in
            var conditions = ["number > ?"]
            var arguments: [any DatabaseValueConvertible] = [filter.after]
            func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
                guard let value else { return }
                conditions.append(condition)
                arguments.append(value)
            }
            add("tip = ?", filter.tip)
            add("operation = ?", filter.operation)
            add("actor = ?", filter.actor)
            add("time >= ?", filter.since?.milliseconds)
            if let event = filter.event {
                conditions.append("(event = ? OR substr(event, 1, ?) = ?)")
                arguments += [event, event.unicodeScalars.count + 1, event + "."]
            }
            let order = filter.isNewest ? "DESC" : "ASC"
            arguments.append(max(0, filter.limit))
            let sql = """
                SELECT number, document FROM audit WHERE \(conditions.joined(separator: " AND "))
                ORDER BY number \(order) LIMIT ?
                """
            let rows = try Row.fetchAll(reader.database, sql: sql, arguments: StatementArguments(arguments))
            let entries = try rows.map { row in
                let number: Int64 = row[0]
                let place = DocumentPlace(path: reader.path, table: "audit", key: "\(number)")
                return try Document.value(AuditEntry.self, from: row[1], at: place)
            }
            return filter.isNewest ? entries.reversed() : entries
        }
    }

    /// The entries after `number` as they were sealed, oldest first, at most `limit`.
    public func sealedAudit(after number: Int64, limit: Int) async throws -> [SealedEntry] {
        try await reading { reader in
            let sql = "SELECT number, document, seal FROM audit WHERE number > ? ORDER BY number LIMIT ?"
            return try Row.fetchAll(reader.database, sql: sql, arguments: [number, max(0, limit)]).map {
                SealedEntry(number: $0[0], document: $0[1], seal: $0[2])
            }
        }
    }

    /// The chain up to entry `number`, as its seal says; `nil` where there is no such entry.
    public func auditChain(upTo number: Int64) async throws -> AuditChain? {
        if number == 0 { return AuditChain() }
        return try await sealedAudit(after: number - 1, limit: 1).first.flatMap {
            $0.number == number ? AuditChain(number: $0.number, seal: $0.seal) : nil
        }
    }

    /// Where the log ends.
    public func auditEnd() async throws -> AuditChain {
        try await reading { try AuditTable.end($0.database) }
    }

    /// Goes through the whole log: every seal, every number, the columns beside the documents, and that it ends where
    /// its end was noted; `known` is an end that was kept elsewhere. Throws `AuditBreak` for the first thing that is not
    /// as it was.
    public func verifyAudit(known: AuditChain? = nil) async throws -> AuditChain {
        let finding = try await reading { reader in
            do throws(AuditBreak) {
                return Result<AuditChain, AuditBreak>.success(try Self.verify(reader, known: known))
            } catch {
                return .failure(error)
            }
        }
        return try finding.get()
    }

    private static func verify(_ reader: StateReader, known: AuditChain?) throws(AuditBreak) -> AuditChain {
        var chain = AuditChain()
        var isKnownSeen = known.map { $0.number == 0 } ?? true
        let noted: AuditChain
        do {
            let sql = "SELECT number, time, actor, event, tip, operation, document, seal FROM audit ORDER BY number"
            let rows = try Row.fetchCursor(reader.database, sql: sql)
            while let row = try rows.next() {
                let (number, document): (Int64, String) = (row["number"], row["document"])
                try chain.verify(number: number, document: document, seal: row["seal"])
                try check(row, against: document, number: number)
                if chain == known { isKnownSeen = true }
            }
            noted = try AuditTable.end(reader.database)
        } catch let error as AuditBreak {
            throw error
        } catch {
            throw .unreadable(line: Int(chain.number) + 1, reason: "\(error)")
        }
        if noted != chain { throw .otherEnd(known: noted, found: chain) }
        if let known, !isKnownSeen { throw .otherEnd(known: known, found: chain) }
        return chain
    }

    private static func check(_ row: Row, against document: String, number: Int64) throws(AuditBreak) {
        let place = DocumentPlace(path: "", table: "audit", key: "\(number)")
        let entry: AuditEntry
        do throws(FleetStateError) {
            entry = try Document.value(AuditEntry.self, from: document, at: place)
        } catch {
            throw .unreadable(line: Int(number), reason: "\(error)")
        }
        if entry.number != number { throw .differs(number: number, column: "number") }
        if entry.time.milliseconds != row["time"] { throw .differs(number: number, column: "time") }
        if entry.actor != row["actor"] { throw .differs(number: number, column: "actor") }
        if entry.event != row["event"] { throw .differs(number: number, column: "event") }
        if entry.tip != row["tip"] { throw .differs(number: number, column: "tip") }
        if entry.operation != row["operation"] { throw .differs(number: number, column: "operation") }
    }
}

extension AuditExport.Reader {
    /// A reader of lines as this room writes them.
    public init() {
        self.init { document in
            let place = DocumentPlace(path: "", table: "audit", key: "")
            return (try? Document.value(AuditEntry.self, from: document, at: place))?.number
        }
    }
}
