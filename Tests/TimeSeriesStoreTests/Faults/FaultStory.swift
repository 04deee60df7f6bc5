import FleetModel
import Foundation
import Logging
import Testing

@testable import TimeSeriesStore

/// One life of a store on a faulty device: work drawn from a seed, one fault at a chosen operation, and what must hold
/// during and after it.
///
/// - Every acknowledged sample within retention is there, bit for bit, whatever happened, and is in its rollup.
/// - Nothing is there that was not sent, or was deleted, and no sample is there twice.
/// - A backup that says it is made has all that was acknowledged before it.
/// - What fails is said: an operation throws, or it did what it was asked.
/// - When the fault is over the store works as before, without being opened anew.
final class FaultStory {
    /// Which fault, where, and in which work.
    struct Plan: CustomStringConvertible, Sendable {
        var fault: FaultyDevice.Fault
        /// At which operation of the device, counted from 1.
        var operation: Int
        /// For how many operations.
        var length = 1
        var seed: UInt64

        /// As the environment variable of the test that repeats it has it.
        var description: String { "\(fault.rawValue):\(operation):\(length):\(seed)" }

        init(_ fault: FaultyDevice.Fault, at operation: Int, length: Int = 1, seed: UInt64) {
            (self.fault, self.operation, self.length, self.seed) = (fault, operation, length, seed)
        }

        init?(parsing text: String) {
            let parts = text.split(separator: ":")
            guard parts.count == 4, let fault = FaultyDevice.Fault(rawValue: String(parts[0])),
                let operation = Int(parts[1]), let length = Int(parts[2]), let seed = UInt64(parts[3])
            else { return nil }
            self.init(fault, at: operation, length: length, seed: seed)
        }
    }

    /// What is wrong.
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    private enum Step {
        case write, flush, maintain, reopen, select, delete, backup
        case wait(hours: Int64)
    }

    private struct Sample: Hashable {
        let series: Int
        let time: Int64
    }

    private static let seriesCount = 6

    let plan: Plan?
    private let folder: TemporaryFolder
    let device: FaultyDevice
    private let clock = MovingClock(testTime)
    private var generator: SeededGenerator
    private var store: TimeSeriesStore?
    private var sent: Set<Sample> = []
    private var acknowledged: Set<Sample> = []
    /// What was ordered to be deleted: not sent again, since it may be there still, or too old to be taken anew.
    private var deleted: Set<Sample> = []
    private(set) var writes = 0
    private(set) var refusals = 0

    private let synchronous: Bool
    private let logger: Logger

    /// A story with a fault, or one in which all is well. A store that is not synchronous breaks its promises.
    init(_ plan: Plan?, seed: UInt64, synchronous: Bool = true, logger: Logger = quietLogger) throws {
        self.logger = logger
        self.plan = plan
        self.synchronous = synchronous
        folder = try TemporaryFolder()
        // What a power cut leaves differs from operation to operation.
        device = FaultyDevice(folder: folder.path, seed: seed << 20 ^ UInt64(plan?.operation ?? 0))
        generator = SeededGenerator(state: seed)
    }

    /// How many samples were acknowledged, those that were deleted afterwards included.
    private(set) var acknowledgedCount = 0

    // MARK: The story

    /// Tells it to the end. Throws `Broken` where something is wrong.
    func run() async throws {
        if let plan { device.fail(plan.fault, at: plan.operation, length: plan.length) }
        for step in script() {
            logger.info("\(step), at operation \(device.operations)")
            if device.isDead { break }
            guard let store = try openIfNeeded() else { break }
            try await take(step, store)
        }
        try recover()
        try check("after the fault")
        try await goOn()
        try await close()
        try check("after a clean stop")
        try checkBuckets("after a clean stop")
    }

    /// The steps, the same for the same seed: some days in which all that a store does happens.
    private func script() -> [Step] {
        var steps: [Step] = [.write, .write, .flush, .maintain]
        let choices: [Step] = [
            .write, .write, .write, .flush, .flush, .maintain, .reopen, .select, .wait(hours: 1), .wait(hours: 14),
            .delete, .backup,
        ]
        for _ in 0..<30 { steps.append(choices.randomElement(using: &generator) ?? .write) }
        // A day is over and is merged; a day is beyond retention.
        steps += [.write, .flush, .wait(hours: 30), .maintain, .write, .select, .wait(hours: 48), .maintain, .write]
        return steps
    }

    private func take(_ step: Step, _ store: TimeSeriesStore) async throws {
        switch step {
        case .write: await write(store)
        case .flush:
            try await attempt { try await store.flush() }
            await store.maintain()
        case .maintain: await store.maintain()
        case .reopen:
            try await attempt { try await store.close() }
            self.store = nil
        case .select: try select(store)
        case .delete: try await delete(store)
        case .backup: try await backUp(store)
        case .wait(let hours): clock.advance(by: hours * 3_600_000)
        }
    }

