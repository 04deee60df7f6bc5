import FleetModel
import Foundation
import Logging
import Testing

@testable import TimeSeriesStore

/// Buckets reckoned sample by sample, the slow and plain way.
struct PlainBucket: Hashable {
    var values: [Double] = []
    var last: UInt64 = 0

    static func buckets(_ samples: [Int64: Double]) -> [Int64: PlainBucket] {
        var result: [Int64: PlainBucket] = [:]
        for (time, value) in samples.sorted(by: { $0.key < $1.key }) {
            let end = Int64((Double(time) / 300_000).rounded(.up)) * 300_000
            var bucket = result[end, default: PlainBucket()]
            if !Staleness.isMarker(value) { bucket.values.append(value) }
            bucket.last = value.bitPattern
            result[end] = bucket
        }
        return result
    }

    var resets: Double { zip(values, values.dropFirst()).reduce(0) { $1.1 < $1.0 ? $0 + $1.0 : $0 } }
}

@Suite struct RollupTests {
    let folder: TemporaryFolder
    static let day = BlockFile.dayMilliseconds
    /// Midnight.
    static let start = testTime / day * day
    let clock = MovingClock(start)
    var options = StoreOptions()

    init() throws {
        folder = try TemporaryFolder()
        options.maximumAgeInMemory = .seconds(1_000_000)
        options.synchronous = false
    }

    func open(_ change: (inout StoreOptions) -> Void = { _ in }) throws -> TimeSeriesStore {
        var options = options
        change(&options)
        return try TimeSeriesStore(directory: folder.path, options: options, clock: clock, logger: quietLogger)
    }

    static let counter: Labels = ["__name__": "c_total"]
    static let gauge: Labels = ["__name__": "g"]

    typealias Samples = [Labels: [Int64: Double]]

    /// Random samples of a counter that falls now and then and of a gauge with gaps and markers, some at whole buckets
    /// and some at midnight.
    static func samples(_ span: Range<Int64>, seed: UInt64) -> Samples {
        var generator = SeededGenerator(state: seed)
        var samples: Samples = [:]
        var level = 0.0
        var time = span.lowerBound
        while time < span.upperBound {
            level =
                Int.random(in: 0..<40, using: &generator) == 0
                ? 0.5 : level + Double(Int.random(in: 0...30, using: &generator)) / 10
            let isMarker = Int.random(in: 0..<20, using: &generator) == 0
            samples[counter, default: [:]][time] = isMarker ? Staleness.marker : level
            let special: [Double] = [Staleness.marker, .nan, -0.0, .infinity]
            let value =
                Int.random(in: 0..<30, using: &generator) == 0
                ? special.randomElement(using: &generator) ?? 0
                : Double(Int.random(in: -50...50, using: &generator)) / 4
            samples[gauge, default: [:]][time + 1] = value
            time += [60_000, 60_000, 100_000, 300_000, 900_000].randomElement(using: &generator) ?? 60_000
            if Int.random(in: 0..<60, using: &generator) == 0 { time = (time / 3_600_000 + 1) * 3_600_000 }
        }
        return samples
    }

