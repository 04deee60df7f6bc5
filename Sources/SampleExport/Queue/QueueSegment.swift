import Delivery
import FleetModel

/// A record of a queue: a remote write request as it came in, with when and how many samples.
struct QueueRecord: Hashable, Sendable {
    /// Counts up over the life of the queue.
    var number: UInt64
    /// When it came in.
    var time: Timestamp
    /// How many samples it holds.
    var samples: Int
    /// The request, compressed.
    var body: [UInt8]
}

/// A file of records, one behind the other.
///
/// ```
/// NNNNNNNNNNNNNNNN.records    named after its first record's number, hexadecimal
///     record (RecordFrame): time (i64, milliseconds) | samples (u32) | remote write request
/// ```
struct QueueSegment: Sendable {
    static let suffix = ".records"
    /// Bytes of a record in front of the request.
    static let header = RecordFrame.overhead + 12

    let file: QueueFile
    /// The number of its first record.
    let first: UInt64
    /// Records, samples and bytes in it.
    var count: UInt64 = 0
    var samples = 0
    var bytes = 0
    /// When its last record came in.
    var newest = Timestamp(milliseconds: .min)

    /// One more than the number of its last record.
    var end: UInt64 { first + count }

    static func name(_ first: UInt64) -> String {
        let digits = String(first, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + suffix
    }

    static func first(of name: String) -> UInt64? {
        guard name.hasSuffix(suffix), name.utf8.count == 16 + suffix.utf8.count else { return nil }
        return UInt64(name.dropLast(suffix.count), radix: 16)
    }

    /// Opens a segment; its end is where its records end. Of the last one every record is checked, since a crash may
    /// have left it torn.
    init(_ path: String, first: UInt64, isLast: Bool) throws(ExportError) {
        file = try QueueFile(path)
        self.first = first
        let size = try file.size()
        while bytes < size, let record = try record(at: bytes, before: size, checks: isLast) {
            note(record)
        }
        if bytes < size { try file.truncate(to: bytes) }
    }

    /// Adds a record to what is known of the segment.
    private mutating func note(_ record: (time: Timestamp, samples: Int, length: Int)) {
        count += 1
        samples += record.samples
        bytes += record.length
        newest = record.time
    }

    private func record(
        at offset: Int, before end: Int, checks: Bool
    ) throws(ExportError) -> (time: Timestamp, samples: Int, length: Int)? {
        let head = try file.read(Self.header, at: offset)
        guard let size = LittleEndian.read(UInt32.self, from: head, at: 0), size >= 12, size <= RecordFrame.longest,
            let time = LittleEndian.read(Int64.self, from: head, at: 8),
            let samples = LittleEndian.read(UInt32.self, from: head, at: 16),
            offset + RecordFrame.overhead + Int(size) <= end
        else { return nil }
        let length = RecordFrame.overhead + Int(size)
        if checks, RecordFrame.scan(try file.read(length, at: offset)).validLength != length { return nil }
        return (Timestamp(milliseconds: time), Int(samples), length)
    }

    /// Writes a record at the end. When it throws, the segment is as it was.
    mutating func append(_ body: [UInt8], samples: Int, time: Timestamp) throws(ExportError) {
        var payload: [UInt8] = []
        payload.reserveCapacity(body.count + 12)
        LittleEndian.append(time.milliseconds, to: &payload)
        LittleEndian.append(UInt32(clamping: samples), to: &payload)
        payload += body
        var frame: [UInt8] = []
        RecordFrame.append(payload, to: &frame)
        do throws(ExportError) {
            try file.write(frame, at: bytes)
        } catch {
            try? file.truncate(to: bytes)
            throw error
        }
        note((time, samples, frame.count))
    }

    /// The records from `offset` on, as many as `limit` bytes hold and at least one, and where the next begins. None
    /// where the bytes are damaged.
    func records(
        from offset: Int, number: UInt64, limit: Int
    ) throws(ExportError) -> (records: [QueueRecord], next: Int) {
        // Enough to see how long the first record is, however little is wanted.
        var bytes = try file.read(min(max(limit, RecordFrame.overhead), self.bytes - offset), at: offset)
        if let size = LittleEndian.read(UInt32.self, from: bytes, at: 0), Int(size) + RecordFrame.overhead > bytes.count
        {
            bytes = try file.read(min(Int(size) + RecordFrame.overhead, self.bytes - offset), at: offset)
        }
        let (payloads, length) = RecordFrame.scan(bytes)
        let records = payloads.enumerated().map { place, payload in
            QueueRecord(
                number: number + UInt64(place),
                time: Timestamp(milliseconds: LittleEndian.read(Int64.self, from: payload, at: 0) ?? 0),
                samples: Int(LittleEndian.read(UInt32.self, from: payload, at: 8) ?? 0),
                body: Array(payload.dropFirst(12)))
        }
        return (records, offset + length)
    }
}
