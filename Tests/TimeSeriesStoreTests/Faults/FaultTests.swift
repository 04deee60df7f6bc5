import FleetModel
import Foundation
import Logging
import Testing

@testable import TimeSeriesStore

/// A fault at every operation that the store asks of its disk. With `EVENKEEL_SOAK_SECONDS` seeds go on for so long; a
/// plan that fails says how to repeat it alone.
@Suite(.serialized) struct FaultTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let planVariable = "EVENKEEL_FAULT"

    private static func tell(_ plan: FaultStory.Plan) async -> FaultStory? {
        do {
            let story = try FaultStory(plan, seed: plan.seed)
            try await story.run()
            return story
        } catch {
            Issue.record("\(error); repeat it with \(planVariable)=\(plan) swift test --filter FaultTests/oneFault")
            return nil
        }
    }

    /// How many operations a seed's work takes when all is well.
    private static func operations(_ seed: UInt64) async throws -> Int {
        let story = try FaultStory(nil, seed: seed)
        try await story.run()
        #expect(story.acknowledgedCount > 50)
        return story.device.operations
    }

    /// Every operation, or every `stride`th from a place on that differs from fault to fault.
    private static func faults(seed: UInt64, stride step: Int) async throws -> Int {
        let operations = try await operations(seed)
        var told = 0
        var met = 0
        for (place, fault) in FaultyDevice.Fault.allCases.enumerated() {
            for operation in Swift.stride(from: 1 + place % step, through: operations, by: step) {
                // A full disk stays full for a while; other things happen once, or a few times in a row.
                let length = fault == .noSpace && operation % 2 == 0 ? 40 : operation % 3 == 0 ? 4 : 1
                let plan = FaultStory.Plan(fault, at: operation, length: length, seed: seed)
                guard let story = await tell(plan) else { continue }
                told += 1
                if story.refusals > 0 { met += 1 }
            }
        }
        #expect(told > 0 && met > 0)
        return told
    }

    @Test func everyAcknowledgedSampleOutlivesAFaultAtAnyOperation() async throws {
        _ = try await Self.faults(seed: 1, stride: 37)
        _ = try await Self.faults(seed: 2, stride: 43)
    }

    /// The device does forget: what these tests hold the store to is not true by itself.
    @Test func aStoreThatDoesNotSyncLosesWhatItAcknowledged() async throws {
        var losses = 0
        for operation in stride(from: 30, to: 150, by: 20) {
            let plan = FaultStory.Plan(.powerCut, at: operation, seed: 1)
            let story = try FaultStory(plan, seed: plan.seed, synchronous: false)
            do { try await story.run() } catch { losses += 1 }
        }
        #expect(losses > 0)
    }

    @Test func aStoreWhoseLogCannotBeReadSaysSoAndOpensWhenItCan() async throws {
        let folder = try TemporaryFolder()
        let device = FaultyDevice(folder: folder.path, seed: 1)
        func open() throws -> TimeSeriesStore {
            try TimeSeriesStore(
                try DiskFolder(making: folder.path), try FolderLock(folder: folder.path),
                logFolder: try FaultyLogFolder(device), options: StoreOptions(), clock: testClock, logger: quietLogger)
        }
        let before = device.operations
        try await open().append([series(["__name__": "m"], [(testTime, 1)])])
        let most = device.operations - before
        for operation in 1...most {
            device.fail(.failedRead, at: operation)
            do {
                // The fault was met while closing, or not at all.
                #expect(try open().all().first?.samples.values == [1])
            } catch {
                #expect(device.faultsSeen == 1 && error is StoreError)
            }
            device.mend()
            #expect(try open().all().first?.samples.values == [1])
        }
    }

    /// What failed behind a commit, the emptying of the journal, once took back what was committed.
    @Test(arguments: [FaultyDevice.Fault.failedSync, .failedWrite, .noSpace])
    func aDeletionThatFailsAnywhereTakesNothingElseAway(fault: FaultyDevice.Fault) async throws {
        var operation = 0
        var faultsSeen = 1
        while faultsSeen > 0 {
            operation += 1
            let folder = try TemporaryFolder()
            let device = FaultyDevice(folder: folder.path, seed: 1)
            let clock = MovingClock(testTime)
            func open() throws -> TimeSeriesStore {
                try TimeSeriesStore(
                    try DiskFolder(making: folder.path), try FolderLock(folder: folder.path),
                    logFolder: try FaultyLogFolder(device), options: StoreOptions(), clock: clock, logger: quietLogger)
            }
            let kept = series(["__name__": "kept"], (0..<9).reversed().map { (testTime - $0 * 600_000, Double($0)) })
            var store: TimeSeriesStore? = try open()
            for name in ["gone", "kept"] {
                try await store?.append([SeriesSamples(labels: ["__name__": name], samples: kept.samples)])
                try await store?.flush()
            }
            clock.advance(by: 2 * BlockFile.dayMilliseconds)
            await store?.maintain()
            device.fail(fault, at: operation)
            let isDone = (try? await store?.delete([[LabelMatcher("__name__", .equal, "gone")]])) != nil
            faultsSeen = device.faultsSeen
            device.mend()
            for moment in ["in the same process", "after a restart"] {
                let found = try #require(store).all(from: 0, through: testTime)
                #expect(found.filter { $0.labels.metric == "kept" } == [kept], "\(fault) at \(operation), \(moment)")
                if isDone { #expect(found.allSatisfy { $0.labels.metric == "kept" || $0.samples.count == 0 }) }
                try await store?.close()
                store = try open()
            }
        }
        #expect(operation > 5)
    }

    @Test(.enabled(if: environment["EVENKEEL_SOAK_SECONDS"] != nil))
    func soak() async throws {
        let seconds = try #require(Double(Self.environment["EVENKEEL_SOAK_SECONDS"] ?? ""))
        var seed = UInt64(Self.environment["EVENKEEL_SOAK_SEED"] ?? "") ?? .random(in: 1_000...1_000_000)
        let start = ContinuousClock.now
        var told = 0
        while ContinuousClock.now - start < .seconds(seconds) {
            told += try await Self.faults(seed: seed, stride: 1)
            print("seed \(seed): \(told) faults so far")
            seed += 1
        }
    }

    @Test(.enabled(if: environment[planVariable] != nil))
    func oneFault() async throws {
        let plan = try #require(FaultStory.Plan(parsing: Self.environment[Self.planVariable] ?? ""))
        let story = try FaultStory(plan, seed: plan.seed, logger: Logger(label: "story"))
        try await story.run()
    }
}
