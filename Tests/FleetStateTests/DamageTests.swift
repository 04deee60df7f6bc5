import FleetModel
import FleetState
import Foundation
import GRDB
import Testing

@Suite("Files that are not as they should be")
struct DamageTests {
    @Test("A file that is no database is named, and left as it is")
    func noDatabase() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("fleet.sqlite")
        let content = Data(String(repeating: "this is a letter, not a database. ", count: 200).utf8)
        try content.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: FleetStateError.self) { try FleetStateStore(path: path) }
        #expect(error?.description.contains(path) == true)
        #expect(error?.description.contains("damaged") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
    }

    @Test("A truncated file is refused")
    func truncated() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("fleet.sqlite")
        let store = try FleetStateStore(path: path)
        try await store.commit(try (1...200).map { .saveTip(try Fixture.tip($0)) })
        try store.close()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: FleetStateError.self) { try FleetStateStore(path: path) }
        #expect(error?.description.contains("damaged") == true)
    }

    @Test("A file that was cut off at its very beginning is refused: the fleet does not begin empty without a word")
    func cutToNothing() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("fleet.sqlite")
        try Data().write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: FleetStateError.self) { try FleetStateStore(path: path) }
        #expect(error?.description.contains("the file is empty") == true)
    }

    @Test(
        "So is one that is shorter than a header, with what a clean stop leaves beside it", arguments: [0, 1, 16, 99])
    func cutBesideItsLog(size: Int) async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("fleet.sqlite")
        let store = try FleetStateStore(path: path)
        try await store.commit([.saveTip(try Fixture.tip(1))])
        try store.close()
        for suffix in ["-wal", "-shm"] where !FileManager.default.fileExists(atPath: path + suffix) {
            try Data().write(to: URL(fileURLWithPath: path + suffix))
        }
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.prefix(size).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: FleetStateError.self) { try FleetStateStore(path: path) }
        #expect(error?.description.contains(size == 0 ? "the file is empty" : "only \(size) bytes") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == size, "it is left as it is")
    }

    @Test("So is an empty one beside a log that is not: SQLite would throw that away")
    func emptyBesideAFullLog() async throws {
        let folder = try TemporaryFolder()
        let (path, killed) = (folder.file("fleet.sqlite"), folder.file("killed.sqlite"))
        let store = try FleetStateStore(path: path)
        try await store.commit([.saveTip(try Fixture.tip(1))])
        try FileManager.default.copyItem(atPath: path + "-wal", toPath: killed + "-wal")
        try store.close()
        try Data().write(to: URL(fileURLWithPath: killed))
        let log = try Data(contentsOf: URL(fileURLWithPath: killed + "-wal"))
        #expect(!log.isEmpty)
        let error = #expect(throws: FleetStateError.self) { try FleetStateStore(path: killed) }
        #expect(error == .damaged(path: killed, reason: "the file is empty"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: killed + "-wal")) == log, "what can be saved is still there")
        #expect(await FleetStateStore.examine(path: killed).damages == ["the file is empty"])
    }

    @Test("So is a log whose file is gone: SQLite would throw that away, too")
    func logWithoutFile() async throws {
        let folder = try TemporaryFolder()
        let (path, killed) = (folder.file("fleet.sqlite"), folder.file("killed.sqlite"))
        let store = try FleetStateStore(path: path)
        try await store.commit([.saveTip(try Fixture.tip(1))])
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try FileManager.default.copyItem(atPath: path + "-wal", toPath: killed + "-wal")
        try store.close()
        let log = try Data(contentsOf: URL(fileURLWithPath: killed + "-wal"))
        let error = #expect(throws: FleetStateError.self) { try FleetStateStore(path: killed) }
        #expect(error?.description.contains("the file is gone, and its log is still there") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: killed + "-wal")) == log)
        #expect(!FileManager.default.fileExists(atPath: killed))
        try whole.write(to: URL(fileURLWithPath: killed))
        #expect(try await FleetStateStore(path: killed).tip(1) != nil, "put back, it is all there")
    }

    @Test("An examination names what is wrong, and changes nothing")
    func examination() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("fleet.sqlite")
        let store = try FleetStateStore(path: path)
        try await store.commit([
            .saveTip(try Fixture.tip(1)),
            .audit(AuditEntry(time: Timestamp(milliseconds: 1), actor: "ann", event: "stop", detail: "d")),
        ])
        try store.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let sound = await FleetStateStore.examine(path: path)
        #expect(sound.damages.isEmpty && sound.auditEntries == 1 && sound.bytes >= Int64(before.count))
        #expect(sound.notes.first?.hasPrefix("the audit log is whole; it ends with 1:") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        let queue = try DatabaseQueue(path: path)
        try await queue.write { database in
            for name in try String.fetchAll(
                database, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'")
            {
                try database.execute(sql: "DROP TRIGGER \(name)")
            }
            try database.execute(sql: "UPDATE audit SET seal = 'x'")
        }
        try queue.close()
        #expect(await FleetStateStore.examine(path: path).damages.first?.contains("audit log is not whole") == true)
        try before.prefix(before.count / 2).write(to: URL(fileURLWithPath: path))
        #expect(await FleetStateStore.examine(path: path).damages.isEmpty == false)
        let later = try DatabaseQueue(path: folder.file("later.sqlite"))
        try await later.write {
            try $0.execute(
                sql: "CREATE TABLE grdb_migrations (identifier TEXT); INSERT INTO grdb_migrations VALUES ('9-future')")
        }
        try later.close()
        #expect(
            await FleetStateStore.examine(path: folder.file("later.sqlite")).damages.first?.contains("9-future") == true
        )
    }

    @Test("A file of a newer version is refused by name, and left as it is")
    func newerVersion() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("fleet.sqlite")
        try FleetStateStore(path: path).close()
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9-future')") }
        try queue.close()
        let error = #expect(throws: FleetStateError.self) { try FleetStateStore(path: path) }
        #expect(error == .newerVersion(path: path, unknownChange: "9-future"))
    }

    @Test("A document that cannot be read is named by table, number and field")
    func unreadableDocument() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("fleet.sqlite")
        let store = try FleetStateStore(path: path)
        try await store.commit([.saveTip(try Fixture.tip(4))])
        let queue = try DatabaseQueue(path: path)
        try await queue.write { try $0.execute(sql: "UPDATE tips SET document = replace(document, 'raised', 'rosed')") }
        let error = await #expect(throws: FleetStateError.self) { try await store.load() }
        #expect(
            error?.description.contains("tips 4 cannot be read: field state") == true, "\(String(describing: error))")
    }

    @Test("The audit log refuses to forget or to be rewritten, whoever asks")
    func auditOnlyGrows() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("fleet.sqlite")
        let store = try FleetStateStore(path: path)
        try await store.commit([.audit(AuditEntry(time: Fixture.time(1), actor: "a", event: "e", detail: "d"))])
        let queue = try DatabaseQueue(path: path)
        for sql in [
            "DELETE FROM audit", "UPDATE audit SET actor = 'nobody'",
            "INSERT INTO audit VALUES (9, 1, 'a', 'e', 1, 1, 'd')",
            "INSERT OR REPLACE INTO audit VALUES (1, 1, 'nobody', 'e', 1, 1, 'd')",
        ] {
            await #expect(throws: DatabaseError.self, "\(sql)") { try await queue.write { try $0.execute(sql: sql) } }
        }
        #expect(try await store.audit(limit: 9).map(\.actor) == ["a"])
    }

    @Test("A folder that is not there is named")
    func missingFolder() throws {
        let error = #expect(throws: FleetStateError.self) { try FleetStateStore(path: "/nonexistent/fleet.sqlite") }
        #expect(error?.description.hasPrefix("/nonexistent/fleet.sqlite: cannot open") == true)
    }

    @Test("Nobody but the owner reads the file")
    func isPrivate() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("fleet.sqlite")
        _ = try FleetStateStore(path: path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }
}
