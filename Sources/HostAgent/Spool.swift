import Delivery
import FleetModel

/// One batch of samples on its way to the server.
public struct SpoolRecord: Hashable, Sendable {
    /// Counts up from 1 over the life of the spool, restarts included.
    public var sequence: UInt64
    /// When its samples were taken.
    public var time: Timestamp
    /// A remote write request, compressed.
    public var payload: [UInt8]
}

/// Samples that the server has not taken yet: on disk before they are sent, in order, until they are delivered.
///
/// ```
/// 0000000000000001.spool    segments, named after their first record's sequence number (hexadecimal)
///     record (RecordFrame): sequence (u64) | time (i64, milliseconds) | remote write request
/// position                  the highest sequence that needs no sending any more (u64, as one record)
/// refused-00000000000000a7  a batch that the server refused for good, for a person to look at
/// ```
/// The position is not forced to disk: after power loss a few batches are sent again, which changes nothing at the
/// server. While the disk takes nothing, batches wait in memory, up to a bound, and are written as soon as it does.
public struct Spool: Sendable {
    /// Bounds of a spool.
    public struct Limits: Hashable, Sendable {
        /// Bytes on disk; beyond them the oldest segment is dropped.
        public var bytes = 1 << 30
        /// Bytes after which a new segment is begun.
        public var segmentBytes = 1 << 20
        /// Batches that wait in memory while the disk takes nothing.
        public var unsaved = 600
        /// Batches set aside that are kept.
        public var refused = 16

        /// The defaults.
        public init() {}
    }

    struct Segment: Hashable, Sendable {
        let first: UInt64
        /// One more than the sequence of the last record.
        var end: UInt64
        var bytes: Int
        /// Whether a failed append may have left a torn record that could not be cut off.
        var isTorn = false

        var name: String { Spool.segmentName(first) }
    }

    static let positionName = "position"
    private static let recentLimit = 16

    private let disk: any Disk
    private let limits: Limits
    var segments: [Segment] = []
    private var nextSequence: UInt64 = 1
    /// The highest sequence that needs no sending any more.
    private(set) var position: UInt64 = 0
    private var unsaved: [SpoolRecord] = []
    /// The newest records, so that a spool that keeps up never reads what it has just written.
    private var recent: [SpoolRecord] = []
    private var loaded: (first: UInt64, records: [SpoolRecord])?
    /// Sequences that memory had to let go, counted already; ascending.
    private var gaps: [Range<UInt64>] = []

    /// Batches lost because there was no room, since the spool was opened.
    public private(set) var dropped = 0
    /// Batches that the server refused for good, since the spool was opened.
    public private(set) var refused = 0
    /// Why the disk takes nothing; `nil` while it does.
    public private(set) var problem: AgentError?

    /// Opens what is on `disk`; a torn record at the end is cut off, a damaged one ends its segment.
    public init(_ disk: any Disk, limits: Limits = Limits()) throws(AgentError) {
        self.disk = disk
        self.limits = limits
        for name in try disk.names() {
            guard let first = Self.firstSequence(of: name) else { continue }
            let content = try disk.read(name)
            let (payloads, length) = RecordFrame.scan(content)
            if length < content.count { try disk.truncate(name, to: length) }
            guard let last = payloads.last.flatMap(Self.record)?.sequence else {
                try disk.remove(name)
                continue
            }
            segments.append(Segment(first: first, end: last + 1, bytes: length))
        }
        segments.sort { $0.first < $1.first }
        let stored = RecordFrame.scan(try disk.read(Self.positionName)).payloads.last
        position = stored.flatMap { LittleEndian.read(UInt64.self, from: $0, at: 0) } ?? 0
        nextSequence = max(segments.last?.end ?? 1, position + 1)
        if let first = segments.first?.first, position + 1 < first { position = first - 1 }
        dropDelivered()
    }

    /// How many batches wait to be delivered.
    public var waiting: Int { Int(nextSequence - 1 - position) }

