import FleetModel
import Logging
import MetricsWire
import Testing

@testable import TimeSeriesStore

/// A clock that stands where a test puts it.
struct FixedClock: Clock {
    let now: Timestamp
    func sleep(until moment: Timestamp) async throws {}
}

let testTime: Int64 = 1_700_000_000_000
let testClock = FixedClock(now: Timestamp(milliseconds: testTime))

func openStore(_ folder: TemporaryFolder, _ options: StoreOptions = StoreOptions()) throws -> TimeSeriesStore {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try TimeSeriesStore(directory: folder.path, options: options, clock: testClock, logger: logger)
}

func series(_ labels: Labels, _ samples: [(Int64, Double)]) -> SeriesSamples {
    SeriesSamples(labels: labels, samples: SampleColumns(times: samples.map(\.0), values: samples.map(\.1)))
}

extension TimeSeriesStore {
    /// Everything that the matchers select, by labels.
    func all(
        _ matchers: [LabelMatcher] = [], from first: Int64 = 0, through last: Int64 = .max
    ) throws -> [SeriesSamples] {
        let set = try select(matchers, from: first, through: last)
        return try (0..<set.count).map { index in
            var columns = SampleColumns()
            try set.read(index, into: &columns)
            return SeriesSamples(labels: set.labels(at: index), samples: columns)
        }
    }
}

@Suite struct StoreTests {
    let a: Labels = ["__name__": "m", "host": "a", "lp": "0"]
    let b: Labels = ["__name__": "m", "host": "b", "lp": "1"]

    @Test func whatIsWrittenIsSelectedAndSurvivesARestart() async throws {
        let folder = try TemporaryFolder()
        let written = [
            series(b, [(testTime, 1), (testTime + 10, -0.0)]),
            series(a, [(testTime, .nan), (testTime + 20, Staleness.marker)]),
        ]
        do {
            let store = try openStore(folder)
            try await store.append(written)
            try expect(store)
        }
        try expect(try openStore(folder))

        func expect(_ store: TimeSeriesStore) throws {
            let all = try store.all()
            #expect(all.map(\.labels) == [a, b])
            #expect(all[1].samples.times == [testTime, testTime + 10])
            #expect(all[1].samples.values.map(\.bitPattern) == [1, -0.0].map(\.bitPattern))
            #expect(all[0].samples.values.map(\.bitPattern) == [Double.nan.bitPattern, Staleness.bits])
        }
    }

    @Test func aSecondStoreInTheSameFolderIsRefusedByName() throws {
        let folder = try TemporaryFolder()
        let store = try openStore(folder)
        #expect(throws: StoreError.self) { try openStore(folder) }
        withExtendedLifetime(store) {}
    }

    @Test func matchersSelectAsPrometheusDoes() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try openStore(folder)
        try await store.append([a, b, ["__name__": "other"]].map { series($0, [(testTime, 1)]) })
        func selected(_ matchers: LabelMatcher...) throws -> [Labels] { try store.all(matchers).map(\.labels) }
        #expect(try selected(LabelMatcher("__name__", .equal, "m")) == [a, b])
        #expect(try selected(LabelMatcher("host", .matches, "a|c")) == [a])
        #expect(try selected(LabelMatcher("host", .matches, "[a-z]")) == [a, b])
        #expect(try selected(LabelMatcher("host", .equal, "")) == [["__name__": "other"]])
        #expect(try selected(LabelMatcher("host", .notEqual, "a"), LabelMatcher("lp", .doesNotMatch, "0?")) == [b])
        #expect(try selected(LabelMatcher("host", .matches, "x*")) == [["__name__": "other"]])
        #expect(try selected(LabelMatcher("absent", .notEqual, "x")).count == 3)
        #expect(throws: StoreError.self) { try store.all([LabelMatcher("host", .matches, "(")]) }
    }

    @Test func duplicatesAreTakenTwiceAndConflictsRefused() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try openStore(folder)
        let batch = (0..<40).map { (testTime + $0 * 10, Double($0)) }
        try await store.append([series(a, batch)])
        let again = try await store.write(remoteWrite: RemoteWriteEncoder.encode([series(a, batch)]))
        #expect(again.duplicates == 40 && again.stored == 0)
        await #expect(throws: StoreError.self) { try await store.append([series(a, [(testTime + 20, 99)])]) }
        #expect(try store.all().first?.samples.values == batch.map(\.1))
    }

    @Test func lateSamplesInsideTheWindowFindTheirPlace() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try openStore(folder)
        for offset: Int64 in [0, 100, 50, 30, 200] { try await store.append([series(a, [(testTime + offset, 1)])]) }
        #expect(try store.all().first?.samples.times == [0, 30, 50, 100, 200].map { testTime + $0 })
        await #expect(throws: StoreError.self) { try await store.append([series(a, [(testTime - 8_000_000, 1)])]) }
        await #expect(throws: StoreError.self) { try await store.append([series(b, [(testTime + 700_000, 1)])]) }
    }

}

