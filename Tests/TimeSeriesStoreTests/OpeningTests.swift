import FleetModel
import Foundation
import Testing

@testable import TimeSeriesStore

/// What becomes of a store whose files are not as they were written.
@Suite struct OpeningTests {
    let folder: TemporaryFolder
    let day = BlockFile.name(of: BlockFile.day(of: testTime))

    init() throws { folder = try TemporaryFolder() }

    private func labels(_ number: Int) -> Labels { ["__name__": "m", "n": "\(number)"] }

    private func fill() async throws {
        let store = try openStore(folder)
        for batch in 0..<3 {
            try await store.append((0..<20).map { series(labels(batch * 20 + $0), [(testTime, Double(batch))]) })
            try await store.flush()
        }
        try await store.close()
    }

    private func path(_ name: String) -> String { folder.path + "/" + name }

    /// Overwrites bytes of a file.
    private func damage(_ name: String, at place: Int, count: Int = 64) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path(name)))
        try file.seek(toOffset: UInt64(place))
        try file.write(contentsOf: Data(repeating: 0xa5, count: count))
        try file.close()
    }

    /// Changes what a file holds by SQL.
    private func change(_ name: String, _ sql: String) throws {
        try Database(path(name), pageSize: 4096, synchronous: false).execute(sql)
    }

    @Test func aSoundStoreIsSound() async throws {
        try await fill()
        let findings = try StoreCheck(folder: folder.path).run()
        #expect(findings.isSound && findings.notes.isEmpty)
        #expect(findings.files.map(\.name) == ["catalogue.db", day])
        #expect(findings.files.map(\.items) == [60, 3] && findings.files.map(\.samples) == [0, 60])
    }

    @Test func aCheckOfAFolderInUseIsRefused() async throws {
        try await fill()
        let store = try openStore(folder)
        #expect(throws: StoreError.self) { try StoreCheck(folder: folder.path).run() }
        #expect(try await store.check { _ in true }.isSound)
        #expect(throws: StoreError.self) { try StoreCheck(folder: folder.path + "/log").run() }
    }

    @Test func aDamagedBatchOfTheCatalogueCostsItsSeriesOnly() async throws {
        try await fill()
        try change("catalogue.db", "UPDATE series SET labels = zeroblob(40) WHERE first = 20; DELETE FROM series_copy")
        #expect(try StoreCheck(folder: folder.path).run().damages.map(\.file) == ["catalogue.db"])
        let store = try openStore(folder)
        #expect(Set(try store.all().compactMap(\.samples.values.first)) == [0, 2])
        #expect(store.condition.damages[0].contains("20 to 39"))
        try await store.append([series(labels(25), [(testTime + 1, 9)])])
        try await store.close()
        let again = try openStore(folder)
        #expect(try again.all().first { $0.labels == labels(25) }?.samples.values == [9])
        #expect(try again.all().count == 41)
    }

    @Test func seriesThatWereRenumberedAreNotGivenTheSamplesOfOthers() async throws {
        try await fill()
        try change("catalogue.db", "UPDATE series SET first = 1000 WHERE first = 40; DELETE FROM series_copy")
        let store = try openStore(folder)
        #expect(Set(try store.all().compactMap(\.samples.values.first)) == [0, 1])
        #expect(store.condition.damages.contains { $0.contains("1000 to 1019") })
    }

    @Test func aCatalogueThatForgotHowFarTheLogIsDoneLosesNothing() async throws {
        try await fill()
        for change in ["value = 999 WHERE key = 1", "value = 1 WHERE key = 2", "value = 0 WHERE key = 3"] {
            do {
                let store = try openStore(folder)
                try await store.append([series(labels(0), [(testTime + 1, 7)])])
                try await store.flush()
                try await store.close()
            }
            try self.change("catalogue.db", "UPDATE state SET \(change)")
            #expect(try StoreCheck(folder: folder.path).run().damages.map(\.file) == ["catalogue.db"])
            do {
                let store = try openStore(folder)
                #expect(try store.all().count == 60)
                #expect(try store.all([LabelMatcher("n", .equal, "0")]).map(\.samples.values) == [[0, 7]])
                #expect(store.condition.damages.count == 1)
                try await store.append([series(labels(1), [(testTime + 1, 7)])])
                try await store.flush()
                try await store.close()
            }
            let reasons = try StoreCheck(folder: folder.path).run().damages.map(\.reason)
            #expect(reasons.isEmpty, "\(reasons)")
        }
    }

    @Test(arguments: ["base = base + 1", "pages = zeroblob(length(pages))", "last = last + 1", "number = 9"])
    func aRowOfARunThatIsNotAsItWasWrittenSetsTheFileAside(change: String) async throws {
        try await fill()
        try self.change(day, "UPDATE run SET \(change) WHERE number = 2")
        #expect(try StoreCheck(folder: folder.path).run().damages.map(\.file) == [day])
        let store = try openStore(folder)
        #expect(store.condition.quarantined == [day + ".damaged"])
        try await store.append([series(labels(1), [(testTime + 1, 7)])])
        #expect(try store.all([LabelMatcher("n", .equal, "1")]).map(\.samples.values) == [[7]])
    }

    @Test func aCatalogueOfTheSecondVersionIsReadAndBroughtUpToDate() async throws {
        try await fill()
        do {
            let database = try Database(path("catalogue.db"), pageSize: 4096, synchronous: false)
            let rows = try Statement(database, "SELECT first, labels FROM series")
            var blocks: [(first: Int64, block: [UInt8])] = []
            while try rows.step() { blocks.append((rows.integer(0), Array(rows.blob(1).dropFirst(8)))) }
            for (first, block) in blocks {
                let checksum = unsafe Checksum.of(block.span.bytes)
                let sealed = (0..<8).map { UInt8(truncatingIfNeeded: checksum >> ($0 * 8)) } + block
                try Statement(database, "UPDATE series SET labels = ? WHERE first = ?").run(
                    .blob(sealed), .integer(first))
            }
            try database.execute("DELETE FROM state WHERE key = 3; PRAGMA user_version = 2")
        }
        for _ in 0..<2 {
            let store = try openStore(folder)
            #expect(try store.all().count == 60)
            #expect(store.condition.damages.isEmpty)
            try await store.close()
        }
    }

    @Test func aCatalogueThatIsLostIsNeverTakenForAnEmptyOne() async throws {
        try await fill()
        let content = try Data(contentsOf: URL(fileURLWithPath: path("catalogue.db")))
        let noise = Data(content.prefix(8209).map { ~$0 })
        let broken: [Data?] = [nil, Data(), Data("no database".utf8), noise]
        for broken in broken {
            if let broken {
                try broken.write(to: URL(fileURLWithPath: path("catalogue.db")))
            } else {
                try FileManager.default.removeItem(atPath: path("catalogue.db"))
            }
            #expect { try openStore(folder) } throws: { error in
                "\(error)".contains("catalogue.db") && "\(error)".contains("restore")
            }
        }
        try content.write(to: URL(fileURLWithPath: path("catalogue.db")))
        #expect(try openStore(folder).all().count == 60)
    }

    @Test func aCatalogueWhoseEndIsDamagedIsWrittenAnewFromWhatCanBeRead() async throws {
        let store = try openStore(folder)
        // Enough labels for many pages of the catalogue.
        var generator = SeededGenerator(state: 1)
        for batch in 0..<30 {
            try await store.append(
                (0..<40).map { number in
                    let noise = String(UInt64.random(in: 0...(.max), using: &generator), radix: 36)
                    return series(["__name__": "m", "n": "\(batch)-\(number)", "x": noise], [(testTime, 1)])
                })
            try await store.flush()
        }
        try await store.close()
        // The page of a late row; there is no copy to help.
        try change("catalogue.db", "DELETE FROM series_copy")
        let labels: [UInt8] = try {
            let row = try Statement(
                Database(reading: path("catalogue.db")), "SELECT labels FROM series WHERE first = 800")
            return try row.step() ? row.blob(0) : []
        }()
        let content = try Data(contentsOf: URL(fileURLWithPath: path("catalogue.db")))
        let place = try #require(content.firstRange(of: Data(labels.prefix(64)))).lowerBound
        try damage("catalogue.db", at: place / 4096 * 4096, count: 4096)
        let again = try openStore(folder)
        let left = try again.all().count
        #expect(left < 1200 && left > 0)
        #expect(!again.condition.damages.isEmpty)
        // A series that comes now gets no number that is on disk already.
        try await again.append([series(["__name__": "new"], [(testTime, 5)])])
        try await again.close()
        let third = try openStore(folder)
        #expect(try third.all([LabelMatcher("__name__", .equal, "new")]).map(\.samples.values) == [[5]])
        #expect(try third.all().count == left + 1)
    }

    @Test func aNewerVersionIsRefusedWithTheReason() async throws {
        try await fill()
        for name in ["catalogue.db", day] {
            try change(name, "PRAGMA user_version = 99")
            #expect { try openStore(folder) } throws: { "\($0)".contains("99") && "\($0)".contains(name) }
            #expect(FileManager.default.fileExists(atPath: path(name)))
            try change(name, "PRAGMA user_version = \(name == day ? BlockSchema.version : Catalogue.version)")
        }
        #expect(try openStore(folder).all().count == 60)
    }

    @Test func everyTruncationOfABlockFileIsReportedAndTheStoreStarts() async throws {
        try await fill()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path(day)))
        for length in [0, 1, 100, 4096, 65_536, whole.count / 2, whole.count - 65_536] where length < whole.count {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path(day)))
            do {
                let store = try openStore(folder)
                let readable = (try? store.all().count) ?? 0
                let quarantined = store.condition.quarantined
                #expect(readable <= 60)
                let isSound = try await store.check { _ in true }.isSound
                #expect(!store.condition.damages.isEmpty || !isSound, "\(length)")
                try await store.append([series(labels(1), [(testTime + 1, 1)])])
                try await store.close()
                for name in quarantined { try FileManager.default.removeItem(atPath: path(name)) }
            }
            for name in [day, day + "-wal", day + "-shm"] { try? FileManager.default.removeItem(atPath: path(name)) }
        }
    }

    /// The first query that meets a damaged page says so; then the page is set aside, and others go on without it.
    @Test func aDamagedPageIsTakenOutOfTheWay() async throws {
        try await fill()
        try change(
            day, "UPDATE page SET data = zeroblob(length(data)) WHERE id = (SELECT base FROM run WHERE number = 2)")
        let store = try openStore(folder)
        let failure = #expect(throws: StoreError.self) { try store.all() }
        #expect(failure.map { "\($0)" }?.contains("page 0 of run 2") == true)
        await store.maintain()
        #expect(Set(try store.all().compactMap(\.samples.values.first)) == [0, 2])
        #expect(store.condition.quarantined.count == 1 && store.condition.quarantined[0].contains(".page-"))
        #expect(store.state.withLock { $0.counters.damagedPages > 0 })
        try await store.close()
        #expect(try StoreCheck(folder: folder.path).run().isSound)
        #expect(Set(try openStore(folder).all().compactMap(\.samples.values.first)) == [0, 2])
    }

    @Test func aBlockFileThatIsGoneIsMissed() async throws {
        try await fill()
        // A page that was set aside once is not the file.
        try Data([1]).write(to: URL(fileURLWithPath: path(day + ".page-16777216.damaged")))
        for name in [day, day + "-wal", day + "-shm"] { try? FileManager.default.removeItem(atPath: path(name)) }
        let findings = try StoreCheck(folder: folder.path).run()
        #expect(findings.damages.map(\.file) == [day])
        do {
            let store = try openStore(folder)
            #expect(store.condition.damages.count == 1 && store.condition.damages[0].contains(day))
            try await store.append([series(labels(1), [(testTime + 1, 1)])])
            try await store.close()
        }
        #expect(try StoreCheck(folder: folder.path).run().isSound)
        #expect(try openStore(folder).condition.damages.isEmpty)
    }

    /// A segment of the log says how long the one before it is.
    @Test(arguments: [nil, 0, 30] as [Int?])
    func aSegmentOfTheLogThatIsGoneOrCutOffIsMissed(length: Int?) async throws {
        let disk = FaultyDisk()
        for life in 0..<3 {
            let store = try DurabilityTests.open(folder, disk)
            #expect(store.condition.damages.isEmpty)
            for step in 0..<Int64(3) {
                try await store.append([series(labels(life), [(testTime + step, Double(life))])])
            }
        }
        let names = disk.content.withLock { $0.files.keys.sorted() }
        #expect(names.count == 3)
        disk.content.withLock { content in
            let bytes = content.files[names[1]] ?? []
            content.files[names[1]] = length.map { Array(bytes.prefix($0)) }
        }
        let store = try DurabilityTests.open(folder, disk)
        #expect(Set(try store.all().compactMap(\.samples.values.first)) == [0, 2])
        #expect(store.condition.damages.contains { $0.contains(names[1]) })
    }

    @Test func anEmptyBlockFileIsFoundByACheck() async throws {
        try await fill()
        try Data().write(to: URL(fileURLWithPath: path(day)))
        #expect(try StoreCheck(folder: folder.path).run().damages.map(\.file) == [day])
    }

    @Test func aDamagedRowOfTheCatalogueIsReadFromItsCopy() async throws {
        try await fill()
        for table in ["series", "series_copy"] {
            try change(
                "catalogue.db",
                "UPDATE \(table) SET labels = zeroblob(40) WHERE first = (SELECT max(first) FROM series)")
            #expect(try StoreCheck(folder: folder.path).run().damages.map(\.file) == ["catalogue.db"])
            do {
                let store = try openStore(folder)
                #expect(try store.all().count == 60)
                try await store.close()
            }
            if table == "series" { #expect(try StoreCheck(folder: folder.path).run().isSound) }
        }
    }

    @Test func aDamagedPageIsNamedByACheckAndCostsItsSamplesOnly() async throws {
        try await fill()
        try change(
            day, "UPDATE page SET data = zeroblob(length(data)) WHERE id = (SELECT base FROM run WHERE number = 2)")
        let findings = try StoreCheck(folder: folder.path).run()
        #expect(findings.damages.count == 1 && findings.damages[0].reason.contains("page 0 of run 2"))
        let store = try openStore(folder)
        #expect(try await store.check { _ in true }.damages == findings.damages)
        #expect(throws: StoreError.self) { try store.all([LabelMatcher("n", .equal, "25")]) }
        #expect(try store.all([LabelMatcher("n", .equal, "5")]).map(\.samples.values) == [[0]])
    }

    @Test func aDamagedRecordOfTheLogIsReportedInTheCondition() async throws {
        let disk = FaultyDisk()
        do {
            let store = try DurabilityTests.open(folder, disk)
            for step in 0..<Int64(3) { try await store.append([series(labels(0), [(testTime + step, 1)])]) }
        }
        disk.content.withLock { content in
            for name in content.files.keys { content.files[name]?[60] ^= 1 }
        }
        let store = try DurabilityTests.open(folder, disk)
        #expect(try store.all().first?.samples.count == 2)
        #expect(store.condition.damages.count == 1)
    }

    @Test func aFileThatMayNotBeReadIsRefusedAndLeftWhereItIs() async throws {
        try await fill()
        // Root may read anything: a folder in the file's place is what even root cannot open.
        try FileManager.default.moveItem(atPath: path(day), toPath: path("kept"))
        try FileManager.default.createDirectory(atPath: path(day), withIntermediateDirectories: true)
        #expect { try openStore(folder) } throws: { "\($0)".contains(day) }
        try FileManager.default.removeItem(atPath: path(day))
        try FileManager.default.moveItem(atPath: path("kept"), toPath: path(day))
        #expect(try openStore(folder).all().count == 60)
    }

    @Test func aFileThatIsSetAsideAgainGetsANameOfItsOwn() async throws {
        for _ in 0..<2 {
            try await fill()
            try Data("this is no database at all, and long enough to say so".utf8).write(
                to: URL(fileURLWithPath: path(day)))
            try await openStore(folder).close()
        }
        let quarantined = try openStore(folder).condition.quarantined
        #expect(quarantined == [day + ".damaged", day + ".damaged-2"])
    }
}