    func append(_ samples: Samples, to store: TimeSeriesStore) async throws {
        try await store.append(
            samples.map { labels, values in series(labels, values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
            })
    }

    /// Expects the buckets of a span to be those of the samples.
    func expect(
        _ store: TimeSeriesStore, _ samples: Samples, _ first: Int64, _ last: Int64, _ note: String = "",
        location: SourceLocation = #_sourceLocation
    ) throws {
        let set = try store.selectBuckets([], from: first, through: last)
        var found: [Labels: BucketColumns] = [:]
        var columns = BucketColumns()
        for index in 0..<set.count {
            let parts: BucketParts =
                set.labels(at: index) == Self.counter
                ? [.sum, .minimum, .maximum, .last, .growth] : [.sum, .minimum, .maximum, .last]
            try set.read(index, parts, into: &columns)
            found[set.labels(at: index)] = columns
        }
        for (labels, values) in samples {
            let wanted = PlainBucket.buckets(values).filter { (first...last).contains($0.key) }
            let buckets = found[labels] ?? BucketColumns()
            #expect(buckets.times == wanted.keys.sorted(), "\(note)", sourceLocation: location)
            guard buckets.times == wanted.keys.sorted() else { return }
            for place in buckets.times.indices {
                guard let bucket = wanted[buckets.times[place]] else { continue }
                let isRight = Self.isSame(buckets, place, bucket, isCounter: labels == Self.counter)
                #expect(isRight, "\(note) \(labels) at \(buckets.times[place]): \(bucket)", sourceLocation: location)
            }
        }
    }

    private static func isSame(_ columns: BucketColumns, _ place: Int, _ bucket: PlainBucket, isCounter: Bool) -> Bool {
        guard columns.count[place] == Double(bucket.values.count), columns.last[place].bitPattern == bucket.last else {
            return false
        }
        guard let first = bucket.values.first, let last = bucket.values.last else { return true }
        let numbers = bucket.values.filter { !$0.isNaN }
        let sum = bucket.values.reduce(0, +)
        let isSumRight =
            sum.isNaN
            ? columns.sum[place].isNaN
            : sum.isInfinite ? columns.sum[place] == sum : abs(columns.sum[place] - sum) <= 1e-9
        let isExtremeRight =
            numbers.isEmpty
            ? columns.minimum[place].isNaN
            : columns.minimum[place] == numbers.min() && columns.maximum[place] == numbers.max()
        let isGrowthRight = !isCounter || columns.firstValue[place] == first && columns.resets[place] == bucket.resets
        return isSumRight && isExtremeRight && isGrowthRight && columns.lastValue[place].bitPattern == last.bitPattern
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func bucketsAreTheSameFromSamplesAndFromFiles(seed: UInt64) async throws {
        let store = try open()
        let samples = Self.samples(Self.start..<Self.start + 4 * Self.day, seed: seed)
        clock.advance(by: 4 * Self.day)
        try await append(samples, to: store)
        let end = Self.start + 4 * Self.day
        try expect(store, samples, Self.start, end, "from memory")
        try await store.flush()
        try expect(store, samples, Self.start, end, "from samples on disk")
        clock.advance(by: 3 * 3_600_000)
        await store.maintain()
        #expect(store.state.withLock { $0.counters.rolledDays } == 4)
        try expect(store, samples, Self.start, end, "from rollups")
        let odd = Self.start + Self.day / 2 + 1234
        try expect(store, samples, odd, odd + Self.day, "a part")
        try expect(store, samples, Self.start + Self.day, Self.start + Self.day, "midnight alone")
        try await store.close()
        let again = try open()
        try expect(again, samples, Self.start, end, "after a restart")
    }

    @Test func lateSamplesMakeTheirBucketsAnew() async throws {
        let store = try open()
        var samples = Self.samples(Self.start..<Self.start + 2 * Self.day, seed: 9)
        clock.advance(by: 2 * Self.day)
        // The counter's second half of the first day comes late, with the midnight, from the middle of a bucket on.
        let held = Self.start + Self.day / 2 + 100_000
        var late: [Int64: Double] = [:]
        for (time, value) in samples[Self.counter] ?? [:] where time > held { late[time] = value }
        samples[Self.counter] = samples[Self.counter]?.filter { $0.key <= held }
        try await append(samples, to: store)
        try await store.flush()
        clock.advance(by: 3 * 3_600_000)
        await store.maintain()
        let end = Self.start + 2 * Self.day
        try expect(store, samples, Self.start, end, "before")
        let made = store.state.withLock { $0.counters.rollupBuckets }
        try await append([Self.counter: late], to: store)
        samples[Self.counter]?.merge(late) { $1 }
        try expect(store, samples, Self.start, end, "late in memory")
        try await store.flush()
        try expect(store, samples, Self.start, end, "late on disk")
        clock.advance(by: 3 * 3_600_000)
        await store.maintain()
        try expect(store, samples, Self.start, end, "rolled up anew")
        // The gauge was not touched, and its days were not rolled up again.
        let buckets = PlainBucket.buckets(samples[Self.counter] ?? [:]).count
        #expect(store.state.withLock { $0.counters.rollupBuckets } - made <= buckets + 2)
        #expect(store.runCounts == [1, 1])
        try await store.close()
        try expect(try open(), samples, Self.start, end, "after a restart")
    }

    @Test func rollupsOutliveTheirSamples() async throws {
        var store = try open()
        var samples = Self.samples(Self.start..<Self.start + Self.day, seed: 4)
        clock.advance(by: Self.day)
        try await append(samples, to: store)
        try await store.flush()
        // Nothing looked after the store for a long time: the day is rolled up before it is dropped.
        clock.advance(by: 40 * Self.day)
        #expect(store.rollups?.samplesBegin == .min)
        await store.maintain()
        #expect(store.runCounts == [])
        try expect(store, samples, Self.start, Self.start + Self.day - 300_000, "samples are gone")
        let listed = try store.select([], from: Self.start, through: Self.start + Self.day)
        #expect(Set((0..<listed.count).map { listed.labels(at: $0) }) == Set(samples.keys))
        #expect(try store.select([], from: 0, through: Self.start - 1).count == 0)
        try await store.append([series(Self.gauge, [(clock.now.milliseconds, 1)])])
        try await store.flush()
        #expect(store.rollups?.samplesBegin == Self.start + 41 * Self.day)
        try await store.close()
        store = try open()
        samples[Self.gauge]?[clock.now.milliseconds] = 1
        try expect(store, samples, Self.start, clock.now.milliseconds, "after a restart")
        #expect(
            store.state.withLock { $0.rollups.map(\.file.name.number) } == [
                BlockName(rollupOfDay: Self.start / Self.day).number
            ])
    }

    @Test func lateSamplesOfADroppedDayAddBucketsAndReplaceNone() async throws {
        let store = try open { $0.rawSizeLimit = Bytes(1) }
        let early = Self.samples(Self.start..<Self.start + Self.day / 2, seed: 5)
        clock.advance(by: Self.day)
        try await append(early, to: store)
        try await store.append([series(Self.gauge, [(clock.now.milliseconds, 1)])])
        try await store.flush()
        clock.advance(by: 3 * 3_600_000)
        await store.maintain()
        #expect(store.runCounts == [1])
        var samples = early
        let lateTime = Self.start + Self.day * 3 / 4 + 100_000
        let known = try #require(early[Self.counter]?.keys.max())
        try await store.append([series(Self.counter, [(known + 1, 1e6), (lateTime, 2e6)])])
        try await store.flush()
        clock.advance(by: 3 * 3_600_000)
        await store.maintain()
        #expect(store.runCounts == [1])
        samples[Self.counter]?[lateTime] = 2e6
        if known % 300_000 == 0 { samples[Self.counter]?[known + 1] = 1e6 }
        try expect(store, samples, Self.start, Self.start + Self.day - 300_000)
    }

    @Test func rollingUpThatWasCutOffAtAnyStepIsDoneAgain() async throws {
        let store = try open()
        let samples = Self.samples(Self.start..<Self.start + Self.day, seed: 6)
        clock.advance(by: Self.day)
        try await append(samples, to: store)
        try await store.append(
            (0..<300).map { number in
                series(
                    ["__name__": "n", "n": "\(number)"],
                    (0..<50).map { (Self.start + $0 * 600_000, Double($0 * Int64(number))) })
            })
        try await store.close()
        clock.advance(by: 3 * 3_600_000)
        let isCounter = store.state.withLock { $0.countersByOrdinal() }
        for steps in 1..<9 {
            var isDone = false
            do {
                let raw = try BlockFile(folder: folder.path, day: Self.start / Self.day, synchronous: true)
                let day = StoredDay(file: raw, runs: try raw.recover(committed: .max))
                let file = try BlockFile(
                    folder: folder.path, BlockName(rollupOfDay: Self.start / Self.day), synchronous: true)
                let target = StoredDay(file: file, runs: try file.recover(committed: .max))
                var job = try RollupJob(day, into: target, isCounter: isCounter)
                for _ in 1..<steps where !isDone { if case .finished = try job.step(pages: 1) { isDone = true } }
            }
            let again = try open()
            #expect(again.state.withLock { $0.rollups.contains { !$0.rolled.isEmpty } } == isDone)
            try expect(again, samples, Self.start, Self.start + Self.day, "after \(steps) steps")
            if isDone { return }
            try await again.close()
        }
        Issue.record("eight steps of a page are not enough")
    }

    @Test func aDeletionTakesBucketsToo() async throws {
        let store = try open()
        var samples = Self.samples(Self.start..<Self.start + 2 * Self.day, seed: 7)
        clock.advance(by: 2 * Self.day)
        try await append(samples, to: store)
        try await store.flush()
        clock.advance(by: 3 * 3_600_000)
        await store.maintain()
        let ordinal = try #require(
            store.state.withLock { state -> UInt32? in
                try? state.index.select([LabelMatcher("__name__", .equal, "c_total")]).first.map {
                    state.ordinals[Int($0)]
                }
            })
        let span = Self.start + 1_234_567...Self.start + Self.day + 7_654_321
        _ = try await store.drop(SampleFilter(ordinals: [ordinal], span: span))
        samples[Self.counter] = samples[Self.counter]?.filter { !span.contains($0.key) }
        let end = Self.start + 2 * Self.day
        try expect(store, samples, Self.start, end, "a span")
        try await store.close()
        let again = try open()
        try expect(again, samples, Self.start, end, "a span, after a restart")
        _ = try await again.drop(SampleFilter(ordinals: [ordinal], span: 0...Int64.max))
        samples[Self.counter] = [:]
        try expect(again, samples, Self.start, end, "all")
    }

