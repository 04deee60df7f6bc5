import FleetModel
import Foundation
import Logging
import MetricsWire
import Testing

@testable import TimeSeriesStore

@Suite struct DurabilityTests {
    static func open(_ folder: TemporaryFolder, _ disk: FaultyDisk) throws -> TimeSeriesStore {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try TimeSeriesStore(
            try DiskFolder(making: folder.path), try FolderLock(folder: folder.path), logFolder: disk,
            options: StoreOptions(), clock: testClock, logger: logger)
    }

    static let labels: Labels = ["__name__": "m"]

    @Test(arguments: FaultyDisk.Fault.allCases, [1, 2, 3] as [UInt64])
    func whatWasAcknowledgedOutlivesFaultsAndPowerCuts(fault: FaultyDisk.Fault, seed: UInt64) async throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(state: seed)
        var disk = FaultyDisk()
        var acknowledged: [Int64: Double] = [:]
        var refused = 0
        for life in 0..<4 {
            let store = try Self.open(folder, disk)
            try expect(acknowledged, in: store)
            for step in 0..<40 {
                if step % 9 == 4 { disk.fail(fault) }
                let time = testTime + Int64(life * 1000 + step)
                let value = Double(Int.random(in: 0...99, using: &generator))
                do {
                    try await store.append([series(Self.labels, [(time, value)])])
                    acknowledged[time] = value
                } catch {
                    refused += 1
                }
                if step == 20 { try? await store.flush() }
            }
            try expect(acknowledged, in: store)
            disk = disk.afterPowerCut(&generator)
        }
        #expect(refused > 0 && acknowledged.count > 80)

        func expect(_ acknowledged: [Int64: Double], in store: TimeSeriesStore) throws {
            let stored = try store.all().first?.samples ?? SampleColumns()
            let found = Dictionary(uniqueKeysWithValues: zip(stored.times, stored.values))
            for (time, value) in acknowledged { #expect(found[time] == value, "\(time) is lost") }
        }
    }

    @Test func aFlippedBitInTheLogCostsItsRecordAndNoOther() async throws {
        let folder = try TemporaryFolder()
        let disk = FaultyDisk()
        do {
            let store = try Self.open(folder, disk)
            for step in 0..<50 { try await store.append([series(Self.labels, [(testTime + Int64(step), 1)])]) }
        }
        let clean = disk.content.withLock { $0.files }
        let name = try #require(clean.keys.first)
        let bytes = try #require(clean[name])
        // From the first byte on: a segment whose own header is damaged gives back its records too.
        for place in stride(from: 0, to: bytes.count, by: 5) {
            disk.content.withLock { content in
                content.files = clean
                content.files[name]?[place] ^= 4
            }
            let count = try Self.open(folder, disk).all().first?.samples.count ?? 0
            // A flip in the padding costs nothing.
            #expect((49...50).contains(count))
        }
    }

    @Test func everyTornTailGivesBackTheWholeRecords() async throws {
        let folder = try TemporaryFolder()
        let disk = FaultyDisk()
        do {
            let store = try Self.open(folder, disk)
            for step in 0..<4 { try await store.append([series(Self.labels, [(testTime + Int64(step), 1)])]) }
        }
        let clean = disk.content.withLock { $0.files }
        let name = try #require(clean.keys.first)
        let bytes = try #require(clean[name])
        var last = -1
        for length in 0...bytes.count {
            disk.content.withLock { $0.files = [name: Array(bytes[..<length])] }
            let count = try Self.open(folder, disk).all().first?.samples.count ?? 0
            #expect(count == last || count == last + 1 || last < 0)
            last = count
        }
        #expect(last == 4)
    }

    @Test func aDamagedBlockFileIsSetAsideAndTheRestIsServed() async throws {
        let folder = try TemporaryFolder()
        do {
            let store = try openStore(folder)
            try await store.append([
                series(Self.labels, [(testTime - BlockFile.dayMilliseconds, 1), (testTime, 2)])
            ])
            try await store.close()
        }
        let day = BlockFile.name(of: BlockFile.day(of: testTime))
        try Data("this is no database, but long enough to look like one".utf8).write(
            to: URL(fileURLWithPath: folder.path + "/" + day))
        let store = try openStore(folder)
        #expect(try store.all().first?.samples.values == [1])
        #expect(FileManager.default.fileExists(atPath: folder.path + "/" + day + ".damaged"))
        try await store.append([series(Self.labels, [(testTime + 5, 3)])])
        try await store.flush()
        #expect(try store.all().first?.samples.values == [1, 3])
    }

    @Test func aFlushThatFailsKeepsEverythingAndIsTriedAgain() async throws {
        let folder = try TemporaryFolder()
        let blocked = folder.path + "/" + BlockFile.name(of: BlockFile.day(of: testTime))
        let store = try openStore(folder)
        try FileManager.default.createDirectory(atPath: blocked, withIntermediateDirectories: true)
        try await store.append([series(Self.labels, [(testTime, 1)])])
        await #expect(throws: StoreError.self) { try await store.flush() }
        try await store.append([series(Self.labels, [(testTime + 1, 2)])])
        await #expect(throws: StoreError.self) { try await store.flush() }
        #expect(try store.all().first?.samples.values == [1, 2])
        await #expect(throws: StoreError.self) { try await store.close() }
        try FileManager.default.removeItem(atPath: blocked)
        let again = try openStore(folder)
        #expect(try again.all().first?.samples.values == [1, 2])
        try await again.flush()
        #expect(try again.all().first?.samples.values == [1, 2])
        #expect(try DiskFolder(making: folder.path + "/log").list().isEmpty)
    }

