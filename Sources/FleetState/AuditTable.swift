import FleetModel
import GRDB

/// The table of the audit log: how entries get in, and how the log of before it was a chain became one.
enum AuditTable {
    private static let create = """
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY NOT NULL, time INTEGER NOT NULL, actor TEXT NOT NULL, event TEXT NOT NULL,
            tip INTEGER, operation INTEGER, document TEXT NOT NULL, seal TEXT NOT NULL
        ) STRICT;
        CREATE INDEX audit_by_tip ON audit (tip) WHERE tip IS NOT NULL;
        CREATE INDEX audit_by_operation ON audit (operation) WHERE operation IS NOT NULL;
        CREATE TABLE audit_end (
            only INTEGER PRIMARY KEY NOT NULL CHECK (only = 1), number INTEGER NOT NULL, seal TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit BEGIN
            SELECT RAISE(ABORT, 'the audit log is append-only: entries are never changed');
        END;
        CREATE TRIGGER audit_grows BEFORE DELETE ON audit BEGIN
            SELECT RAISE(ABORT, 'the audit log is append-only: entries are never deleted');
        END;
        CREATE TRIGGER audit_has_no_gaps BEFORE INSERT ON audit
        WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM audit) BEGIN
            SELECT RAISE(ABORT, 'the audit log is append-only: entries are numbered without gaps');
        END;
        """

    /// Seals the entries that were written before the log was a chain.
    static func chain(_ database: Database) throws {
        // Columns by name: a statement that is kept under the same text must not meet the other table.
        let sql = "SELECT number, time, actor, event, tip, operation, detail FROM audit ORDER BY number"
        let old = try Row.fetchAll(database, sql: sql).map { row in
            AuditEntry(
                number: row["number"], time: Timestamp(milliseconds: row["time"]), actor: row["actor"],
                event: row["event"], tip: row["tip"], operation: row["operation"], detail: row["detail"])
        }
        try database.execute(sql: "DROP TABLE audit; \(create)")
        try database.execute(
            literal: "INSERT INTO audit_end (only, number, seal) VALUES (1, 0, \(AuditChain.origin))")
        for entry in old { try append(entry, to: database) }
    }

    /// Numbers an entry, seals it and writes it down.
    static func append(_ entry: AuditEntry, to database: Database) throws {
        var chain = try end(database)
        var numbered = entry
        numbered.number = chain.number + 1
        let document = try Document.text(of: numbered)
        let seal = chain.append(document)
        try database.execute(
            literal: """
                INSERT INTO audit (number, time, actor, event, tip, operation, document, seal)
                VALUES (\(numbered.number), \(entry.time.milliseconds), \(entry.actor), \(entry.event), \(entry.tip),
                    \(entry.operation), \(document), \(seal))
                """)
        try database.execute(literal: "UPDATE audit_end SET number = \(chain.number), seal = \(chain.seal)")
    }

    /// Where the log ends, as was noted with its last entry.
    static func end(_ database: Database) throws -> AuditChain {
        guard let row = try Row.fetchOne(database, sql: "SELECT number, seal FROM audit_end") else {
            return AuditChain()
        }
        return AuditChain(number: row["number"], seal: row["seal"])
    }
}