    @Test func rollupFilesGoByAgeAndBySizeAndTheNewestStays() async throws {
        func open(_ limit: Bytes?) throws -> TimeSeriesStore {
            try self.open { options in
                options.rawRetention = .seconds(2 * 86_400)
                options.rollupRetention = .seconds(100 * 86_400)
                options.rollupSizeLimit = limit
            }
        }
        var store = try open(nil)
        for day: Int64 in stride(from: 0, to: 150, by: 3) {
            try await store.append([series(Self.gauge, [(Self.start + day * Self.day + 60_000, Double(day))])])
            clock.advance(by: 3 * Self.day)
            if day % 30 == 27 { try await store.flush() }
            if day % 30 == 27 { await store.maintain() }
        }
        let numbers = store.state.withLock { $0.rollups.map(\.file.name.number) }
        let oldest = try #require(numbers.first)
        #expect(oldest == BlockName(rollupOfDay: Self.start / Self.day + 50).number && numbers.count > 2)
        try await store.close()
        store = try open(Bytes(1))
        await store.maintain()
        #expect(store.state.withLock { $0.rollups.map(\.file.name.number) } == [numbers[numbers.count - 1]])
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            $0.hasPrefix("rollup-") && $0.hasSuffix(".db")
        }
        #expect(files.count == 1)
    }
}
