import FleetModel
import Foundation
import Logging
import Testing

@testable import TimeSeriesStore

/// A real process that is really killed: the test starts itself again as a child that only works. Its clock runs ahead
/// with what it writes, five minutes a batch, so that within a second it flushes, merges, rolls up days and lets go of
/// old ones, and is killed in the middle of any of that.
@Suite(.serialized) struct KillTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let folderVariable = "EVENKEEL_TEST_INGEST_FOLDER"
    private static let series = 20
    private static let step: Int64 = 300_000

    private static var options: StoreOptions {
        var options = StoreOptions()
        options.samplesPerFlush = 1
        options.minimumFlush = 300
        options.rawRetention = .seconds(2 * 86_400)
        return options
    }

    private static func open(_ folder: String, at time: Int64) throws -> (TimeSeriesStore, MovingClock) {
        let clock = MovingClock(time)
        let store = try TimeSeriesStore(directory: folder, options: options, clock: clock, logger: quietLogger)
        return (store, clock)
    }

    private static func batch(_ time: Int64) -> [SeriesSamples] {
        (0..<series).map { TimeSeriesStoreTests.series(["__name__": "m", "n": "\($0)"], [(time, Double(time))]) }
    }

    @Test(.enabled(if: environment[folderVariable] != nil))
    func child() async throws {
        let folder = try #require(Self.environment[Self.folderVariable])
        let start = Int64(Self.environment[Self.folderVariable + "_TIME"] ?? "") ?? testTime
        let (store, clock) = try Self.open(folder, at: start)
        for time in stride(from: start, to: .max, by: Int64.Stride(Self.step)) {
            clock.advance(by: time - clock.now.milliseconds)
            try await store.append(Self.batch(time))
            FileHandle.standardOutput.write(Data("acknowledged \(time)\n".utf8))
        }
    }

    @Test(.enabled(if: environment[folderVariable] == nil), .timeLimit(.minutes(3)))
    func nothingAcknowledgedIsLostToAKill() async throws {
        var generator = SeededGenerator(state: 5)
        try Self.kill(times: 6, &generator)
    }

    @Test(.enabled(if: environment["EVENKEEL_SOAK_SECONDS"] != nil && environment[folderVariable] == nil))
    func soak() throws {
        let seconds = try #require(Double(Self.environment["EVENKEEL_SOAK_SECONDS"] ?? ""))
        let start = ContinuousClock.now
        var kills = 0
        while ContinuousClock.now - start < .seconds(seconds) {
            var generator = SeededGenerator(state: .random(in: 0 ... .max))
            try Self.kill(times: 20, &generator)
            kills += 20
            print("\(kills) kills so far")
        }
    }

    /// Kills a child again and again over one folder; after each kill everything that it acknowledged is there.
    private static func kill(times: Int, _ generator: inout SeededGenerator) throws {
        let folder = try TemporaryFolder()
        var acknowledged: Set<Int64> = []
        var next = testTime
        for _ in 0..<times {
            let lines = Int.random(in: 1...900, using: &generator)
            acknowledged.formUnion(try runChild(folder.path, from: next, lines: lines))
            // One more may have been written and not acknowledged.
            let last = max(next, (acknowledged.max() ?? next) + step)
            try expect(acknowledged, upTo: last, in: folder.path)
            next = last + step
        }
        #expect(acknowledged.count > 100)
    }

    private static func expect(_ acknowledged: Set<Int64>, upTo last: Int64, in folder: String) throws {
        let (store, _) = try open(folder, at: last)
        let all = try store.all()
        #expect(all.count == series)
        let oldest = BlockFile.day(of: last - 2 * BlockFile.dayMilliseconds)
        let due = acknowledged.filter { BlockFile.day(of: $0) >= oldest }
        for one in all {
            #expect(due.subtracting(one.samples.times).isEmpty)
            #expect(one.samples.times.map(Double.init) == one.samples.values)
        }
        // A batch falls on the end of a bucket, so each has one of its own, which stays when its day goes.
        let set = try store.selectBuckets([], from: 0, through: last)
        var buckets = BucketColumns()
        for index in 0..<set.count {
            try set.read(index, .sum, into: &buckets)
            let ends = Dictionary(uniqueKeysWithValues: zip(buckets.times, buckets.sum))
            #expect(
                acknowledged.allSatisfy { time in
                    ends[(time + step - 1) / step * step] == Double(time)
                })
            #expect(buckets.count.allSatisfy { $0 == 1 })
        }
    }

    /// Runs the child until it has acknowledged some writes, kills it, and returns all times it acknowledged.
    private static func runChild(_ folder: String, from start: Int64, lines: Int) throws -> [Int64] {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--testing-library", "swift-testing", "--filter", "KillTests/child"]
        child.environment = environment.merging([folderVariable: folder, folderVariable + "_TIME": "\(start)"]) { $1 }
        let pipe = Pipe()
        child.standardOutput = pipe
        child.standardError = FileHandle.nullDevice
        try child.run()
        var output = Data()
        while output.count(where: { $0 == 0x0a }) < lines + 3 {
            let more = pipe.fileHandleForReading.availableData
            if more.isEmpty { break }
            output.append(more)
        }
        Foundation.kill(child.processIdentifier, SIGKILL)
        output.append(pipe.fileHandleForReading.readDataToEndOfFile())
        child.waitUntilExit()
        // A last line without its end may be half a number.
        let whole = output.prefix(through: output.lastIndex(of: 0x0a) ?? output.startIndex)
        return String(decoding: whole, as: UTF8.self).split(separator: "\n").compactMap { line in
            line.hasPrefix("acknowledged ") ? Int64(line.dropFirst(13)) : nil
        }
    }
}
