import GRDB

/// The tables of the fleet's state. Everything is kept as a JSON document beside the columns that are asked about:
///
/// ```
/// hosts      name PK | cluster | received | document                       HostRecord
/// tips       number PK | state | is_final | updated | document             Tip
/// operations number PK | state | is_final | tip | ended | checkpoint | document
///                                                                          Operation without checkpoint and progress
/// commands   number PK | host | operation | issued | answered | answer | document
///                                                                          AgentCommand, HostTaskAnswer
/// tokens     (role, name) PK | hash UNIQUE | created | revoked             AccessToken
/// parameters (pack, name, cluster) PK | value                              ParameterSetting, cluster "" = fleet
/// packs      pack PK | is_enabled | allows_plug_ins                        PackSetting
/// policies   version PK | time | actor | change | document                 PolicyVersion; every one is kept
/// holds      scope PK | document                                           Hold
/// silences   number PK | until | document                                  Silence; never deleted, so no number comes twice
/// audit      number PK | time | actor | event | tip | operation | document | seal
///                                                                          AuditEntry; rows cannot be changed
/// audit_end  number | seal                                                 one row: the last entry (`AuditChain`)
/// ```
///
/// Times are milliseconds since the epoch. `grdb_migrations`, which GRDB keeps, names the changes that were made to the
/// file, oldest first; a file with a change that is not in `migrator` was written by a newer version and is refused.
enum FleetSchema {
    /// Brings a file of any known version to the newest, each change whole or not at all.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1-documents") { database in
            try database.execute(sql: documents)
        }
        migrator.registerMigration("2-access") { database in
            try database.execute(sql: access)
        }
        migrator.registerMigration("3-audit") { database in
            try database.execute(sql: audit)
        }
        migrator.registerMigration("4-packs") { database in
            try database.execute(
                sql: """
                    CREATE TABLE packs (
                        pack TEXT PRIMARY KEY NOT NULL, is_enabled INTEGER NOT NULL, allows_plug_ins INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("5-silences") { database in
            try database.execute(sql: silences)
        }
        migrator.registerMigration("6-audit-chain", migrate: AuditTable.chain)
        migrator.registerMigration("7-policy", migrate: PolicyTable.create)
        return migrator
    }

    private static let documents = """
        CREATE TABLE hosts (
            name TEXT PRIMARY KEY NOT NULL, cluster TEXT NOT NULL, received INTEGER NOT NULL, document TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE tips (
            number INTEGER PRIMARY KEY NOT NULL, state TEXT NOT NULL, is_final INTEGER NOT NULL,
            updated INTEGER NOT NULL, document TEXT NOT NULL
        ) STRICT;
        CREATE INDEX tips_by_end ON tips (is_final, updated);
        CREATE TABLE operations (
            number INTEGER PRIMARY KEY NOT NULL, state TEXT NOT NULL, is_final INTEGER NOT NULL, tip INTEGER,
            ended INTEGER, checkpoint BLOB NOT NULL, document TEXT NOT NULL
        ) STRICT;
        CREATE INDEX operations_by_end ON operations (is_final, ended);
        CREATE TABLE commands (
            number INTEGER PRIMARY KEY NOT NULL, host TEXT NOT NULL, operation INTEGER NOT NULL,
            issued INTEGER NOT NULL, answered INTEGER, answer TEXT, document TEXT NOT NULL
        ) STRICT;
        CREATE INDEX commands_open ON commands (host, number) WHERE answered IS NULL;
        """

    private static let access = """
        CREATE TABLE tokens (
            role TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,
            revoked INTEGER, PRIMARY KEY (role, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE parameters (
            pack TEXT NOT NULL, name TEXT NOT NULL, cluster TEXT NOT NULL, value REAL NOT NULL,
            PRIMARY KEY (pack, name, cluster)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE policies (cluster TEXT PRIMARY KEY NOT NULL, level TEXT NOT NULL) STRICT, WITHOUT ROWID;
        """

    private static let silences = """
        CREATE TABLE silences (
            number INTEGER PRIMARY KEY NOT NULL, until INTEGER NOT NULL, document TEXT NOT NULL
        ) STRICT;
        """

    private static let audit = """
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY NOT NULL, time INTEGER NOT NULL, actor TEXT NOT NULL, event TEXT NOT NULL,
            tip INTEGER, operation INTEGER, detail TEXT NOT NULL
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
}