@Suite struct WriteScopeTests {
    static let own: Labels = ["__name__": "m", "cluster": "c", "host": "a"]

    static func request(_ labels: Labels...) -> [UInt8] {
        RemoteWriteEncoder.encode(labels.map { series($0, [(testTime, 1)]) })
    }

    static func scope() throws -> WriteScope {
        WriteScope(host: try #require(HostName("a")), cluster: ClusterName("c"))
    }

    /// Series that the scope does not include, and what the refusal says.
    static let strangers: [(Labels, String)] = [
        (["__name__": "m", "cluster": "c", "host": "b"], "host=\"a\""),
        (["__name__": "m", "cluster": "c"], "host=\"a\""),
        (["__name__": "m", "cluster": "d", "host": "a"], "cluster=\"c\""),
        (["__name__": "m", "host": "a"], "cluster=\"c\""),
        (["__name__": "ALERTS", "cluster": "c", "host": "a"], "nobody else may write ALERTS"),
        (["__name__": "ALERTS_FOR_STATE", "cluster": "c", "host": "a"], "nobody else may write ALERTS_FOR_STATE"),
        (["__name__": "evenkeel_parameter", "cluster": "c", "host": "a"], "nobody else may write evenkeel_parameter"),
    ]

    @Test(arguments: strangers, [false, true])
    func aSeriesOutsideRefusesTheRequestAndLeavesNothing(stranger: (Labels, String), isKnown: Bool) async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try openStore(folder)
        let scope = try Self.scope()
        if isKnown { try await store.write(remoteWrite: Self.request(stranger.0)) }
        let before = store.state.withLock { $0.index.count }
        for body in [Self.request(Self.own, stranger.0), Self.request(stranger.0, Self.own)] {
            await #expect {
                try await store.write(remoteWrite: body, allowing: scope)
            } throws: { error in
                guard case .forbidden(let reason) = error as? StoreError else { return false }
                return reason.hasPrefix("the series ") && reason.contains(stranger.1)
            }
        }
        #expect(store.state.withLock { $0.index.count } == before)
        // The same as its own series becomes known, and then once more by the way of known ones.
        for _ in 0..<2 {
            try await store.write(remoteWrite: Self.request(Self.own), allowing: scope)
            await #expect(throws: StoreError.self) {
                try await store.write(remoteWrite: Self.request(Self.own, stranger.0), allowing: scope)
            }
        }
        #expect(store.state.withLock { $0.index.count } == before + 1)
    }

    @Test func aSeriesThatComesTwiceInItsFirstRequestIsItsSendersOwn() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try openStore(folder)
        let body = RemoteWriteEncoder.encode([series(Self.own, [(testTime, 1)]), series(Self.own, [(testTime + 1, 1)])])
        #expect(try await store.write(remoteWrite: body, allowing: Self.scope()).stored == 2)
        var anyCluster = try Self.scope()
        anyCluster.cluster = nil
        let other = Self.request(["__name__": "m", "cluster": "d", "host": "a"], ["__name__": "n", "host": "a"])
        #expect(try await store.write(remoteWrite: other, allowing: anyCluster).stored == 2)
    }

    @Test func aRequestThatBreaksOffLeavesNoSeries() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try openStore(folder)
        let whole = try Snappy.decompress(Self.request(Self.own, ["__name__": "n"]), limit: 1 << 20)
        let torn = Snappy.compress(Array(whole.dropLast(3)))
        await #expect(throws: StoreError.self) { try await store.write(remoteWrite: torn) }
        #expect(store.state.withLock { $0.index.count } == 0)
    }
}