    /// Bytes of the segments on disk.
    public var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }

    /// The oldest batch that is not delivered. Throws when it lies on a disk that cannot be read.
    public mutating func next() throws(AgentError) -> SpoolRecord? {
        while position + 1 < nextSequence {
            let wanted = position + 1
            if let record = recent.first(where: { $0.sequence == wanted }) { return record }
            if let record = unsaved.first(where: { $0.sequence == wanted }) { return record }
            if let record = try stored(wanted) { return record }
            // Let go for want of memory, or damaged on disk: it is lost.
            if !gaps.contains(where: { $0.contains(wanted) }) { dropped += 1 }
            position = wanted
        }
        return nil
    }

    /// Takes a batch. Whether or not the disk has room, it will be delivered as long as memory lasts.
    public mutating func append(_ payload: [UInt8], time: Timestamp) {
        let record = SpoolRecord(sequence: nextSequence, time: time, payload: payload)
        nextSequence += 1
        unsaved.append(record)
        recent.append(record)
        if recent.count > Self.recentLimit { recent.removeFirst() }
        save()
        if unsaved.count > limits.unsaved { letGo(unsaved.removeFirst().sequence) }
    }

    private mutating func letGo(_ sequence: UInt64) {
        dropped += 1
        recent.removeAll { $0.sequence == sequence }
        gaps.removeAll { $0.upperBound <= position }
        if gaps.last?.upperBound == sequence {
            gaps[gaps.count - 1] = gaps[gaps.count - 1].lowerBound..<sequence + 1
        } else {
            gaps.append(sequence..<sequence + 1)
        }
    }

    /// The server has the batch: it is not sent again.
    public mutating func delivered(_ sequence: UInt64) {
        guard sequence > position, sequence < nextSequence else { return }
        position = sequence
        recent.removeAll { $0.sequence <= sequence }
        unsaved.removeAll { $0.sequence <= sequence }
        dropDelivered()
        if problem != nil { save() }
        // A disk that cannot take the position costs a batch sent twice after a restart, nothing else.
        var bytes: [UInt8] = []
        LittleEndian.append(position, to: &bytes)
        var frame: [UInt8] = []
        RecordFrame.append(bytes, to: &frame)
        try? disk.note(frame, in: Self.positionName)
    }

    /// The server refused the batch for good: it is put aside and never blocks the rest.
    public mutating func setAside(_ record: SpoolRecord) {
        refused += 1
        try? disk.replace(Self.refusedName(record.sequence), with: record.payload)
        let kept = ((try? disk.names()) ?? []).filter { $0.hasPrefix("refused-") }.sorted()
        for name in kept.dropLast(limits.refused) { try? disk.remove(name) }
        delivered(record.sequence)
    }
}

// MARK: - On disk

extension Spool {
    /// Writes what waits in memory, oldest first, as far as the disk takes it.
    private mutating func save() {
        while let record = unsaved.first {
            do throws(AgentError) {
                try write(record)
                unsaved.removeFirst()
                problem = nil
            } catch {
                problem = error
                return
            }
        }
    }

    private mutating func write(_ record: SpoolRecord) throws(AgentError) {
        var payload: [UInt8] = []
        LittleEndian.append(record.sequence, to: &payload)
        LittleEndian.append(record.time.milliseconds, to: &payload)
        payload.append(contentsOf: record.payload)
        var frame: [UInt8] = []
        RecordFrame.append(payload, to: &frame)
        makeRoom(for: frame.count)
        let last = segments.count - 1
        let canGrow = last >= 0 && !segments[last].isTorn && segments[last].bytes + frame.count <= limits.segmentBytes
        let segment = canGrow ? segments[last] : Segment(first: record.sequence, end: record.sequence, bytes: 0)
        if canGrow {
            do throws(AgentError) {
                try disk.append(frame, to: segment.name)
            } catch {
                segments[last].isTorn = (try? disk.truncate(segment.name, to: segment.bytes)) == nil
                throw error
            }
        } else {
            try disk.replace(segment.name, with: frame)
            segments.append(segment)
        }
        segments[segments.count - 1].end = record.sequence + 1
        segments[segments.count - 1].bytes += frame.count
        if loaded?.first == segment.first { loaded = nil }
    }

    /// Drops the oldest segments until `bytes` more fit under the limit.
    private mutating func makeRoom(for bytes: Int) {
        while !segments.isEmpty, segments.reduce(bytes, { $0 + $1.bytes }) > limits.bytes {
            let oldest = segments.removeFirst()
            try? disk.remove(oldest.name)
            if oldest.end - 1 > position {
                let lost = max(position + 1, oldest.first)..<oldest.end
                dropped += lost.count - gaps.reduce(0) { $0 + $1.clamped(to: lost).count }
                position = oldest.end - 1
            }
        }
    }

    /// Removes segments of which every record is delivered; the one that is still written to only when it has grown or
    /// the disk wants room.
    private mutating func dropDelivered() {
        while let oldest = segments.first, oldest.end <= position + 1,
            segments.count > 1 || oldest.bytes * 2 > limits.segmentBytes || problem != nil
        {
            try? disk.remove(oldest.name)
            segments.removeFirst()
        }
    }

    private mutating func stored(_ sequence: UInt64) throws(AgentError) -> SpoolRecord? {
        guard let segment = segments.first(where: { $0.first <= sequence && sequence < $0.end }) else { return nil }
        if loaded?.first != segment.first {
            let content = try disk.read(segment.name)
            loaded = (segment.first, RecordFrame.scan(content).payloads.compactMap(Self.record))
        }
        return loaded?.records.first { $0.sequence == sequence }
    }

    private static func record(_ payload: [UInt8]) -> SpoolRecord? {
        guard let sequence = LittleEndian.read(UInt64.self, from: payload, at: 0),
            let time = LittleEndian.read(Int64.self, from: payload, at: 8)
        else { return nil }
        return SpoolRecord(
            sequence: sequence, time: Timestamp(milliseconds: time), payload: Array(payload.dropFirst(16)))
    }

    private static func hexadecimal(_ sequence: UInt64) -> String {
        let digits = String(sequence, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    static func segmentName(_ first: UInt64) -> String { hexadecimal(first) + ".spool" }

    static func refusedName(_ sequence: UInt64) -> String { "refused-" + hexadecimal(sequence) }

    private static func firstSequence(of name: String) -> UInt64? {
        guard name.hasSuffix(".spool"), name.utf8.count == 22 else { return nil }
        return UInt64(name.dropLast(6), radix: 16)
    }
}
