import FleetModel
import Foundation
import Testing

@testable import SampleExport

@Suite struct ExportQueueTests {
    private static let start = Timestamp(milliseconds: 1_000_000)

    private func folder() -> String {
        FileManager.default.temporaryDirectory.appending(path: "evenkeel-export-\(UUID().uuidString)").path
    }

    private func limits(bytes: Int = 1 << 20, age: Duration = .seconds(3600)) -> ExportQueue.Limits {
        var limits = ExportQueue.Limits()
        limits.bytes = bytes
        limits.age = age
        limits.segmentBytes = 1000
        return limits
    }

    private func body(_ number: Int) -> [UInt8] { Array("request \(number) ".utf8) + [UInt8](repeating: 7, count: 80) }

    private func fill(_ queue: ExportQueue, _ numbers: Range<Int>, at time: Timestamp = start) {
        for number in numbers { queue.append(body(number), samples: number, at: time) }
    }

    private func take(_ queue: ExportQueue, _ count: Int, at time: Timestamp = start) throws -> [QueueRecord] {
        let records = try queue.next(count: count, bytes: 1 << 20, at: time)
        if let last = records.last {
            queue.sent(through: last.number, bytes: records.reduce(0) { $0 + $1.body.count + QueueSegment.header })
        }
        return records
    }

    @Test func whatIsAddedComesOutInOrderAcrossSegments() throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let queue = try ExportQueue(folder, limits: limits())
        #expect(try take(queue, 5).isEmpty)
        fill(queue, 0..<100)
        #expect(queue.figures.records == 100)
        var seen: [[UInt8]] = []
        while case let records = try take(queue, 7), !records.isEmpty { seen += records.map(\.body) }
        #expect(seen == (0..<100).map { body($0) })
        #expect(queue.figures.records == 0 && queue.figures.bytes == 0 && queue.figures.dropped == 0)
        fill(queue, 100..<103)
        #expect(try take(queue, 9).map(\.number) == [100, 101, 102])
    }

    @Test func whatWasAddedSurvivesTheProcessAndNothingIsSkipped() throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let queue = try ExportQueue(folder, limits: limits())
            fill(queue, 0..<40)
            _ = try take(queue, 12)
            try queue.keep()
            _ = try take(queue, 3)
        }
        // Three more were sent than written down: they come again.
        let again = try ExportQueue(folder, limits: limits())
        let number = try #require(try again.next(count: 1, bytes: 1, at: Self.start).first?.number)
        #expect(number > 0 && number <= 15)
        var seen: [Int] = []
        while case let records = try take(again, 6), !records.isEmpty { seen += records.map(\.samples) }
        #expect(seen == Array(Int(number)..<40))
        fill(again, 40..<41)
        #expect(try take(again, 1).map(\.number) == [40])
    }

    @Test func aTornEndIsCutOffAndDamageIsSkippedAndCounted() throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let queue = try ExportQueue(folder, limits: limits())
            fill(queue, 0..<20)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".records") }
            .sorted()
        #expect(names.count >= 3)
        let last = try #require(names.last)
        let handle = try #require(FileHandle(forWritingAtPath: folder + "/" + last))
        let end = try handle.seekToEnd()
        try handle.truncate(atOffset: end - 5)
        let second = try #require(FileHandle(forWritingAtPath: folder + "/" + names[1]))
        try second.seek(toOffset: 30)
        try second.write(contentsOf: Data([0xff, 0xff]))
        let queue = try ExportQueue(folder, limits: limits())
        var seen: [Int] = []
        while case let records = try take(queue, 100), !records.isEmpty { seen += records.map(\.samples) }
        #expect(seen.count < 19 && seen == seen.sorted() && seen.contains(18) && !seen.contains(19))
        let lost = Set(0..<19).subtracting(seen)
        #expect(queue.figures.dropped == lost.reduce(0, +))
        fill(queue, 50..<51)
        #expect(try take(queue, 1).map(\.samples) == [50])
    }

    @Test func beyondItsSizeTheOldestIsDroppedAndCounted() throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let queue = try ExportQueue(folder, limits: limits(bytes: 5000))
        fill(queue, 0..<200)
        #expect(queue.figures.bytes <= 5000)
        var seen: [Int] = []
        while case let records = try take(queue, 100), !records.isEmpty { seen += records.map(\.samples) }
        #expect(seen.last == 199 && seen == Array((seen.first ?? 0)..<200))
        #expect(queue.figures.dropped == (0..<(seen.first ?? 0)).reduce(0, +))
    }

    @Test func whatWaitedTooLongIsDroppedAndCounted() throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let queue = try ExportQueue(folder, limits: limits(age: .seconds(60)))
        fill(queue, 1..<4)
        fill(queue, 4..<6, at: Self.start + .seconds(50))
        #expect(try take(queue, 10, at: Self.start + .seconds(61)).map(\.samples) == [4, 5])
        #expect(queue.figures.dropped == 6)
    }

    @Test func aFullDiskLosesSamplesAndSaysSo() throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let queue = try ExportQueue(folder, limits: limits())
        fill(queue, 1..<3)
        try FileManager.default.removeItem(atPath: folder)
        fill(queue, 3..<40)
        #expect(queue.figures.dropped > 0)
        #expect(queue.figures.problem?.contains(folder) == true)
    }

    @Test func refusedRequestsAreKeptForAPersonUpToABound() throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let queue = try ExportQueue(folder, limits: limits())
        for number in 0..<20 {
            queue.setAside(QueueRecord(number: UInt64(number), time: Self.start, samples: 1, body: body(number)))
        }
        let kept = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("refused-") }
        #expect(kept.count == 16 && kept.contains("refused-0000000000000013"))
    }
}
