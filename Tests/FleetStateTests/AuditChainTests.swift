import FleetModel
import FleetState
import GRDB
import Testing

@Suite("The audit log is a chain")
struct AuditChainTests {
    /// A file with five entries in it, closed.
    private func log(in folder: TemporaryFolder, entries: Int64 = 5) async throws -> String {
        let path = folder.file("fleet.sqlite")
        let store = try FleetStateStore(path: path)
        for number in 1...entries {
            let evidence = Evidence(query: "up\n\"x\"", time: Fixture.time(1), value: .nan, text: "93 % – ✓")
            let entry = AuditEntry(
                time: Fixture.time(number), actor: "ann", event: "tip.approved", tip: number, detail: "d \(number)",
                authority: "operator ann", evidence: [evidence], plan: [try Fixture.action()])
            try await store.commit([.audit(entry)])
        }
        try store.close()
        return path
    }

    /// Somebody with a database tool and no respect.
    private func tamper(_ path: String, _ sql: String) throws {
        let database = try DatabaseQueue(path: path)
        try database.write { database in
            try database.execute(sql: "DROP TRIGGER audit_keeps; DROP TRIGGER audit_grows;")
            try database.execute(sql: sql)
        }
        try database.close()
    }

    private func finding(_ path: String, known: AuditChain? = nil) async throws -> AuditBreak? {
        do {
            _ = try await FleetStateStore(path: path).verifyAudit(known: known)
            return nil
        } catch let error as AuditBreak {
            return error
        }
    }

    @Test("A log that nobody touched is whole, and its end is the same for the next run")
    func whole() async throws {
        let folder = try TemporaryFolder()
        let path = try await log(in: folder)
        let end = try await FleetStateStore(path: path).verifyAudit()
        #expect(end.number == 5)
        #expect(AuditChain(end.description) == end)
        try await FleetStateStore(path: path).commit([
            .audit(AuditEntry(time: Fixture.time(9), actor: "bob", event: "e", detail: "d"))
        ])
        #expect(try await finding(path, known: end) == nil)
        #expect(try await FleetStateStore(path: path).audit(after: 4, limit: 1).first?.plan?.count == 1)
    }

    @Test(
        "What was changed, taken out or put in is found, and the first such entry is named",
        arguments: [
            ("UPDATE audit SET document = replace(document, 'ann', 'bob') WHERE number = 3", "entry 3 is not"),
            ("UPDATE audit SET seal = (SELECT seal FROM audit WHERE number = 1) WHERE number = 4", "entry 4 is not"),
            ("UPDATE audit SET actor = 'bob' WHERE number = 2", "entry 2: its column 'actor'"),
            ("DELETE FROM audit WHERE number = 3", "entry 3 is missing"),
            ("DELETE FROM audit WHERE number = 1", "entry 1 is missing: entry 2 comes after nothing"),
            ("DELETE FROM audit WHERE number = 5", "the log was cut off: it ends with entry 4"),
            ("DELETE FROM audit", "the log was cut off: it ends with entry 0"),
            ("UPDATE audit_end SET number = 4", "is known to have had entry"),
        ])
    func broken(sql: String, words: String) async throws {
        let folder = try TemporaryFolder()
        let path = try await log(in: folder)
        try tamper(path, sql)
        let text = try await finding(path).map { "\($0)" } ?? "nothing found"
        if sql.hasPrefix("UPDATE audit_end") {
            #expect(text.contains("entry 4 has another seal"))
        } else {
            #expect(text.contains(words), "\(text)")
        }
    }

    @Test("A log that was cut off together with its end is found by an end that was kept elsewhere")
    func cutOffWithItsEnd() async throws {
        let folder = try TemporaryFolder()
        let path = try await log(in: folder)
        let known = try await FleetStateStore(path: path).auditEnd()
        try tamper(
            path,
            """
            DELETE FROM audit WHERE number > 3;
            UPDATE audit_end SET number = 3, seal = (SELECT seal FROM audit WHERE number = 3);
            """)
        #expect(try await finding(path) == nil, "by itself no chain can know")
        #expect(try await finding(path, known: known) == .otherEnd(known: known, found: try await end(path)))
    }

    private func end(_ path: String) async throws -> AuditChain { try await FleetStateStore(path: path).auditEnd() }

    @Test("An export says the same as the log, and every damage to it is found")
    func export() async throws {
        let folder = try TemporaryFolder()
        let store = try FleetStateStore(path: try await log(in: folder))
        let end = try await store.auditEnd()
        let start = try #require(try await store.auditChain(upTo: 2))
        let entries = try await store.sealedAudit(after: 2, limit: 99)
        let lines =
            [AuditExport.header(after: start)]
            + entries.map { AuditExport.line(document: $0.document, seal: $0.seal) } + [AuditExport.end(end)]
        #expect(try read(lines) == end)
        #expect(throws: AuditBreak.cutOff(after: 5)) { try read(Array(lines.dropLast())) }
        #expect(throws: AuditBreak.gap(after: 3, found: 5)) { try read([lines[0], lines[1], lines[3], lines[4]]) }
        #expect(throws: AuditBreak.wrongSeal(number: 4)) {
            try read([lines[0], lines[1], lines[2].replacing("ann", with: "bob"), lines[3], lines[4]])
        }
        #expect(throws: AuditBreak.self) { try read([lines[0], "{}", lines[4]]) }
        #expect(throws: AuditBreak.self) { try read(["{}"]) }
        #expect(throws: AuditBreak.self) { try read([]) }
        #expect(throws: AuditBreak.self) { try read(lines + [lines[1]]) }
        #expect(throws: AuditBreak.self) { try read([lines[0], #"{"entry":","seal":""}"#]) }
    }

    private func read(_ lines: [String]) throws -> AuditChain {
        var reader = AuditExport.Reader()
        for line in lines { try reader.take(line) }
        return try reader.finish()
    }

    @Test("Entries of before the chain are sealed when the file is opened")
    func older() async throws {
        let folder = try TemporaryFolder()
        let path = try await log(in: folder, entries: 1)
        try tamper(
            path,
            """
            DROP TABLE audit; DROP TABLE audit_end; DROP TABLE policies; DROP TABLE holds;
            CREATE TABLE policies (cluster TEXT PRIMARY KEY NOT NULL, level TEXT NOT NULL) STRICT, WITHOUT ROWID;
            INSERT INTO policies VALUES ('', 'automatic'), ('lab', 'advise');
            CREATE TABLE audit (number INTEGER PRIMARY KEY NOT NULL, time INTEGER NOT NULL, actor TEXT NOT NULL,
                event TEXT NOT NULL, tip INTEGER, operation INTEGER, detail TEXT NOT NULL) STRICT;
            INSERT INTO audit VALUES (1, 1000, 'ann', 'tip.approved', 7, NULL, 'first'),
                (2, 2000, 'policy', 'operation.start', 7, 3, 'second');
            DELETE FROM grdb_migrations WHERE identifier >= '6';
            """)
        let store = try FleetStateStore(path: path)
        #expect(try await store.verifyAudit().number == 2)
        #expect(try await store.audit(limit: 9).map(\.detail) == ["first", "second"])
        let policy = try await store.load().policy
        #expect(policy.version == 1 && policy.automation.map(\.text) == ["fleet: automatic", "cluster:lab: advise"])
        var filter = AuditFilter()
        filter.operation = 3
        #expect(try await store.audit(filter).map(\.number) == [2])
        filter = AuditFilter()
        filter.event = "tip"
        filter.isNewest = true
        #expect(try await store.audit(filter).map(\.number) == [1])
    }
}