    /// Writes some samples of some series; mostly the next ones, some late, some once more.
    private func write(_ store: TimeSeriesStore) async {
        var batch: [Sample] = []
        let now = clock.now.milliseconds
        for series in 0..<Self.seriesCount where Int.random(in: 0..<3, using: &generator) > 0 {
            for _ in 0..<Int.random(in: 1...5, using: &generator) {
                let age = Int64.random(in: 0...5_000_000, using: &generator)
                batch.append(Sample(series: series, time: now - age / 1000 * 1000))
            }
        }
        // Sorted, since the order of a set differs from process to process, and a plan is to be repeatable.
        let earlier = sent.subtracting(deleted).sorted { ($0.series, $0.time) < ($1.series, $1.time) }
        if let old = earlier.randomElement(using: &generator) { batch.append(old) }
        batch = Set(batch).subtracting(deleted).sorted { ($0.series, $0.time) < ($1.series, $1.time) }
        await send(batch, store)
    }

    private func send(_ batch: [Sample], _ store: TimeSeriesStore) async {
        writes += 1
        sent.formUnion(batch)
        do {
            try await store.append(
                Dictionary(grouping: batch, by: \.series).sorted { $0.key < $1.key }.map { number, samples in
                    series(Self.labels(number), samples.map { ($0.time, Self.value($0)) })
                })
            acknowledged.formUnion(batch)
            acknowledgedCount += batch.count
        } catch {
            refusals += 1
        }
    }

    /// Deletes a series, all of it or some whole buckets.
    private func delete(_ store: TimeSeriesStore) async throws {
        let number = Int.random(in: 0..<Self.seriesCount, using: &generator)
        var span: ClosedRange<Int64> = .min ... .max
        if Bool.random(using: &generator) {
            let end = clock.now.milliseconds / BucketColumns.width * BucketColumns.width
            span = end - Int64.random(in: 1...400, using: &generator) * BucketColumns.width + 1...end
        }
        let gone = sent.filter { $0.series == number && span.contains($0.time) }
        acknowledged.subtract(gone)
        deleted.formUnion(gone)
        try await attempt {
            _ = try await store.delete(
                [[LabelMatcher("n", .equal, "\(number)")]], from: span.lowerBound, through: span.upperBound)
            self.sent.subtract(gone)
        }
    }

    /// Backs up; what says that it is whole must be.
    private func backUp(_ store: TimeSeriesStore) async throws {
        let copy = try TemporaryFolder()
        let due = samplesDue()
        try await attempt {
            _ = try await store.copy(to: copy.path + "/copy") { _ in true }
            let (moment, folder) = (self.clock.now.milliseconds, copy.path + "/copy")
            let found = try TimeSeriesStore(
                directory: folder, options: self.options, clock: MovingClock(moment), logger: quietLogger
            ).all().flatMap { one in
                one.samples.times.map { Sample(series: Int(one.labels["n"] ?? "") ?? -1, time: $0) }
            }
            let lost = due.subtracting(found)
            guard lost.isEmpty else { throw Broken(description: "\(lost.count) of \(due.count) are not in a backup") }
        }
    }

    private func select(_ store: TimeSeriesStore) throws {
        do {
            _ = try store.all()
        } catch {
            // A full disk stops no reader.
            guard device.faultsSeen > 0, plan?.fault != .noSpace else { throw Broken(description: "select: \(error)") }
        }
    }

    /// Runs what may fail while the fault lasts, and only then.
    private func attempt(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as Broken {
            throw error
        } catch {
            guard device.faultsSeen > 0 || device.isDead else { throw Broken(description: "for no reason: \(error)") }
            if plan?.fault == .noSpace, case .noSpace = error as? StoreError {
            } else if plan?.fault == .noSpace {
                guard case .shuttingDown = error as? StoreError else {
                    throw Broken(description: "no space, and it says: \(error)")
                }
            }
        }
    }

    // MARK: Opening

    /// The open store; `nil` when it cannot be opened because the power is gone.
    private func openIfNeeded() throws -> TimeSeriesStore? {
        if let store { return store }
        do {
            store = try open()
        } catch {
            guard device.faultsSeen > 0 || device.isDead else { throw Broken(description: "open: \(error)") }
            if device.isDead { return nil }
            device.mend()
            store = try open()
        }
        return store
    }

    private var options: StoreOptions {
        var options = StoreOptions()
        options.rawRetention = .seconds(2 * 86_400)
        options.maximumAgeInMemory = .seconds(365 * 86_400)
        // SQLite must read its files, not remember them.
        options.pageCacheBytes = 1
        options.synchronous = synchronous
        return options
    }