    @Test func aFlushIsTriedAgainWhenItsDiskIsWell() async throws {
        let folder = try TemporaryFolder()
        let blocked = folder.path + "/" + BlockFile.name(of: BlockFile.day(of: testTime) - 1)
        let store = try openStore(folder)
        try FileManager.default.createDirectory(atPath: blocked, withIntermediateDirectories: true)
        let yesterday = testTime - BlockFile.dayMilliseconds
        try await store.append([series(Self.labels, [(yesterday, 1), (testTime, 2)])])
        await #expect(throws: StoreError.self) { try await store.flush() }
        try FileManager.default.removeItem(atPath: blocked)
        try await store.append([series(Self.labels, [(testTime + 1, 3)])])
        try await store.flush()
        #expect(try store.all().first?.samples.values == [1, 2, 3])
        #expect(try DiskFolder(making: folder.path + "/log").list().isEmpty)
        try await store.close()
        #expect(try openStore(folder).all().first?.samples.values == [1, 2, 3])
    }

    @Test func memoryThatIsOldGoesToDiskByItself() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        var options = StoreOptions()
        options.maximumAgeInMemory = .zero
        let store = try openStore(folder, options)
        try await store.append([series(Self.labels, [(testTime, 1)])])
        var page = TextExposition()
        // The flush runs beside the test: wait for it as a reader of the metrics would.
        while !page.text.contains("evenkeel_store_flushes_total 1\n") {
            page = TextExposition()
            store.writeMetrics(to: &page)
            await Task.yield()
        }
        #expect(try store.all().first?.samples.values == [1])
    }

    @Test func oldDaysAreRemovedWithTheirFile() async throws {
        let folder = try TemporaryFolder()
        var options = StoreOptions()
        options.rawRetention = .seconds(3 * 86_400)
        let store = try openStore(folder, options)
        try await store.append([
            series(Self.labels, [(testTime - 3 * BlockFile.dayMilliseconds + 1000, 1), (testTime, 2)])
        ])
        try await store.flush()
        try await store.close()
        let later = FixedClock(now: Timestamp(milliseconds: testTime + 2 * BlockFile.dayMilliseconds))
        let again = try TimeSeriesStore(
            directory: folder.path, options: options, clock: later, logger: Logger(label: "test"))
        try await again.append([series(Self.labels, [(testTime + 1000, 3)])])
        try await again.flush()
        #expect(try again.all().first?.samples.values == [2, 3])
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".db") }
        let today = BlockFile.day(of: testTime)
        let rollups = BlockName(rollupOfDay: today - 3).fileName
        #expect(files.sorted() == [BlockFile.name(of: today), "catalogue.db", rollups])
    }

    @Test func aFullDiskIsRidOfOldDaysByTheWritesThatItRefuses() async throws {
        let folder = try TemporaryFolder()
        var options = StoreOptions()
        options.rawRetention = .seconds(3 * 86_400)
        let disk = FaultyDisk()
        func open(at time: Int64) throws -> TimeSeriesStore {
            try TimeSeriesStore(
                try DiskFolder(making: folder.path), try FolderLock(folder: folder.path), logFolder: disk,
                options: options, clock: FixedClock(now: Timestamp(milliseconds: time)),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        let store = try open(at: testTime)
        try await store.append([series(Self.labels, [(testTime, 1)])])
        try await store.close()
        let old = folder.path + "/" + BlockFile.name(of: BlockFile.day(of: testTime))
        #expect(FileManager.default.fileExists(atPath: old))
        let later = testTime + 5 * BlockFile.dayMilliseconds
        let again = try open(at: later)
        disk.fail(.noSpace)
        await #expect(throws: StoreError.self) { try await again.append([series(Self.labels, [(later, 2)])]) }
        // The removal runs beside the test.
        while FileManager.default.fileExists(atPath: old) { await Task.yield() }
        try await again.append([series(Self.labels, [(later, 2)])])
        #expect(try again.all().first?.samples.values == [2])
    }

    @Test func aFlushThatFailsFirstRemovesOldDays() async throws {
        let folder = try TemporaryFolder()
        var options = StoreOptions()
        options.rawRetention = .seconds(3 * 86_400)
        let store = try openStore(folder, options)
        try await store.append([series(Self.labels, [(testTime, 1)])])
        try await store.close()
        let later = testTime + 5 * BlockFile.dayMilliseconds
        let again = try TimeSeriesStore(
            directory: folder.path, options: options, clock: FixedClock(now: Timestamp(milliseconds: later)),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let blocked = folder.path + "/" + BlockFile.name(of: BlockFile.day(of: later))
        try FileManager.default.createDirectory(atPath: blocked, withIntermediateDirectories: true)
        try await again.append([series(Self.labels, [(later, 2)])])
        await #expect(throws: StoreError.self) { try await again.flush() }
        let old = folder.path + "/" + BlockFile.name(of: BlockFile.day(of: testTime))
        #expect(!FileManager.default.fileExists(atPath: old))
    }

    @Test func aCommitThatReachedTheDiskAndWasReportedAsFailedCanBeRepeated() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let catalogue = try Catalogue(folder: folder.path, synchronous: true)
        let series: [[UInt8]] = [[1, 2], [1, 3], [4]]
        try catalogue.commit(newSeries: [series[0]], from: 0, segment: 1, run: 1)
        try catalogue.commit(newSeries: series, from: 0, segment: 2, run: 1)
        try catalogue.checkpoint()
        let content = try catalogue.read()
        #expect(content.series == series && content.segment == 2 && content.run == 1)
    }
}
