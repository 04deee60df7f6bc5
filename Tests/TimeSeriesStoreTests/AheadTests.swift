import FleetModel
import Foundation
import Logging
import MetricsWire
import Testing

@testable import TimeSeriesStore

/// A clock that a test sets.
private final class SetClock: Clock {
    private let time = Locked(Timestamp(milliseconds: testTime))

    var now: Timestamp { time.withLock { $0 } }
    func set(_ milliseconds: Int64) { time.withLock { $0 = Timestamp(milliseconds: milliseconds) } }
    func sleep(until moment: Timestamp) async throws {}
}

@Suite("A clock that was ahead")
struct AheadTests {
    private static let day: Int64 = 86_400_000
    private let a: Labels = ["__name__": "m", "host": "a"]
    private let b: Labels = ["__name__": "m", "host": "b"]
    private let folder: TemporaryFolder
    private let clock = SetClock()

    init() throws { folder = try TemporaryFolder() }

    private func open() throws -> TimeSeriesStore {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var options = StoreOptions()
        // No power is lost here, and there are thousands of writes.
        options.synchronous = false
        return try TimeSeriesStore(directory: folder.path, options: options, clock: clock, logger: logger)
    }

    /// Writes a sample of each series every fifteen seconds, stamped by the clock.
    private func write(_ store: TimeSeriesStore, for seconds: Int64) async throws {
        for _ in 0..<seconds / 15 {
            let time = clock.now.milliseconds
            try await store.append([series(a, [(time, 1)]), series(b, [(time, 2)])])
            clock.set(time + 15_000)
        }
    }

    /// The times of a series that a selection finds.
    private func times(_ store: TimeSeriesStore, _ labels: Labels) throws -> [Int64] {
        try store.all().first { $0.labels == labels }?.samples.times ?? []
    }

    enum End: CaseIterable {
        case running, closed, killed
    }

    @Test("What comes once it is right again is taken, and what it wrote is set aside", arguments: End.allCases)
    func setAside(end: End) async throws {
        var store: TimeSeriesStore? = try open()
        try await write(#require(store), for: 60)
        clock.set(testTime + Self.day)
        try await write(#require(store), for: 30)
        if end == .closed { try await store?.close() }
        clock.set(testTime + 90_000)
        if end != .running {
            store = nil
            store = try open()
        }
        let running = try #require(store)
        try await write(running, for: 60)
        await running.maintain()
        let real = Array(stride(from: testTime, to: testTime + 60_000, by: 15_000))
        let fresh = Array(stride(from: testTime + 90_000, to: testTime + 150_000, by: 15_000))
        #expect(try times(running, a) == real + fresh && times(running, b) == real + fresh)
        let lines = running.condition.lines
        #expect(lines.count == 1 && lines[0].contains("the server's clock was ahead"), "\(lines)")
        #expect(lines.first?.contains("set-aside/2023-11-15T221320Z-to-2023-11-15T221335Z") == true, "\(lines)")
        // From now on samples come in order again.
        try await write(running, for: 30)
        #expect(!running.state.withLock { $0.isAhead })
        try await running.close()
        store = nil
        let again = try open()
        #expect(try times(again, a).count == real.count + fresh.count + 2)
        #expect(again.condition.lines == lines, "somebody has to look after it, also after a restart")
        try FileManager.default.removeItem(atPath: folder.path + "/set-aside")
        #expect(again.condition.lines.isEmpty)
    }

    @Test("What was set aside comes back where its files go behind those of the log")
    func takenBack() async throws {
        var store: TimeSeriesStore? = try open()
        try await write(#require(store), for: 30)
        clock.set(testTime + Self.day)
        try await write(#require(store), for: 30)
        clock.set(testTime + 120_000)
        try await write(#require(store), for: 30)
        await store?.maintain()
        #expect(try times(#require(store), a).count == 4)
        try await store?.close()
        store = nil
        let name = try #require(SetAside(folder: folder.path).names.first)
        let moved = folder.path + "/log/00000099.log"
        try FileManager.default.moveItem(atPath: "\(folder.path)/set-aside/\(name)/00000001.log", toPath: moved)
        clock.set(testTime + Self.day + 60_000)
        #expect(
            try times(open(), a)
                == [0, 15_000, 120_000, 135_000, Self.day, Self.day + 15_000].map { testTime + $0 })
    }

    @Test("A young store whose clock slips back keeps all that it has: nothing tells that the clock was wrong before")
    func young() async throws {
        let store = try open()
        clock.set(testTime + Self.day)
        try await write(store, for: 1800)
        clock.set(testTime)
        try await write(store, for: 30)
        await store.maintain()
        #expect(try times(store, a).count == 1800 / 15 + 2)
        #expect(SetAside(folder: folder.path).names.isEmpty)
        let lines = store.condition.lines
        #expect(lines.count == 1 && lines[0].contains("lie in the future of the server's clock"), "\(lines)")
    }

    @Test("A clock that is behind now takes nothing away, and is told of", arguments: [day, 4_500_000])
    func behind(by span: Int64) async throws {
        let store = try open()
        clock.set(testTime - span)
        try await write(store, for: span / 1000)
        let before = try times(store, a)
        clock.set(testTime - span)
        clock.set(clock.now.milliseconds + 7)
        try await write(store, for: 60)
        await store.maintain()
        #expect(try times(store, a).count == before.count + 4)
        let lines = store.condition.lines
        #expect(lines.count == 1 && lines[0].contains("lie in the future of the server's clock"), "\(lines)")
        #expect(SetAside(folder: folder.path).names.isEmpty)
        clock.set(testTime + 1)
        #expect(store.condition.lines.isEmpty, "the time has come")
    }

    @Test("More than an hour of a clock that was ahead stays, and what comes now is taken all the same")
    func long() async throws {
        let store = try open()
        clock.set(testTime + Self.day)
        try await write(store, for: 3700)
        clock.set(testTime)
        try await write(store, for: 60)
        await store.maintain()
        #expect(try times(store, a).count == 4 + 3700 / 15)
        #expect(store.condition.lines.first?.contains("delete_series with their times takes them out") == true)
        let all = [LabelMatcher("__name__", .equal, "m")]
        _ = try await store.delete([all], from: testTime + Self.day - 1)
        #expect(try times(store, a).count == 4 && store.condition.lines.isEmpty)
    }
}
