import FleetModel
import Foundation
import Logging
import Testing

@testable import TimeSeriesStore

@Suite struct RetentionTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test func theOldestDaysGoUntilTheSizeIsKept() async throws {
        let clock = MovingClock(testTime)
        let day = BlockFile.dayMilliseconds
        var options = StoreOptions()
        options.rollupRetention = .zero
        let store = try TimeSeriesStore(directory: folder.path, options: options, clock: clock, logger: quietLogger)
        for number in 0..<5 {
            try await store.append([series(["__name__": "m"], [(testTime + Int64(number) * day, Double(number))])])
            clock.advance(by: day)
        }
        try await store.flush()
        #expect(store.runCounts.count == 5)
        let size = store.state.withLock { $0.days.reduce(Int64(0)) { $0 + $1.file.bytes } }
        try await store.close()
        options.rawSizeLimit = Bytes(size * 3 / 5)
        let again = try TimeSeriesStore(directory: folder.path, options: options, clock: clock, logger: quietLogger)
        // A reader that has begun reads on.
        let set = try again.select([], from: 0, through: .max)
        await again.maintain()
        #expect(again.runCounts.count == 3, "\(size) \(again.state.withLock { $0.days.map(\.file.bytes) })")
        #expect(try again.all().first?.samples.values == [2, 3, 4])
        var columns = SampleColumns()
        try set.read(0, into: &columns)
        #expect(columns.values == [0, 1, 2, 3, 4])
        #expect(again.state.withLock { $0.rollups.isEmpty })
    }

    @Test func aDayThatWasDroppedAndIsStillReadCanBeWrittenAgain() async throws {
        let clock = MovingClock(testTime)
        let day = BlockFile.dayMilliseconds
        var options = StoreOptions()
        options.rollupRetention = .zero
        options.rawSizeLimit = Bytes(1)
        options.pageCacheBytes = 0
        let store = try TimeSeriesStore(directory: folder.path, options: options, clock: clock, logger: quietLogger)
        try await store.append([series(["__name__": "m"], [(testTime - day, 1), (testTime, 2)])])
        try await store.flush()
        var set: (any SeriesSet)? = try store.select([], from: 0, through: .max)
        await store.maintain()
        #expect(store.runCounts == [1])
        try await store.append([series(["__name__": "other"], [(testTime - day, 3)])])
        try await store.flush()
        var columns = SampleColumns()
        try set?.read(0, into: &columns)
        #expect(columns.values == [1, 2])
        #expect(store.runCounts.count == 2)
        set = nil
        #expect(try store.all().map(\.samples.values) == [[2], [3]])
        #expect(FileManager.default.fileExists(atPath: folder.path + "/" + BlockFile.name(of: testTime / day - 1)))
    }

    @Test func aDropThatWasCutOffIsDoneAgainAndCostsNothing() async throws {
        let clock = MovingClock(testTime)
        let store = try TimeSeriesStore(directory: folder.path, clock: clock, logger: quietLogger)
        try await store.append([series(["__name__": "m"], [(testTime, 1), (testTime + 1, 2)])])
        try await store.flush()
        clock.advance(by: 3 * BlockFile.dayMilliseconds)
        await store.maintain()
        let day = try #require(store.state.withLock { $0.days.first })
        // The mark that the samples go is on disk, and then the process dies.
        await store.flusher.perform { upkeep in try? upkeep.finishRolling(day) }
        #expect(store.state.withLock { $0.rollups.first?.rolled[day.file.day]?.isGone } == true)
        try await store.close()
        let again = try TimeSeriesStore(directory: folder.path, clock: clock, logger: quietLogger)
        #expect(try again.all().first?.samples.values == [1, 2])
        var buckets = BucketColumns()
        try again.selectBuckets([], from: 0, through: .max).read(0, .sum, into: &buckets)
        #expect(buckets.sum == [3])
        clock.advance(by: 40 * BlockFile.dayMilliseconds)
        await again.maintain()
        #expect(again.runCounts == [])
        try again.selectBuckets([], from: 0, through: .max).read(0, .sum, into: &buckets)
        #expect(buckets.sum == [3])
    }

    @Test func whoeverCopiesTheFilesKeepsThemFromBeingMergedOrDropped() async throws {
        let clock = MovingClock(testTime)
        let store = try TimeSeriesStore(directory: folder.path, clock: clock, logger: quietLogger)
        for value in 0..<3 {
            try await store.append([series(["__name__": "m"], [(testTime + Int64(value), Double(value))])])
            try await store.flush()
        }
        await store.flusher.perform { $0.hold() }
        clock.advance(by: 3 * BlockFile.dayMilliseconds)
        await store.maintain()
        #expect(store.runCounts == [3])
        clock.advance(by: 40 * BlockFile.dayMilliseconds)
        await store.maintain()
        #expect(store.runCounts == [3])
        await store.flusher.perform { $0.release() }
        await store.maintain()
        #expect(store.runCounts == [])
    }

    @Test func aClockThatIsMonthsAheadCostsNoDaysUntilThreeDaysAgreeWithIt() async throws {
        let clock = MovingClock(testTime)
        let day = BlockFile.dayMilliseconds
        var options = StoreOptions()
        options.rollupRetention = .zero
        var store = try TimeSeriesStore(directory: folder.path, options: options, clock: clock, logger: quietLogger)
        func add(_ number: Int64) async throws {
            try await store.append([series(["__name__": "m"], [(testTime + number * day, Double(number))])])
            try await store.flush()
            await store.maintain()
        }
        for number in 0..<4 as Range<Int64> {
            try await add(number)
            clock.advance(by: day)
        }
        clock.advance(by: 90 * day)
        await store.maintain()
        #expect(store.runCounts.count == 4, "the clock alone is not believed")
        for number in 94..<96 as Range<Int64> {
            try await add(number)
            #expect(store.runCounts.count == 4 + Int(number - 93))
            clock.advance(by: day)
            try await store.close()
            store = try TimeSeriesStore(directory: folder.path, options: options, clock: clock, logger: quietLogger)
        }
        try await add(96)
        #expect(store.runCounts.count == 3, "the clock was right, and the server was off")
    }

    @Test(
        arguments: [
            // A store that is young goes by the clock, and so does one whose days are near.
            ([], 100, 100), ([10, 11], 100, 100), ([90, 91, 92], 99, 99), ([90, 91, 92], 92, 92),
            // A leap is believed once three days are behind it, however the days before it lie.
            ([90, 91, 92], 100, 92), ([90, 91, 92, 100, 101], 102, 92), ([90, 91, 92, 100, 101, 102], 102, 102),
            ([80, 85, 92, 200], 200, 92), ([1, 2, 3, 50, 90, 91, 92, 150, 300], 300, 92), ([1, 50, 100], 200, 200),
            // What lies ahead of the clock says nothing.
            ([90, 91, 92, 300, 301, 302], 93, 93),
        ] as [([Int64], Int64, Int64)])
    func retentionGoesByTheClockUnlessItLeaps(days: [Int64], today: Int64, trusted: Int64) {
        let noon = today * BlockFile.dayMilliseconds + BlockFile.dayMilliseconds / 2
        #expect(BlockFile.day(of: RetentionTime.trusted(noon, days: days)) == trusted)
    }
}
