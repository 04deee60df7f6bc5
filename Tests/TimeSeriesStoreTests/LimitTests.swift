import FleetModel
import MetricsWire
import Testing

@testable import TimeSeriesStore

/// What is one too many is refused by name, and everything else goes on.
@Suite struct LimitTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func labels(_ host: String, _ number: Int) -> Labels {
        ["__name__": "m", "host": .init(host), "n": "\(number)"]
    }

    @Test func aHostsSeriesAreCountedApartFromAllOthers() async throws {
        var options = StoreOptions()
        options.maximumSeriesPerHost = 3
        let store = try openStore(folder, options)
        let wild = (0..<5).map { series(labels("wild", $0), [(testTime, 1)]) }
        await #expect {
            try await store.append(wild)
        } throws: { error in
            guard case .partlyInvalid(let reason, 3, let taken) = error as? StoreError else { return false }
            #expect(taken == RemoteWriteEncoder.encode(Array(wild.prefix(3))))
            return reason.contains("limit of 3 for host \"wild\"") && reason.contains("3 other samples")
        }
        try await store.append((0..<3).map { series(labels("calm", $0), [(testTime, 1)]) })
        try await store.append([series(["__name__": "without"], [(testTime, 1)])])
        #expect(try store.all().count == 7)
        let leftOut: Int = store.state.withLock { $0.counters.overLimit }
        #expect(leftOut == 2)
        // Those that are known go on.
        try await store.append([series(labels("wild", 0), [(testTime + 1, 2)])])
    }

    /// What was acknowledged counts, whatever the limits are when the log is read.
    @Test func theLogIsReadWithoutLimits() async throws {
        let all = (0..<9).map { series(labels("h", $0), [(testTime, Double($0))]) }
        do {
            let store = try openStore(folder)
            try await store.append(all)
        }
        var options = StoreOptions()
        options.maximumSeries = 2
        options.maximumSeriesPerHost = 1
        options.maximumLabels = 1
        options.maximumValueBytes = 1
        options.maximumNameBytes = 1
        options.maximumRequestBytes = 1
        options.maximumHeadBytes = 1
        options.maximumSamplesInMemory = 1
        let store = try openStore(folder, options)
        #expect(try store.all().count == 9)
    }

    /// What was refused stays away, also when the log is read without limits.
    @Test func whatWasRefusedIsNotInTheLog() async throws {
        var options = StoreOptions()
        options.maximumSeriesPerHost = 2
        do {
            let store = try openStore(folder, options)
            let batch = (0..<4).map { series(labels("h", $0), [(testTime, 1), (testTime + 1, -0.0)]) }
            await #expect(throws: StoreError.self) { try await store.append(batch) }
        }
        let all = try openStore(folder, options).all()
        #expect(all.map(\.labels) == [labels("h", 0), labels("h", 1)])
        #expect(all.allSatisfy { $0.samples.values.map(\.bitPattern) == [1.0, -0.0].map(\.bitPattern) })
    }

    /// Series that never got a sample, or lost all of them, take nobody's place.
    @Test func onlySeriesWithSamplesCount() async throws {
        var options = StoreOptions()
        options.maximumSeries = 4
        options.maximumSeriesPerHost = 3
        let store = try openStore(folder, options)
        let old = (0..<9).map { series(labels("h", 100 + $0), [(0, 1)]) }
        await #expect {
            try await store.append(old)
        } throws: { error in
            guard case .refused(let summary, let example) = error as? StoreError else { return false }
            return summary.tooOld == 9 && example.contains("n=\"100\"")
        }
        await #expect(throws: StoreError.self) {
            try await store.append([series(labels("h", 200), [(testTime + 86_400_000, 1)])])
        }
        try await store.append((0..<9).map { series(labels("h", 300 + $0), []) })
        try await store.append((0..<3).map { series(labels("h", $0), [(testTime, 1)]) })
        _ = try await store.delete([[LabelMatcher("n", .matches, "[01]")]])
        try await store.append((3..<5).map { series(labels("h", $0), [(testTime, 1)]) })
        await #expect(throws: StoreError.self) { try await store.append([series(labels("h", 6), [(testTime, 1)])]) }
        try await store.append([series(labels("i", 0), [(testTime, 1)])])
        await #expect(throws: StoreError.self) { try await store.append([series(labels("j", 0), [(testTime, 1)])]) }
        #expect(try store.all().filter { $0.samples.count > 0 }.count == 4)
    }

    @Test func anotherValueOfTheNewestTimeIsRefusedAlsoWhenThatIsOnDisk() async throws {
        let store = try openStore(folder)
        for step in 0..<Int64(3) {
            try await store.append([series(labels("h", 0), [(testTime + step, 1)])])
            if step == 1 { try await store.flush() }
        }
        try await store.flush()
        try await store.append([series(labels("h", 0), [(testTime + 2, 1)])])
        await #expect {
            try await store.append([series(labels("h", 0), [(testTime + 2, 2)])])
        } throws: { error in
            guard case .refused(let summary, _) = error as? StoreError else { return false }
            return summary.conflicting == 1
        }
    }

    /// Each sample once cost a look at all others of the series.
    @Test(.timeLimit(.minutes(1)))
    func manySamplesOfOneSeriesAreTakenAgainAndBackwards() async throws {
        let store = try openStore(folder)
        let times = (0..<60_000).map { testTime - 3_600_000 + Int64($0) * 50 }
        let inOrder = series(labels("h", 0), times.map { ($0, Double($0 % 97)) })
        let backwards = series(labels("h", 1), times.reversed().map { ($0, Double($0 % 89)) })
        for _ in 0..<2 {
            for one in [inOrder, backwards] { try await store.append([one]) }
            #expect(try store.all([LabelMatcher("n", .equal, "0")]) == [inOrder])
            let found = try #require(try store.all([LabelMatcher("n", .equal, "1")]).first)
            #expect(found.samples.times == times && found.samples.values == times.map { Double($0 % 89) })
        }
        let counts = store.state.withLock { $0.counters.samples }
        #expect(counts.stored == 120_000 && counts.duplicates == 120_000)
        await #expect(throws: StoreError.self) { try await store.append([series(labels("h", 1), [(times[7], 90)])]) }
        try await store.flush()
        #expect(try store.all([LabelMatcher("n", .equal, "0")]) == [inOrder])
    }

    @Test func labelsWithoutEndAreNotGathered() async throws {
        let store = try openStore(folder)
        let pairs = (0..<200_000).map { _ in Labels.Pair("", "") } + [Labels.Pair("__name__", "m")]
        await #expect {
            try await store.append([series(Labels(sortedUnchecked: pairs), [(testTime, 1)])])
        } throws: {
            "\($0)".contains("has more than 10000 labels")
        }
    }

    @Test func aSelectionOfTooManySeriesIsRefusedAndSmallerOnesAreNot() async throws {
        var options = StoreOptions()
        options.maximumSelectedSeries = 4
        let store = try openStore(folder, options)
        try await store.append((0..<5).map { series(labels("h", $0), [(testTime, 1)]) })
        #expect(throws: StoreError.selectionTooLarge(series: 5, limit: 4)) { try store.all() }
        #expect(StoreError.selectionTooLarge(series: 5, limit: 4).isOfTheSelection)
        #expect(try store.all([LabelMatcher("n", .matches, "[0-3]")]).count == 4)
    }

    /// 2 MiB in memory and a disk that takes nothing: senders hear "later", and afterwards everybody goes on.
    @Test func memoryThatIsFullOfSamplesSaysLater() async throws {
        let device = FaultyDevice(folder: folder.path, seed: 1)
        var options = StoreOptions()
        options.maximumHeadBytes = 2 << 20
        let store = try TimeSeriesStore(
            try DiskFolder(making: folder.path), try FolderLock(folder: folder.path),
            logFolder: try FaultyLogFolder(FaultyDevice(folder: folder.path + "-log", seed: 1)), options: options,
            clock: testClock, logger: quietLogger)
        device.fail(.failedSync, at: 1, length: .max)
        var refusal: StoreError?
        var generator = SeededGenerator(state: 1)
        for step in 0..<Int64(200) where refusal == nil {
            let batch = (0..<200).map { number in
                series(
                    labels("h", number),
                    (0..<10).map { (testTime + step * 10 + $0, Double.random(in: 0...1, using: &generator)) })
            }
            do {
                try await store.append(batch)
            } catch {
                refusal = error as? StoreError
            }
        }
        guard case .overLimit = refusal else {
            Issue.record("it said \(String(describing: refusal))")
            return
        }
        #expect(refusal?.retryAfterSeconds != nil)
        device.mend()
        try await store.flush()
        try await store.append([series(labels("h", 0), [(testTime + 10_000, 1)])])
    }
}
