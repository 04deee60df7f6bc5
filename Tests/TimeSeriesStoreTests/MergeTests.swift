import FleetModel
import Foundation
import Logging
import Testing

@testable import TimeSeriesStore

/// A clock that a test moves.
final class MovingClock: Clock {
    private let time: Locked<Timestamp>

    init(_ milliseconds: Int64) { time = Locked(Timestamp(milliseconds: milliseconds)) }

    var now: Timestamp { time.withLock { $0 } }

    func advance(by milliseconds: Int64) {
        time.withLock { $0 = Timestamp(milliseconds: $0.milliseconds + milliseconds) }
    }

    func sleep(until moment: Timestamp) async throws {}
}

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

extension TimeSeriesStore {
    /// How many runs each block file has, oldest day first.
    var runCounts: [Int] { state.withLock { $0.days.map(\.runs.count) } }

    /// The bits of everything, to compare with.
    func everything() throws -> [Labels: [Int64: UInt64]] {
        var result: [Labels: [Int64: UInt64]] = [:]
        for one in try all() {
            result[one.labels] = Dictionary(
                uniqueKeysWithValues: zip(one.samples.times, one.samples.values.map(\.bitPattern)))
        }
        return result
    }
}

@Suite struct MergeTests {
    let folder: TemporaryFolder
    /// In the morning.
    let start = testTime - 12 * 3_600_000
    let clock = MovingClock(testTime - 12 * 3_600_000)

    init() throws { folder = try TemporaryFolder() }

    func open(_ options: StoreOptions = StoreOptions()) throws -> TimeSeriesStore {
        try TimeSeriesStore(directory: folder.path, options: options, clock: clock, logger: quietLogger)
    }

    func labels(_ number: Int) -> Labels { ["__name__": "m", "n": "\(number)"] }

    /// Writes `runs` runs of 60 samples of each of `series` series, ten seconds apart.
    func write(_ store: TimeSeriesStore, runs: Int, series count: Int = 3) async throws {
        var generator = SeededGenerator(state: UInt64(runs))
        for _ in 0..<runs {
            let start = clock.now.milliseconds
            try await store.append(
                (0..<count).map { number in
                    series(
                        labels(number),
                        (0..<60).map {
                            (start + $0 * 10_000, Double(Int.random(in: 0...9999, using: &generator)) / 100)
                        })
                })
            clock.advance(by: 600_000)
            try await store.flush()
        }
    }

    @Test func aTierOfRunsBecomesOneAndNothingChanges() async throws {
        let store = try open()
        try await write(store, runs: 7)
        await store.maintain()
        #expect(store.runCounts == [7])
        try await write(store, runs: 5)
        let all = try store.everything()
        await store.maintain()
        #expect(store.runCounts == [1])
        #expect(try store.everything() == all)
        try await store.close()
        let again = try open()
        #expect(try again.everything() == all)
    }

    @Test func aDayThatIsOverBecomesOneRunWithLongEntriesAndShrinks() async throws {
        let store = try open()
        try await write(store, runs: 9, series: 400)
        let all = try store.everything()
        let path = try #require(store.state.withLock { $0.days.first?.file.path })
        let before = try size(path)
        clock.advance(by: 26 * 3_600_000)
        await store.maintain()
        #expect(store.runCounts == [1])
        #expect(try store.everything() == all)
        #expect(try size(path) < before)
        let (file, run) = try #require(store.state.withLock { state in state.days.first.map { ($0.file, $0.runs[0]) } })
        #expect(run.samples == 9 * 60 * 400)
        let page = try file.page(run, 0)
        #expect(page.entryOrdinals.filter { $0 == 1 }.count == 2)
    }

    private func size(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    }

