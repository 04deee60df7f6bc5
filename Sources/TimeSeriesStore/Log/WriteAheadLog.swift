/// The write-ahead log: what was acknowledged and is not in a block file yet.
///
/// A folder of segments, `00000001.log` and up, all numbers little-endian:
///
///     segment  +--------------------+------------------+--------+-------+----------+----------+
///              | magic "EVKLOG02" 8 | segment number 8 | mark 4 | before 4 | record | record | ...
///              +--------------------+------------------+--------+-------+----------+----------+
///     record   +---------------+---------------+------------+-------------+------------------+-----------+
///              | mark 4        | body length 4 | checksum 8 | received 8  | body             | 0 to 7 x 0|
///              +---------------+---------------+------------+-------------+------------------+-----------+
///
/// The body is a remote write request just as it came, snappy and all: nothing is encoded again on the way in. The
/// checksum is XXH64 of the body, seeded with time and length. `received` (ms) makes a replay decide as the first time.
/// A record begins at a multiple of eight bytes, and with its segment's mark, so a reader finds the next whole record
/// behind a damaged one. The mark is drawn by lot for each segment: a sender who could guess it could fill a body with what
/// looks like records, each as long as the rest, and checking them would hold up a start for hours. `before` says how many
/// eight bytes the segment before has, 0 where there is none: one that is gone, or cut off, is missed.
struct WriteAheadLog: Sendable {
    static let segmentMagic = Array("EVKLOG02".utf8)
    static let segmentHeader = 24
    static let recordHeader = 24

    private let folder: any LogFolder
    private var file: (any LogFile)?
    private var buffer: [UInt8] = []
    /// The segment that is being written; those below are closed.
    private(set) var segment: UInt64
    /// What every record of the segment begins with.
    private var mark: UInt32
    /// How many bytes of the current segment are written and synced.
    private(set) var syncedBytes = 0
    /// How many bytes the last `commit` wrote.
    private(set) var committedBytes = 0
    private let synchronous: Bool
    /// How many bytes the segment before has; 0 where it has no file.
    private var bytesBefore: Int

    /// A log whose next segment is `segment`; the one before has `bytesBefore`.
    init(folder: any LogFolder, next segment: UInt64, bytesBefore: Int = 0, synchronous: Bool) {
        self.bytesBefore = bytesBefore
        self.folder = folder
        self.segment = segment
        self.synchronous = synchronous
        mark = Self.newMark()
    }

    private static func newMark() -> UInt32 { .random(in: 1 ... .max) }

    /// A segment that has as many bytes is closed, so that a replay never holds much of the log in memory.
    static let segmentBytes = 16 << 20

    /// Adds a record to what the next `commit` writes.
    mutating func add(_ body: [UInt8], received: Int64) {
        let checksum = unsafe Self.checksum(body.span.bytes, received: received)
        Self.append(UInt64(mark) | UInt64(body.count) << 32, to: &buffer)
        Self.append(checksum, to: &buffer)
        Self.append(UInt64(bitPattern: received), to: &buffer)
        buffer.append(contentsOf: body)
        while buffer.count % 8 != 0 { buffer.append(0) }
    }

    /// Writes what was added and returns when it survives a power cut. When it throws nothing of it counts as written.
    mutating func commit() throws(StoreError) {
        defer { buffer.removeAll(keepingCapacity: true) }
        committedBytes = 0
        guard !buffer.isEmpty else { return }
        let file = try openFile()
        do throws(StoreError) {
            try file.append(buffer)
            if synchronous { try file.sync() }
            syncedBytes += buffer.count
            committedBytes = buffer.count
            if syncedBytes >= Self.segmentBytes { startNextSegment() }
        } catch {
            // After a failed sync nobody knows what the disk has: leave the segment, with its tail cut if that works.
            try? file.truncate(to: syncedBytes)
            startNextSegment()
            throw error
        }
    }

    private mutating func openFile() throws(StoreError) -> any LogFile {
        if let file { return file }
        let created: any LogFile
        do throws(StoreError) {
            created = try folder.create(Self.name(of: segment))
            var header = Self.segmentMagic
            Self.append(segment, to: &header)
            Self.append(UInt64(mark) | UInt64(bytesBefore / 8) << 32, to: &header)
            try created.append(header)
        } catch {
            // Nothing is in it, and on a full disk there would soon be many.
            try? folder.remove(Self.name(of: segment))
            segment += 1
            bytesBefore = 0
            throw error
        }
        syncedBytes = Self.segmentHeader
        file = created
        return created
    }

    /// Closes the current segment and returns the number up to which all are closed.
    mutating func rotate() -> UInt64 {
        if file != nil { startNextSegment() }
        return segment - 1
    }

    private mutating func startNextSegment() {
        bytesBefore = file == nil ? 0 : syncedBytes
        file = nil
        segment += 1
        mark = Self.newMark()
        syncedBytes = 0
    }

    /// Removes the segments up to a number: their samples are in block files.
    static func remove(through last: UInt64, in folder: any LogFolder) throws(StoreError) {
        for name in try folder.list() {
            if let number = number(of: name), number <= last { try folder.remove(name) }
        }
    }

    static func checksum(_ body: RawSpan, received: Int64) -> UInt64 {
        Checksum.of(body, seed: UInt64(bitPattern: received) ^ UInt64(body.byteCount))
    }

    static func name(of segment: UInt64) -> String {
        let digits = String(segment)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".log"
    }

    static func number(of name: String) -> UInt64? {
        name.hasSuffix(".log") ? UInt64(name.dropLast(4)) : nil
    }

    private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
        unsafe withUnsafeBytes(of: word.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }
}
