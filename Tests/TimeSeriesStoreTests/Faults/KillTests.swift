import FleetModel
import Foundation
import Logging
import Testing

@testable import TimeSeriesStore

/// A real process that is really killed: the test starts itself again as a child that only works. Its clock runs ahead
/// with what it writes, five minutes a batch, so that within a second it flushes, merges, rolls up days and lets go of
/// old ones, while one backup after the other is made, and is killed in the middle of any of that.
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
        let newest = Locked(start - 1)
        let backups = Task.detached {
            for number in 0... {
                let (copy, begun) = (folder + "-\(start)-\(number)", newest.withLock { $0 })
                _ = try await store.copy(to: copy) { _ in true }
                FileHandle.standardOutput.write(Data("copied \(begun) \(copy)\n".utf8))
            }
        }
        defer { backups.cancel() }
        for time in stride(from: start, to: .max, by: Int64.Stride(Self.step)) {
            clock.advance(by: time - clock.now.milliseconds)
            try await store.append(Self.batch(time))
            FileHandle.standardOutput.write(Data("acknowledged \(time)\n".utf8))
            newest.withLock { $0 = time }
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
        let home = try TemporaryFolder()
        let folder = home.path + "/store"
        var acknowledged: Set<Int64> = []
        var next = testTime
        var copies = 0
        for _ in 0..<times {
            let lines = Int.random(in: 1...900, using: &generator)
            let output = try runChild(folder, from: next, lines: lines)
            let before = acknowledged
            acknowledged.formUnion(output.compactMap { $0.first == "acknowledged" ? Int64($0[1]) : nil })
            // One more may have been written and not acknowledged.
            let last = max(next, (acknowledged.max() ?? next) + step)
            let damages = try StoreCheck(folder: folder).run().damages.map { "\($0.file): \($0.reason)" }
            #expect(damages.isEmpty, "\(damages)")
            try expect(acknowledged, upTo: last, in: folder)
            for line in output where line.first == "copied" {
                let begun = try #require(Int64(line[1]))
                try expect(before.union(acknowledged.filter { $0 <= begun }), upTo: last, in: line[2], isWhole: false)
                copies += 1
            }
            for name in try FileManager.default.contentsOfDirectory(atPath: home.path) where name != "store" {
                try FileManager.default.removeItem(atPath: home.path + "/" + name)
            }
            next = last + step
        }
        #expect(acknowledged.count > 100 && copies > 0)
    }

    /// Opens a folder and looks for what must be there; days that a copy was made before are not rolled up in it.
    private static func expect(
        _ acknowledged: Set<Int64>, upTo last: Int64, in folder: String, isWhole: Bool = true
    ) throws {
        let (store, _) = try open(folder, at: last)
        let all = try store.all()
        #expect(all.count == series || acknowledged.isEmpty)
        let oldest = BlockFile.day(of: last - 2 * BlockFile.dayMilliseconds)
        let due = acknowledged.filter { BlockFile.day(of: $0) >= oldest }
        for one in all {
            #expect(due.subtracting(one.samples.times).isEmpty)
            #expect(one.samples.times.map(Double.init) == one.samples.values)
        }
        guard isWhole else { return }
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

    /// Runs the child until it has said so many lines, kills it, and returns all that it said, as words.
    private static func runChild(_ folder: String, from start: Int64, lines: Int) throws -> [[String]] {
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
        return String(decoding: whole, as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: " ").map(String.init)
        }
    }
}