    @Test func ofTwoValuesForOneTimeTheFirstStaysThroughAMerge() async throws {
        let options = StoreOptions()
        let store = try open(options)
        let one = labels(0)
        try await store.append([series(one, [(start, 1), (start + 10, 2), (start + 30, 3)])])
        try await store.flush()
        try await store.close()
        // A new life does not know what is on disk of older runs and takes the second value.
        let again = try open(options)
        again.state.withLock { $0.newest[0] = .min }
        try await again.append([series(one, [(start + 10, 99), (start + 20, 4)])])
        try await again.flush()
        let expected = [1, 2, 4, 3].map(\.bitPattern)
        #expect(try again.all().first?.samples.values.map(\.bitPattern) == expected)
        clock.advance(by: 48 * 3_600_000)
        await again.maintain()
        #expect(again.runCounts == [1])
        #expect(try again.all().first?.samples.values.map(\.bitPattern) == expected)
        #expect(again.state.withLock { $0.days[0].runs[0].samples } == 4)
    }

    @Test func aReaderKeepsWhatItSelectedThroughAMergeAndItsPagesGoWhenItIsGone() async throws {
        var options = StoreOptions()
        options.pageCacheBytes = 0
        let store = try open(options)
        try await write(store, runs: 3)
        let file = try #require(store.state.withLock { $0.days.first?.file })
        var set: (any SeriesSet)? = try store.select([], from: 0, through: .max)
        clock.advance(by: 48 * 3_600_000)
        await store.maintain()
        #expect(store.runCounts == [1])
        var columns = SampleColumns()
        try set?.read(1, into: &columns)
        #expect(columns.count == 180)
        #expect(try pageCount(file) > 1)
        set = nil
        await store.maintain()
        #expect(try pageCount(file) == 1)
    }

    private func pageCount(_ file: BlockFile) throws -> Int64 {
        let query = try Statement(file.writer, "SELECT count(*) FROM page")
        return try query.step() ? query.integer(0) : 0
    }

    @Test func aMergeThatWasCutOffAtAnyStepLeavesWhatWasThere() async throws {
        let store = try open()
        try await write(store, runs: 4, series: 300)
        let all = try store.everything()
        try await store.close()
        for steps in 0..<8 {
            do {
                let file = try BlockFile(folder: folder.path, day: BlockFile.day(of: testTime), synchronous: true)
                let runs = try file.recover(committed: .max)
                guard runs.count > 1 else { break }
                var rewrite = try RunRewrite(file, runs)
                for _ in 0..<steps { _ = try rewrite.step(pages: 1) }
            }
            let again = try open()
            #expect(try again.everything() == all, "after \(steps) steps")
            let day = try #require(again.state.withLock { $0.days.first })
            #expect(try pageCount(day.file) == Int64(day.runs.reduce(0) { $0 + $1.pageFirsts.count }))
            try await again.close()
        }
        let merged = try open()
        #expect(merged.runCounts == [1])
    }

    @Test func aFlushBetweenTwoStepsOfAMergeIsKept() async throws {
        let store = try open()
        try await write(store, runs: MergePolicy.fan)
        // The first step chooses the runs; it may have been taken already.
        _ = await store.flusher.perform { $0.step() }
        try await write(store, runs: 1)
        let all = try store.everything()
        await store.maintain()
        #expect(store.runCounts == [2])
        #expect(try store.everything() == all)
    }

    @Test func aCleanStopGivesTheRoomOfMergedRunsBack() async throws {
        let store = try open()
        try await write(store, runs: MergePolicy.fan, series: 100)
        await store.maintain()
        let file = try #require(store.state.withLock { $0.days.first?.file })
        #expect(try freePages(file.writer) > 0)
        try await store.close()
        #expect(try freePages(Database(file.path, pageSize: 65_536, synchronous: true)) == 0)
    }

    private func freePages(_ database: Database) throws -> Int64 {
        let query = try Statement(database, "PRAGMA freelist_count")
        return try query.step() ? query.integer(0) : 0
    }

