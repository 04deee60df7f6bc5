import FleetModel
import Foundation
import Testing

@testable import TimeSeriesStore

@Suite struct DeletionTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func labels(_ host: String, _ metric: String = "m") -> Labels { ["__name__": metric, "host": host] }

    private func matching(_ host: String) -> [[LabelMatcher]] { [[LabelMatcher("host", .equal, host)]] }

    private func fill(_ store: TimeSeriesStore) async throws {
        for step in 0..<Int64(6) {
            let time = step < 3 ? testTime - BlockFile.dayMilliseconds + step : testTime + step - 3
            try await store.append(["a", "b", "c"].map { series(labels($0), [(time, Double(step))]) })
            if step != 5 { try await store.flush() }
        }
    }

    @Test func whatIsDeletedIsGoneFromMemoryDiskAndTheLogForGood() async throws {
        var expected: [Labels: [Int64: UInt64]] = [:]
        do {
            let store = try openStore(folder)
            try await fill(store)
            expected = try store.everything()
            expected[labels("b")] = nil
            let summary = try await store.delete(matching("b"))
            #expect(summary.series == 1 && summary.samples == 6)
            #expect(try store.everything() == expected)
            // No close: what follows opens what a kill would leave.
        }
        let again = try openStore(folder)
        #expect(try again.everything() == expected)
        #expect(try await again.check { _ in true }.isSound)
        #expect(try again.count(matching: matching("b")).matching == 0)
    }

    @Test func samplesThatComeAfterwardsAreANewSeriesAlsoOlderOnes() async throws {
        let store = try openStore(folder)
        try await fill(store)
        _ = try await store.delete(matching("b"))
        try await store.append([series(labels("b"), [(testTime + 2, 7)])])
        try await store.append([series(labels("b"), [(testTime + 1, 8)])])
        #expect(try store.everything()[labels("b")] == [testTime + 1: 8.0.bitPattern, testTime + 2: 7.0.bitPattern])
        try await store.close()
        let again = try openStore(folder)
        #expect(try again.everything()[labels("b")]?.count == 2)
        #expect(try again.everything().count == 3)
    }

    @Test func onlyTheSpanGoes() async throws {
        let store = try openStore(folder)
        try await fill(store)
        let summary = try await store.delete(matching("a"), from: testTime - 1000, through: testTime + 1)
        #expect(summary.samples == 2)
        #expect(try store.everything()[labels("a")]?.count == 4)
        #expect(try await store.delete(matching("a"), from: 5, through: 4).samples == 0)
        #expect(try store.everything().count == 3)
    }

    @Test func severalSelectorsAreAUnionAndNoneIsNothing() async throws {
        let store = try openStore(folder)
        try await fill(store)
        #expect(try store.count(matching: matching("a") + matching("b")) == (2, 3))
        #expect(try await store.delete([]).series == 0)
        #expect(try await store.delete(matching("a") + matching("b")).series == 2)
        #expect(try store.everything().keys.sorted() == [labels("c")])
        await #expect(throws: StoreError.self) {
            _ = try await store.delete([[LabelMatcher("host", .matches, "(")]])
        }
    }

    @Test func deletingEverythingGivesTheRoomBack() async throws {
        let store = try openStore(folder)
        try await fill(store)
        _ = try await store.delete([[LabelMatcher("__name__", .equal, "m")]])
        #expect(try store.everything().isEmpty)
        let findings = try await store.check { _ in true }
        let blocks = findings.files.filter { $0.name.hasPrefix("blocks-") }
        #expect(blocks.count == 2 && blocks.allSatisfy { $0.items == 0 } && findings.isSound)
        try await store.append([series(labels("z"), [(testTime, 1)])])
        try await store.close()
        #expect(try openStore(folder).everything().count == 1)
    }

    @Test func aDeletionAndABackupWaitForEachOther() async throws {
        let store = try openStore(folder)
        try await fill(store)
        try store.maintenance.begin("a backup")
        await #expect(throws: StoreError.underWay("a backup")) { _ = try await store.delete(matching("a")) }
        store.maintenance.end()
        _ = try await store.delete(matching("a"))
        #expect(try store.everything().count == 2)
    }
}

/// Virtual machines come and go: the store must not remember them for ever.
@Suite struct ForgettingTests {
    let folder: TemporaryFolder
    let clock = MovingClock(testTime)

    init() throws { folder = try TemporaryFolder() }

    private func open(rollups days: Int64 = 0) throws -> TimeSeriesStore {
        var options = StoreOptions()
        options.rawRetention = .seconds(3 * 86_400)
        options.rollupRetention = .seconds(days * 86_400)
        options.forgottenShare = 0.05
        return try TimeSeriesStore(directory: folder.path, options: options, clock: clock, logger: quietLogger)
    }

    private func labels(_ number: Int) -> Labels { ["__name__": "m", "vm": "vm-\(number)"] }

