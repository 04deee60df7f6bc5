import Delivery
import FleetModel
import Foundation

/// What waits on disk for a receiver, in order. Adding to it takes microseconds and never waits for the disk or for the
/// receiver; beyond its bounds the oldest is dropped and counted.
///
/// ```
/// NNNNNNNNNNNNNNNN.records    see QueueSegment
/// position                    the number of the next record to send (u64, as one RecordFrame)
/// refused-NNNNNNNNNNNNNNNN    a request that the receiver refused for good, for a person to look at
/// ```
/// What was added survives the death of the process at once and that of the machine after a second. After either, some
/// of what the receiver has may be sent again.
final class ExportQueue: Sendable {
    /// Bounds of a queue.
    struct Limits: Hashable, Sendable {
        /// Bytes on disk.
        var bytes = 1 << 30
        /// How long a record may wait.
        var age: Duration = .seconds(7 * 86_400)
        /// Bytes after which a new segment begins.
        var segmentBytes = 4 << 20
        /// Refused requests that are kept.
        var refused = 16
    }

    private struct State: Sendable {
        var segments: [QueueSegment]
        var position: UInt64
        var dropped = 0
        var problem: String?
        /// Segments with what the disk has not.
        var unsynced: [QueueFile] = []
        /// The position that the file has.
        var savedPosition: UInt64 = .max
        /// Where the record at `position` begins in the first segment.
        var offset = 0

        mutating func markUnsynced() {
            guard let file = segments.last?.file, unsynced.last !== file else { return }
            unsynced.append(file)
        }
    }

    private static let positionName = "position"

    private let folder: String
    private let limits: Limits
    private let state: Locked<State>
    private let positionFile: QueueFile
    private let signal: AsyncStream<Void>.Continuation
    /// Says that something was added; for one reader.
    let arrivals: AsyncStream<Void>

    /// Opens the queue in `folder`, which is made where it is missing.
    init(_ folder: String, limits: Limits = Limits()) throws(ExportError) {
        self.folder = folder
        self.limits = limits
        let names: [String]
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw .file(path: folder, call: "open", reason: error.localizedDescription)
        }
        let firsts = names.compactMap(QueueSegment.first).sorted()
        var segments: [QueueSegment] = []
        for first in firsts {
            let path = folder + "/" + QueueSegment.name(first)
            segments.append(try QueueSegment(path, first: first, isLast: first == firsts.last))
        }
        // Between two segments nothing is missing unless the first of them was damaged and cut.
        let missing = zip(segments, segments.dropFirst()).reduce(0) { $0 + Int(clamping: $1.1.first - $1.0.end) }
        positionFile = try QueueFile(folder + "/" + Self.positionName)
        let stored = RecordFrame.scan(try positionFile.read(64, at: 0)).payloads.first
        let position = stored.flatMap { LittleEndian.read(UInt64.self, from: $0, at: 0) } ?? 0
        let end = segments.last?.end ?? 0
        var state = State(segments: segments, position: max(position, segments.first?.first ?? 0), dropped: missing)
        // What was sent may be newer than what the disk kept of the queue.
        if state.position > end { state.segments = [] }
        Self.removeSent(&state, keepingLast: false)
        try Self.findOffset(&state)
        self.state = Locked(state)
        (arrivals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        signal.yield()
    }

    // MARK: Adding

    /// Adds a request. Where the disk takes nothing, or there is no room, it is dropped and counted.
    func append(_ body: [UInt8], samples: Int, at time: Timestamp) {
        state.withLock { state in
            do throws(ExportError) {
                try makeRoom(body.count + QueueSegment.header, &state, at: time)
                try state.segments[state.segments.count - 1].append(body, samples: samples, time: time)
                state.markUnsynced()
                state.problem = nil
            } catch {
                state.dropped += samples
                state.problem = "\(error)"
            }
        }
        signal.yield()
    }

    /// Sees to it that the last segment can take `bytes` more.
    private func makeRoom(_ bytes: Int, _ state: inout State, at time: Timestamp) throws(ExportError) {
        if let last = state.segments.last, last.bytes > 0, last.bytes + bytes > limits.segmentBytes {
            try begin(&state, at: last.end)
        } else if state.segments.isEmpty {
            try begin(&state, at: state.position)
        }
        while state.segments.count > 1, state.segments.reduce(bytes, { $0 + $1.bytes }) > limits.bytes {
            dropOldest(&state)
        }
        while let oldest = state.segments.first, state.segments.count > 1, time - oldest.newest > limits.age {
            dropOldest(&state)
        }
    }

    private func begin(_ state: inout State, at number: UInt64) throws(ExportError) {
        let path = folder + "/" + QueueSegment.name(number)
        state.segments.append(try QueueSegment(path, first: number, isLast: true))
    }

    private func dropOldest(_ state: inout State) {
        let oldest = state.segments.removeFirst()
        try? FileManager.default.removeItem(atPath: oldest.file.path)
        guard oldest.end > state.position else { return }
        // Samples of records in it that were sent already do not count.
        let left = (try? oldest.waitingSamples(from: state.offset)) ?? oldest.samples
        state.dropped += state.position > oldest.first ? left : oldest.samples
        state.position = oldest.end
        state.offset = 0
    }

    // MARK: Reading