    @Test func aDamagedPageCostsItsSamplesAndTheMergeEnds() async throws {
        var options = StoreOptions()
        options.rollupRetention = .zero
        let store = try open(options)
        try await write(store, runs: 3, series: 2)
        let (file, run) = try #require(store.state.withLock { state in state.days.first.map { ($0.file, $0.runs[1]) } })
        try Statement(file.writer, "UPDATE page SET data = zeroblob(5000) WHERE id = ?").run(.integer(run.base))
        #expect(throws: StoreError.self) { try store.everything() }
        clock.advance(by: 48 * 3_600_000)
        await store.maintain()
        #expect(store.runCounts == [1])
        #expect(try store.everything().values.map(\.count) == [120, 120])
        #expect(store.state.withLock { $0.counters.damagedPages } == 1)
    }

    @Test func aFilterTakesOutItsSamplesAndNoOthers() async throws {
        let store = try open()
        try await write(store, runs: 5, series: 500)
        var expected = try store.everything()
        let ordinal = try #require(
            store.state.withLock { state -> UInt32? in
                try? state.index.select([LabelMatcher("n", .equal, "7")]).first.map { state.ordinals[Int($0)] }
            })
        let span = start + 700_000...start + 1_300_000
        expected[labels(7)] = expected[labels(7)]?.filter { !span.contains($0.key) }
        let gone = try await store.drop(SampleFilter(ordinals: [ordinal], span: span))
        #expect(gone == 61)
        #expect(try store.everything() == expected)
        #expect(try await store.drop(SampleFilter(ordinals: [ordinal], span: span)) == 0)
        let all = try await store.drop(SampleFilter(ordinals: [ordinal], span: 0...Int64.max))
        expected[labels(7)] = nil
        #expect(all == 300 - 61)
        #expect(try store.everything().filter { !$0.value.isEmpty } == expected)
        try await store.close()
        #expect(try open().everything().filter { !$0.value.isEmpty } == expected)
    }

    @Test func filesOfTheFirstVersionAreRead() async throws {
        let store = try open()
        try await write(store, runs: 2)
        let all = try store.everything()
        try await store.close()
        do {
            let database = try Database(
                folder.path + "/" + BlockFile.name(of: BlockFile.day(of: testTime)), pageSize: 65_536, synchronous: true
            )
            try database.execute(
                """
                UPDATE page SET id = (id & 255) | (id >> 24 << 24);
                ALTER TABLE run DROP COLUMN base; ALTER TABLE run DROP COLUMN level;
                ALTER TABLE run DROP COLUMN checksum; PRAGMA user_version = 0
                """)
        }
        let again = try open()
        #expect(try again.everything() == all)
    }
}

@Suite struct MergePolicyTests {
    @Test func tiersFillUpAndTheRestWaitsForTheEnd() {
        var levels: [Int] = []
        var copied = 0
        for _ in 0..<1728 {
            levels.append(0)
            while let places = MergePolicy.next(levels, isComplete: false) {
                copied += places.count
                levels.replaceSubrange(places, with: [(levels[places].max() ?? 0) + 1])
            }
            #expect(levels.count <= 33)
        }
        #expect(levels == [3])
        #expect(copied == 1728 + 144 + 12)
    }

    @Test func whatIsCompleteBecomesOneRun() {
        var levels = Array(repeating: 1, count: 11) + Array(repeating: 0, count: 11)
        while let places = MergePolicy.next(levels, isComplete: true) {
            levels.replaceSubrange(places, with: [(levels[places].max() ?? 0) + 1])
        }
        #expect(levels.count == 1)
        #expect(MergePolicy.next([5], isComplete: true) == nil)
        #expect(MergePolicy.next([], isComplete: true) == nil)
    }
}

extension TimeSeriesStore {
    /// Takes samples out of the block files.
    func drop(_ filter: SampleFilter) async throws -> Int { try await flusher.rewrite(dropping: filter) }
}