    @Test func aSeriesWhoseLastSamplesAreBeyondRetentionLeavesDiskIndexAndMemory() async throws {
        let store = try open()
        try await store.append((0..<40).map { series(labels($0), [(clock.now.milliseconds, 1)]) })
        try await store.flush()
        for _ in 0..<6 {
            clock.advance(by: BlockFile.dayMilliseconds)
            try await store.append((30..<40).map { series(labels($0), [(clock.now.milliseconds, 2)]) })
            try await store.flush()
            await store.maintain()
        }
        #expect(store.state.withLock { $0.index.count } == 10)
        #expect(try store.all().map(\.labels) == (30..<40).map { labels($0) }.sorted())
        #expect(try Catalogue(reading: folder.path).read().series.count { !$0.isEmpty } == 10)
        // One that comes back is a new series, and the others are who they were.
        try await store.append((25..<40).map { series(labels($0), [(clock.now.milliseconds + 5, Double($0))]) })
        try await store.close()
        let again = try open()
        for one in try again.all() {
            #expect(one.samples.values.last == one.labels["vm"].flatMap { Double($0.dropFirst(3)) })
        }
        #expect(try again.all().count == 15)
    }

    @Test func afterARestartTheEndOfASeriesIsFoundOnDisk() async throws {
        do {
            let store = try open()
            try await store.append((0..<20).map { series(labels($0), [(clock.now.milliseconds, 1)]) })
            try await store.close()
        }
        for day in 1...20 {
            clock.advance(by: BlockFile.dayMilliseconds)
            let store = try open()
            // vm-19 is seen for two days more, and then never again.
            try await store.append(
                (day < 3 ? 10..<20 : 10..<19).map { series(labels($0), [(clock.now.milliseconds, 2)]) })
            try await store.flush()
            await store.maintain()
            try await store.close()
        }
        #expect(try Catalogue(reading: folder.path).read().series.count { !$0.isEmpty } == 9)
    }

    @Test func aSeriesOfWhichThereAreRollupsIsKeptUntilTheyGo() async throws {
        var store = try open(rollups: 40)
        try await store.append((0..<20).map { series(labels($0), [(clock.now.milliseconds, 1)]) })
        func count() throws -> Int { try Catalogue(reading: folder.path).read().series.count { !$0.isEmpty } }
        for day in 1...80 {
            clock.advance(by: BlockFile.dayMilliseconds)
            try await store.append((15..<20).map { series(labels($0), [(clock.now.milliseconds, 2)]) })
            try await store.flush()
            await store.maintain()
            if day == 20 {
                try await store.close()
                store = try open(rollups: 40)
            }
            // The oldest file of rollups covers 32 days, of which the first samples are one.
            if day < 40 { #expect(try count() == 20, "day \(day)") }
        }
        #expect(try count() == 5)
        #expect(try await store.check { _ in true }.isSound)
        try await store.close()
    }

    /// Random writes, deletions, flushes, upkeep, restarts and the passing of days against a dictionary.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func theStoreAgreesWithADictionaryWhateverComesAndGoes(seed: UInt64) async throws {
        var generator = SeededGenerator(state: seed)
        var model: [Labels: [Int64: UInt64]] = [:]
        let rollups: Int64 = seed % 2 == 0 ? 0 : 60
        var store = try open(rollups: rollups)
        for _ in 0..<120 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                let first = Int.random(in: 0..<60, using: &generator)
                let time = clock.now.milliseconds
                let value = Double(Int.random(in: 0..<9, using: &generator))
                let batch = (first..<first + 6).map { labels($0) }.shuffled(using: &generator)
                try await store.append(batch.map { series($0, [(time, value)]) })
                for one in batch { model[one, default: [:]][time] = value.bitPattern }
                clock.advance(by: 1000)
            case 5:
                let number = Int.random(in: 0..<60, using: &generator)
                let summary = try await store.delete([[LabelMatcher("vm", .equal, "vm-\(number)")]])
                #expect(summary.samples == model[labels(number)]?.count ?? 0)
                model[labels(number)] = nil
            case 6: try await store.flush()
            case 7: await store.maintain()
            case 8:
                try await store.close()
                store = try open(rollups: rollups)
            default: clock.advance(by: BlockFile.dayMilliseconds)
            }
            let retained = (clock.now.milliseconds - 3 * BlockFile.dayMilliseconds)
            let oldest = BlockFile.day(of: retained) * BlockFile.dayMilliseconds
            for (key, samples) in model {
                let kept = samples.filter { $0.key >= oldest }
                model[key] = kept.isEmpty ? nil : kept
            }
            let found = try store.everything().compactMapValues { samples -> [Int64: UInt64]? in
                let kept = samples.filter { $0.key >= oldest }
                return kept.isEmpty ? nil : kept
            }
            #expect(found == model)
        }
        try await store.flush()
        await store.maintain()
        #expect(try await store.check { _ in true }.isSound)
        // What there are rollups of is remembered longer.
        if rollups == 0 { #expect(store.state.withLock { $0.liveSeries } == model.count) }
        try await store.close()
    }
}