    /// The oldest records that wait, at least one and as many as fit into `bytes` and `count`; empty where none waits.
    /// What waited too long or is damaged is dropped and counted.
    func next(count: Int, bytes: Int, at time: Timestamp) throws(ExportError) -> [QueueRecord] {
        while true {
            let place: (segment: QueueSegment, offset: Int, number: UInt64)? = state.withLock { state in
                Self.removeSent(&state, keepingLast: true)
                guard let segment = state.segments.first, state.position < segment.end else { return nil }
                return (segment, state.offset, state.position)
            }
            guard let place else { return [] }
            let read = try place.segment.records(from: place.offset, number: place.number, limit: bytes)
            let fresh = read.records.drop { time - $0.time > limits.age }
            let stale = read.records.prefix(read.records.count - fresh.count)
            if !stale.isEmpty { drop(through: stale) }
            if read.records.isEmpty { dropRest(of: place.segment) }
            if !fresh.isEmpty { return Array(fresh.prefix(max(1, count))) }
        }
    }

    private func drop(through stale: ArraySlice<QueueRecord>) {
        guard let last = stale.last else { return }
        state.withLock { $0.dropped += stale.reduce(0) { $0 + $1.samples } }
        sent(through: last.number, bytes: stale.reduce(0) { $0 + $1.body.count + QueueSegment.header })
    }

    /// The rest of a damaged segment is lost.
    private func dropRest(of segment: QueueSegment) {
        state.withLock { state in
            guard state.segments.first?.first == segment.first, state.position < segment.end else { return }
            let lost = (try? segment.waitingSamples(from: state.offset)) ?? segment.samples
            state.dropped += max(1, lost)
            state.position = state.segments[0].end
            state.offset = state.segments[0].bytes
            state.problem = "\(segment.file.path) is damaged; what is left of it is skipped"
        }
    }

    /// The records up to `number`, of `bytes` bytes in the file, are done with.
    func sent(through number: UInt64, bytes: Int) {
        state.withLock { state in
            guard number >= state.position else { return }
            state.position = number + 1
            state.offset += bytes
            Self.removeSent(&state, keepingLast: true)
        }
    }

    /// The receiver refused a request for good: it is kept for a person, and never blocks the rest.
    func setAside(_ record: QueueRecord) {
        let name = "refused-" + QueueSegment.name(record.number).dropLast(QueueSegment.suffix.count)
        try? Data(record.body).write(to: URL(filePath: folder + "/" + name), options: .atomic)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for old in names.filter({ $0.hasPrefix("refused-") }).sorted().dropLast(limits.refused) {
            try? FileManager.default.removeItem(atPath: folder + "/" + old)
        }
    }

    private static func removeSent(_ state: inout State, keepingLast: Bool) {
        while let first = state.segments.first, first.end <= state.position,
            state.segments.count > (keepingLast ? 1 : 0)
        {
            try? FileManager.default.removeItem(atPath: first.file.path)
            state.segments.removeFirst()
            state.offset = 0
            state.position = max(state.position, state.segments.first?.first ?? 0)
        }
    }

    /// Where the record at the position begins.
    private static func findOffset(_ state: inout State) throws(ExportError) {
        guard let segment = state.segments.first else { return }
        var number = segment.first
        state.offset = 0
        while number < state.position {
            let head = try segment.file.read(4, at: state.offset)
            guard let size = LittleEndian.read(UInt32.self, from: head, at: 0) else { return }
            state.offset += RecordFrame.overhead + Int(size)
            number += 1
        }
    }

    // MARK: Keeping

    /// Brings to the disk what it has not, and writes down how far the receiver is.
    func keep() throws(ExportError) {
        let (files, position): ([QueueFile], UInt64?) = state.withLock { state in
            defer {
                state.unsynced = []
                state.savedPosition = state.position
            }
            return (state.unsynced, state.position == state.savedPosition ? nil : state.position)
        }
        for file in files { try file.sync() }
        guard let position else { return }
        var payload: [UInt8] = []
        LittleEndian.append(position, to: &payload)
        var frame: [UInt8] = []
        RecordFrame.append(payload, to: &frame)
        try positionFile.write(frame, at: 0)
    }

    /// What a queue is like.
    struct Figures: Hashable, Sendable {
        /// Bytes on disk that wait.
        var bytes: Int
        /// Records that wait.
        var records: Int
        /// Samples dropped for want of room, or because they waited too long.
        var dropped: Int
        /// Why the disk takes nothing.
        var problem: String?
    }

    /// How it is now.
    var figures: Figures {
        state.withLock { state in
            let bytes = state.segments.reduce(0) { $0 + $1.bytes } - (state.segments.isEmpty ? 0 : state.offset)
            return Figures(
                bytes: bytes, records: Int(clamping: (state.segments.last?.end ?? state.position) - state.position),
                dropped: state.dropped, problem: state.problem)
        }
    }
}

extension QueueSegment {
    /// The samples of the records from `offset` on, as their heads say.
    func waitingSamples(from offset: Int) throws(ExportError) -> Int {
        var (place, samples) = (offset, 0)
        while place < bytes {
            let head = try file.read(Self.header, at: place)
            guard let size = LittleEndian.read(UInt32.self, from: head, at: 0), size >= 12,
                let count = LittleEndian.read(UInt32.self, from: head, at: 16)
            else { break }
            samples += Int(count)
            place += RecordFrame.overhead + Int(size)
        }
        return samples
    }
}
