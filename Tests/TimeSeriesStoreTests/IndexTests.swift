import FleetModel
import Testing

@testable import TimeSeriesStore

/// Selections, labels and values against a plain look at every series.
@Suite struct IndexTests {
    /// Series of a few hosts with values whose byte order is not their order of arrival.
    private static func labels(_ number: Int) -> Labels {
        var labels = Labels([
            "__name__": ["up", "load", "a_longer_name"][number % 3], "host": "h\((number * 7919) % 1009)",
            "vm": "é\(number)",
        ])
        if number % 5 == 0 { labels["only_some"] = "\(number % 4)" }
        return labels
    }

    @Test func seriesComeSortedHoweverManyCameSinceTheLastSelection() async throws {
        let folder = try TemporaryFolder()
        let store = try openStore(folder)
        var known = 0
        // More than are ranked at once, fewer, one, and many again.
        for newcomers in [700, 30, 1, 3, 2000, 5] {
            try await store.append(
                (known..<known + newcomers).map { series(Self.labels($0), [(testTime, Double($0))]) })
            known += newcomers
            let found = try store.all()
            #expect(found.map(\.labels) == (0..<known).map(Self.labels).sorted(by: Self.precedes))
            #expect(try store.all([LabelMatcher("vm", .equal, "é\(known - 1)")]).count == 1)
        }
    }

    /// The order of label sets by the bytes of names and values.
    private static func precedes(_ one: Labels, _ other: Labels) -> Bool {
        one.pairs.flatMap { [Array($0.name.utf8), Array($0.value.utf8)] }.lexicographicallyPrecedes(
            other.pairs.flatMap { [Array($0.name.utf8), Array($0.value.utf8)] }
        ) { $0.lexicographicallyPrecedes($1) }
    }

    @Test(arguments: [
        [], [LabelMatcher("host", .matches, "h1.*")], [LabelMatcher("only_some", .notEqual, "")],
        [LabelMatcher("__name__", .equal, "up"), LabelMatcher("vm", .doesNotMatch, "é[0-4].*")],
        [LabelMatcher("__name__", .equal, "nobody")],
    ])
    func namesAndValuesAreThoseOfTheSelectedSeries(matchers: [LabelMatcher]) async throws {
        let folder = try TemporaryFolder()
        let store = try openStore(folder)
        try await store.append((0..<300).map { series(Self.labels($0), [(testTime, 1)]) })
        try await store.flush()
        // Some went on for a while.
        try await store.append((0..<40).map { series(Self.labels($0), [(testTime + 60_000, 1)]) })
        for first in [0, testTime + 1, testTime + 60_001] {
            let found = try store.select(matchers, from: first, through: .max)
            let all = (0..<found.count).map { found.labels(at: $0) }
            let names = Set(all.flatMap { $0.pairs.map(\.name) }).sorted()
            #expect(try store.labelNames(of: matchers, from: first, through: .max) == names)
            for label in ["host", "vm", "only_some", "missing"] {
                let values = Set(all.compactMap { $0[label] }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                #expect(try store.values(of: label, matchers, from: first, through: .max) == values)
            }
        }
    }

    @Test func aScanFetchesEveryPageOnceWhateverTheCacheHolds() async throws {
        let folder = try TemporaryFolder()
        var options = StoreOptions()
        options.pageCacheBytes = 0
        options.minimumFlush = .max
        let store = try openStore(folder, options)
        for round in 0..<5 {
            let start = testTime - 100_000 + Int64(round) * 20_000
            try await store.append(
                (0..<1500).map { number in
                    let value = 1 / Double(number + 7)
                    return series(Self.labels(number), (0..<20).map { (start + $0 * 1000, value + Double($0)) })
                })
            try await store.flush()
        }
        let pages = store.state.withLock { $0.days.flatMap(\.runs).reduce(0) { $0 + $1.pageFirsts.count } }
        let runs = store.state.withLock { $0.days.flatMap(\.runs).count }
        let before = store.cache.figures.reads
        let found = try store.all()
        #expect(found.count == 1500 && found.allSatisfy { $0.samples.count == 100 })
        #expect(runs == 5 && pages > 2 * runs)
        // Where a page begins in the middle of nothing, the one before is looked at as well.
        #expect(store.cache.figures.reads - before <= 2 * pages)
    }
}
