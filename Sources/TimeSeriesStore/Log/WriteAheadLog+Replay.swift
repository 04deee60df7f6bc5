/// Reading the log back after a crash.
extension WriteAheadLog {
    /// What a replay found.
    struct Findings: Sendable, Equatable {
        /// How many whole records were read.
        var records = 0
        /// The number of the newest segment, 0 without any.
        var lastSegment: UInt64 = 0
        /// What was not as it was written, for a person.
        var damages: [StoreError] = []
        /// How many bytes at the end of the newest segment were begun and never acknowledged.
        var tornBytes = 0
        /// How many bytes of the newest segment are whole.
        var wholeBytes = 0
    }

    /// Goes through the segments in order and misses what one says that the one before has.
    struct Sequence {
        private let done: UInt64
        private var last: (number: UInt64, bytes: Int)?

        /// Segments through `done` may be gone.
        init(after done: UInt64) { self.done = done }

        /// Takes the next segment; returns what is missing before it, with the name of the segment that has it no longer.
        mutating func take(_ number: UInt64, _ bytes: [UInt8]) -> StoreError? {
            defer { last = (number, bytes.count) }
            guard bytes.count >= segmentHeader, bytes.starts(with: segmentMagic), number > 1, number - 1 > done else {
                return nil
            }
            let before = bytes[20..<24].reversed().reduce(0) { $0 << 8 | Int($1) } * 8
            let found = last?.number == number - 1 ? last?.bytes ?? 0 : 0
            guard found < before else { return nil }
            let reason =
                found == 0 && last?.number != number - 1
                ? "it is not there any more, with \(before) bytes of what was acknowledged"
                : "it has \(found) bytes of \(before): its end is missing, with what was acknowledged there"
            return .damaged(path: name(of: number - 1), reason: reason)
        }
    }

    /// Hands out every whole record of every segment, oldest first. Damage is reported and passed over: a torn tail of
    /// the newest segment is what a crash leaves; anything else is a damaged disk.
    static func replay(
        _ folder: any LogFolder, after done: UInt64, _ body: (_ record: [UInt8], _ received: Int64) -> Void
    ) throws(StoreError) -> Findings {
        var findings = Findings()
        let segments = try folder.list().compactMap { number(of: $0) }.sorted()
        findings.lastSegment = max(done, segments.last ?? 0)
        var sequence = Sequence(after: done)
        for segment in segments {
            let name = name(of: segment)
            if segment <= done {
                try folder.remove(name)
                continue
            }
            let bytes = try folder.read(name)
            if let missing = sequence.take(segment, bytes) { findings.damages.append(missing) }
            read(bytes, name: name, isNewest: segment == segments.last, into: &findings, body)
        }
        return findings
    }

    /// Hands out every whole record of a segment.
    static func read(
        _ bytes: [UInt8], name: String, isNewest: Bool, into findings: inout Findings,
        _ body: (_ record: [UInt8], _ received: Int64) -> Void
    ) {
        var offset = segmentHeader
        findings.wholeBytes = 0
        if bytes.count < segmentHeader || !bytes.starts(with: segmentMagic) {
            // A crash between creating a segment and writing its header leaves it short; nothing in it was acknowledged.
            if bytes.count >= segmentHeader {
                findings.damages.append(.damaged(path: name, reason: "its header is wrong"))
            }
            offset = min(segmentHeader, bytes.count)
        }
        let marks = marks(of: bytes)
        while offset < bytes.count {
            if let record = record(in: bytes, at: offset, marks) {
                body(Array(bytes[record.body]), record.received)
                findings.records += 1
                offset = min(bytes.count, (record.body.upperBound + 7) & ~7)
                findings.wholeBytes = offset & ~7
                continue
            }
            let next = nextRecord(in: bytes, after: offset, marks)
            if next == bytes.count, isNewest {
                findings.tornBytes = bytes.count - offset
            } else {
                let reason = "\(next - offset) bytes at \(offset) cannot be read and are passed over"
                findings.damages.append(.damaged(path: name, reason: reason))
            }
            offset = next
        }
    }

    /// What records of a segment may begin with: the mark in its header, and, should that be damaged, the one before its
    /// first record. Neither is a place that a sender writes to.
    private static func marks(of bytes: [UInt8]) -> Set<UInt32> {
        let span = unsafe bytes.span.bytes
        let places = [segmentHeader - 8, segmentHeader].filter { $0 + 4 <= bytes.count }
        return Set(
            places.map { place in
                UInt32(littleEndian: unsafe span.unsafeLoadUnaligned(fromByteOffset: place, as: UInt32.self))
            })
    }

    private static func nextRecord(in bytes: [UInt8], after offset: Int, _ marks: Set<UInt32>) -> Int {
        var place = (offset & ~7) + 8
        while place < bytes.count {
            if record(in: bytes, at: place, marks) != nil { return place }
            place += 8
        }
        return bytes.count
    }

    private static func record(
        in bytes: [UInt8], at offset: Int, _ marks: Set<UInt32>
    ) -> (body: Range<Int>, received: Int64)? {
        let span = unsafe bytes.span.bytes
        guard bytes.count - offset >= recordHeader else { return nil }
        let first = UInt64(littleEndian: unsafe span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
        guard marks.contains(UInt32(truncatingIfNeeded: first)) else { return nil }
        let length = Int(first >> 32)
        let start = offset + recordHeader
        guard length <= bytes.count - start else { return nil }
        let checksum = UInt64(
            littleEndian: unsafe span.unsafeLoadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
        let received = Int64(littleEndian: unsafe span.unsafeLoadUnaligned(fromByteOffset: offset + 16, as: Int64.self))
        guard self.checksum(span.extracting(start..<start + length), received: received) == checksum else { return nil }
        return (start..<start + length, received)
    }
}