    private func open() throws -> TimeSeriesStore {
        try TimeSeriesStore(
            try DiskFolder(making: folder.path), try FolderLock(folder: folder.path),
            logFolder: try FaultyLogFolder(device), options: options, clock: clock,
            logger: logger)
    }

    /// The fault is over: the disk works again, or the power is back and the store is opened anew.
    private func recover() throws {
        if device.isDead {
            store = nil
            try device.restart()
        }
        device.mend()
        _ = try openIfNeeded()
    }

    /// What worked before works again.
    private func goOn() async throws {
        guard let store else { return }
        let before = acknowledged.count
        await send([Sample(series: 0, time: clock.now.milliseconds)], store)
        guard acknowledged.count > before else { throw Broken(description: "it takes no writes after the fault") }
        try await attempt { try await store.flush() }
        await store.maintain()
        try check("after the flush that followed")
        // Not before: memory may have held samples of a day that was gone when they could be written at last.
        try checkBuckets("after the flush that followed")
    }

    private func close() async throws {
        try await store?.close()
        store = nil
        _ = try openIfNeeded()
    }

    // MARK: What must hold

    private func check(_ when: String) throws {
        guard let store else { throw Broken(description: "\(when): it is not open") }
        var found: Set<Sample> = []
        for one in try store.all() {
            guard let number = one.labels["n"].flatMap({ Int($0) }) else {
                throw Broken(description: "\(when): the series \(one.labels) was never sent")
            }
            for (time, value) in zip(one.samples.times, one.samples.values) {
                let sample = Sample(series: number, time: time)
                guard sent.contains(sample), value.bitPattern == Self.value(sample).bitPattern else {
                    throw Broken(description: "\(when): series \(number) has \(value) at \(time), which was not sent")
                }
                guard found.insert(sample).inserted else {
                    throw Broken(description: "\(when): series \(number) has \(time) twice")
                }
            }
        }
        let due = samplesDue()
        let lost = due.subtracting(found)
        guard lost.isEmpty else {
            throw Broken(description: "\(when): \(lost.count) of \(due.count) acknowledged samples are lost")
        }
    }

    /// What was acknowledged and is not beyond retention.
    private func samplesDue() -> Set<Sample> {
        let oldest = BlockFile.day(of: clock.now.milliseconds - 2 * BlockFile.dayMilliseconds)
        return acknowledged.filter { BlockFile.day(of: $0.time) >= oldest }
    }

    /// Every acknowledged sample is in its bucket, also when its day is gone, and none is there that was not sent.
    private func checkBuckets(_ when: String) throws {
        guard let store else { return }
        let last = clock.now.milliseconds + BucketColumns.width
        let set = try store.selectBuckets([], from: 0, through: last)
        // A day that must go while the disk is full goes without its buckets, and that is said.
        let isComplete = plan?.fault != .noSpace && plan?.fault != .shortWrite
        var columns = BucketColumns()
        for index in 0..<set.count {
            guard let number = set.labels(at: index)["n"].flatMap({ Int($0) }) else { continue }
            try set.read(index, .last, into: &columns)
            let counts = Dictionary(uniqueKeysWithValues: zip(columns.times, columns.count))
            let most = Self.buckets(sent, of: number)
            let least = isComplete ? Self.buckets(acknowledged, of: number) : [:]
            for (end, count) in least where Int(counts[end] ?? 0) < count {
                throw Broken(description: "\(when): series \(number) has \(counts[end] ?? 0) of \(count) in \(end)")
            }
            for (end, count) in counts where Int(count) > most[end] ?? 0 {
                throw Broken(description: "\(when): series \(number) has \(count), not \(most[end] ?? 0), in \(end)")
            }
        }
    }

    private static func buckets(_ samples: Set<Sample>, of series: Int) -> [Int64: Int] {
        samples.reduce(into: [:]) { counts, sample in
            guard sample.series == series else { return }
            counts[(sample.time + BucketColumns.width - 1) / BucketColumns.width * BucketColumns.width, default: 0] += 1
        }
    }

    private static func labels(_ number: Int) -> Labels { ["__name__": "m", "n": "\(number)"] }

    /// The value that a sample always has; of all kinds, NaN and -0.0 among them.
    private static func value(_ sample: Sample) -> Double {
        var generator = SeededGenerator(state: UInt64(sample.series) << 48 ^ UInt64(bitPattern: sample.time))
        let word = generator.next()
        switch sample.series {
        case 0: return Double(sample.time % 1000)
        case 1: return Double(bitPattern: word)
        case 2: return word % 3 == 0 ? -0.0 : Double(word % 100) / 10
        case 3: return Double(bitPattern: 0x7ff8_0000_0000_0000 | word >> 16)
        default: return Double(word % 1_000_000)
        }
    }
}
