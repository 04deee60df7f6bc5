import FleetModel
import Foundation
import Testing

@testable import TimeSeriesStore

@Suite struct BackupTests {
    let folder: TemporaryFolder
    let target: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        target = try TemporaryFolder()
    }

    private var copyPath: String { target.path + "/copy" }

    private func reopened() throws -> TimeSeriesStore {
        try TimeSeriesStore(directory: copyPath, clock: testClock, logger: quietLogger)
    }

    @Test func aCopyHasWhatWasAcknowledgedAndOpensLikeAnyStore() async throws {
        let store = try openStore(folder)
        let a: Labels = ["__name__": "m", "n": "a"]
        try await store.append([series(a, [(testTime - BlockFile.dayMilliseconds, 1), (testTime, 2)])])
        try await store.flush()
        try await store.append([series(a, [(testTime + 1, 3)])])
        let files = try await store.copy(to: copyPath) { _ in true }
        // Yesterday may have been rolled up by now.
        let names = files.map(\.name).filter { !$0.hasPrefix("rollup") }
        #expect(names.sorted() == ["blocks-19674.db", "blocks-19675.db", "catalogue.db"])
        for file in files { #expect(try StoredFile(name: file.name, in: copyPath) == file) }
        #expect(try StoreCheck(folder: copyPath).run().isSound)
        let expected = try store.everything()
        let copy = try reopened()
        #expect(try copy.everything() == expected)
        try await copy.append([series(["__name__": "m", "n": "b"], [(testTime, 4)])])
        try await copy.flush()
        #expect(try copy.all().count == 2)
    }

    @Test func aCopyIsConsistentWhileWritesFlushesAndMergesGoOn() async throws {
        var options = StoreOptions()
        options.minimumFlush = 1
        options.samplesPerFlush = 1
        let store = try openStore(folder, options)
        for step in 0..<30 { try await write(store, step) }
        let path = copyPath
        async let files = store.copy(to: path) { _ in true }
        for step in 30..<90 {
            try await write(store, step)
            if step % 7 == 0 { await store.maintain() }
        }
        _ = try await files
        #expect(try StoreCheck(folder: copyPath).run().isSound)
        let copied = try reopened().everything()
        #expect(copied.count == 3)
        for times in copied.values {
            let steps = Set(times.keys.map { Int($0 - testTime) })
            #expect(steps.isSuperset(of: 0..<30))
            // No hole: what is there is everything up to some moment.
            #expect(steps == Set(0..<steps.count))
        }
        #expect(try store.everything().values.allSatisfy { $0.count == 90 })
    }

    private func write(_ store: TimeSeriesStore, _ step: Int) async throws {
        try await store.append(
            (0..<3).map { series(["__name__": "m", "n": "\($0)"], [(testTime + Int64(step), Double(step))]) })
    }

    @Test func aCopyThatIsCalledOffSaysSoAndTheStoreGoesOn() async throws {
        let store = try openStore(folder)
        try await store.append([series(["__name__": "m"], [(testTime, 1)])])
        await #expect(throws: StoreError.shuttingDown) { _ = try await store.copy(to: copyPath) { _ in false } }
        try await store.append([series(["__name__": "m"], [(testTime + 1, 2)])])
        try await store.flush()
        #expect(try store.all().first?.samples.values == [1, 2])
        _ = try await store.copy(to: target.path + "/second") { _ in true }
    }

    @Test func aCopyToWhereNothingCanBeWrittenFailsAndTheStoreGoesOn() async throws {
        let store = try openStore(folder)
        try await store.append([series(["__name__": "m"], [(testTime, 1)])])
        try Data().write(to: URL(fileURLWithPath: copyPath))
        await #expect(throws: StoreError.self) { _ = try await store.copy(to: copyPath) { _ in true } }
        #expect(try store.all().count == 1)
        #expect(try await store.check { _ in true }.isSound)
    }
}