@Suite struct DiskTests {
    /// Series of every kind over some days, deterministic.
    static func load(_ count: Int, days: Int64 = 1, step: Int64 = 60_000) -> [SeriesSamples] {
        var generator = SeededGenerator(state: 99)
        return (0..<count).map { number in
            var columns = SampleColumns()
            var value = 0.0
            for time in stride(from: testTime - days * BlockFile.dayMilliseconds, through: testTime, by: Int(step)) {
                value += Double(Int.random(in: 0...1000, using: &generator)) / (number.isMultiple(of: 3) ? 100 : 1)
                columns.append(time, number == 7 ? Double.random(in: 0...1, using: &generator) : value)
            }
            let labels: Labels = ["__name__": "m\(number % 5)", "host": "h\(number / 5)"]
            return SeriesSamples(labels: labels, samples: columns)
        }.sorted { $0.labels < $1.labels }
    }

    @Test func aFlushChangesNothingThatCanBeRead() async throws {
        let folder = try TemporaryFolder()
        let written = Self.load(40, days: 2)
        let store = try openStore(folder)
        try await store.append(written)
        #expect(try store.all() == written)
        try await store.flush()
        #expect(try store.all() == written)
        #expect(try DiskFolder(making: folder.path + "/log").list().isEmpty)
        let part = try store.all([LabelMatcher("host", .equal, "h2")], from: testTime - 600_000, through: testTime - 1)
        #expect(part.count == 5 && part.allSatisfy { $0.samples.count == 10 })
        try await store.close()
        #expect(throws: StoreError.self) { try store.all() }
        let again = try openStore(folder)
        #expect(try again.all() == written)
        let repeated = try await again.write(
            remoteWrite: RemoteWriteEncoder.encode([series(written[0].labels, [(testTime, 5)])]))
        #expect(repeated.duplicates == 1)
    }

    @Test func samplesOfManyFlushesComeTogether() async throws {
        let folder = try TemporaryFolder()
        let written = Self.load(30)
        var store = try openStore(folder)
        for part in 0..<6 {
            let slice = written.map { one in
                let places = one.samples.times.indices.filter { $0 * 6 / one.samples.count == part }
                return series(one.labels, places.map { (one.samples.times[$0], one.samples.values[$0]) })
            }
            try await store.append(slice)
            if part % 2 == 0 { try await store.flush() }
            if part == 3 {
                try await store.close()
                store = try openStore(folder)
            }
        }
        #expect(try store.all() == written)
    }

    @Test func lateSamplesAreMergedWithWhatIsOnDisk() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try openStore(folder)
        let labels: Labels = ["__name__": "m"]
        for offsets in [[0, 100, 200], [50, 150], [120, 10, 300]] as [[Int64]] {
            for offset in offsets { try await store.append([series(labels, [(testTime + offset, Double(offset))])]) }
            try await store.flush()
        }
        let times = try #require(try store.all().first).samples
        #expect(times.times == [0, 10, 50, 100, 120, 150, 200, 300].map { testTime + $0 })
        #expect(times.values == [0, 10, 50, 100, 120, 150, 200, 300])
    }

    @Test func aSelectionStaysAsItWasWhileSamplesArriveAndGoToDisk() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try openStore(folder)
        let labels: Labels = ["__name__": "m"]
        try await store.append([series(labels, (0..<20).map { (testTime + $0, Double($0)) })])
        let set = try store.select([], from: 0, through: .max)
        try await store.append([series(labels, (20..<500).map { (testTime + $0, Double($0)) })])
        try await store.flush()
        var columns = SampleColumns()
        try set.read(0, into: &columns)
        #expect(columns.times == (0..<20).map { testTime + $0 })
    }
}
