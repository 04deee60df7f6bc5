/// Fills pages with the samples of one series after the other.
///
///     page      +------------+-----------+-----------------+---------+---------+-----------+---------+
///               | checksum 8 | version 1 | first ordinal   | columns | entries | directory | payload |
///               +------------+-----------+-----------------+---------+---------+-----------+---------+
///     columns   count, then for each time column: | samples | length | integers (IntegerCodec), milliseconds |
///     entries   count
///     directory for each entry: | length << 2 | same column << 1 | next ordinal | ordinal gap? | column? |
///     payload   for each entry: values (ValueCodec)
///
/// All numbers are varints unless a size stands with them; the checksum is XXH64 of everything behind it. An entry is
/// the samples of one series; a series with many has several entries in a row. An ordinal is a series' number on disk.
/// `next ordinal` set means one more than the entry before; otherwise the gap follows, 0 for the same series again.
/// Series that were sampled together share a time column, which makes times almost free. A page is at most as large as
/// fits a SQLite page of 64 KiB with its row header, so every row fills exactly one page of the file.
struct PageBuilder {
    /// The most bytes of a page: 65,536 less page header, cell pointer and row header (sqlite.org/fileformat2.html).
    static let limit = 65_480
    static let version: UInt8 = 1
    static let headerBytes = 9
    /// An entry is at most this long, so that reading a few samples never decodes very many.
    static let entrySamples = 512
    /// A page has at most so many entries, and so many time columns.
    static let mostEntries = 4096

    /// A finished page.
    struct Finished: Sendable {
        let firstOrdinal: UInt32
        let bytes: [UInt8]
    }

    private struct TimeColumn {
        let times: [Int64]
        let encoded: [UInt8]
    }

    private var columns: [TimeColumn] = []
    private var columnBytes = 0
    private var columnsByHash: [UInt64: Int] = [:]
    private var directory: [UInt8] = []
    private var payload: [UInt8] = []
    private var entries = 0
    private var firstOrdinal: UInt32 = 0
    private var lastOrdinal: UInt32 = 0
    private var lastColumn = -1
    private var values: [UInt8] = []
    private var valueEncoder = ValueEncoder()
    private var timeEncoder = IntegerEncoder()

    /// Adds samples of a series; ordinals must not fall. Returns the page that was full before them, if one was.
    mutating func append(_ ordinal: UInt32, times: [Int64], samples: [Double]) -> Finished? {
        values.removeAll(keepingCapacity: true)
        valueEncoder.encode(samples, to: &values)
        return append(ordinal, times: times, coded: values[...])
    }

    /// Adds samples of a series whose values are coded already, as another page had them. Otherwise like the above.
    mutating func append(_ ordinal: UInt32, times: [Int64], coded: ArraySlice<UInt8>) -> Finished? {
        var column = find(times)
        var finished: Finished?
        if entries > 0, !fits(coded.count, newTimes: column == nil ? times.count : 0) {
            finished = finish()
            column = nil
        }
        let place = column ?? add(times)
        if entries == 0 { (firstOrdinal, lastOrdinal) = (ordinal, ordinal &- 1) }
        let isNext = ordinal == lastOrdinal &+ 1
        let isSameColumn = place == lastColumn
        Varint.append(UInt64(coded.count) << 2 | (isSameColumn ? 2 : 0) | (isNext ? 1 : 0), to: &directory)
        if !isNext { Varint.append(UInt64(ordinal - lastOrdinal), to: &directory) }
        if !isSameColumn { Varint.append(UInt64(place), to: &directory) }
        payload.append(contentsOf: coded)
        (lastOrdinal, lastColumn) = (ordinal, place)
        entries += 1
        return finished
    }

    /// The page so far, if there is anything in it; the builder is empty afterwards.
    mutating func finish() -> Finished? {
        guard entries > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 8)
        bytes.reserveCapacity(Self.limit)
        bytes.append(Self.version)
        Varint.append(UInt64(firstOrdinal), to: &bytes)
        Varint.append(UInt64(columns.count), to: &bytes)
        for column in columns {
            Varint.append(UInt64(column.times.count), to: &bytes)
            Varint.append(UInt64(column.encoded.count), to: &bytes)
            bytes.append(contentsOf: column.encoded)
        }
        Varint.append(UInt64(entries), to: &bytes)
        bytes.append(contentsOf: directory)
        bytes.append(contentsOf: payload)
        var checksum = unsafe Checksum.of(bytes.span.bytes.extracting(droppingFirst: 8))
        for place in 0..<8 {
            bytes[place] = UInt8(truncatingIfNeeded: checksum)
            checksum >>= 8
        }
        let finished = Finished(firstOrdinal: firstOrdinal, bytes: bytes)
        reset()
        return finished
    }

    private mutating func reset() {
        columns.removeAll(keepingCapacity: true)
        columnsByHash.removeAll(keepingCapacity: true)
        directory.removeAll(keepingCapacity: true)
        payload.removeAll(keepingCapacity: true)
        columnBytes = 0
        entries = 0
        lastColumn = -1
    }

    /// Whether so many bytes of values, and a new time column of so many samples at its worst, still fit.
    private func fits(_ valueBytes: Int, newTimes: Int) -> Bool {
        let used = Self.headerBytes + 20 + columnBytes + directory.count + payload.count
        return entries < Self.mostEntries && used + valueBytes + 16 + newTimes * 10 + 40 <= Self.limit
    }

    private func find(_ times: [Int64]) -> Int? {
        if lastColumn >= 0, columns[lastColumn].times == times { return lastColumn }
        guard let place = columnsByHash[Self.hash(times)], columns[place].times == times else { return nil }
        return place
    }

    private mutating func add(_ times: [Int64]) -> Int {
        var encoded: [UInt8] = []
        timeEncoder.encode(times, to: &encoded)
        columns.append(TimeColumn(times: times, encoded: encoded))
        columnBytes += encoded.count + 4
        columnsByHash[Self.hash(times)] = columns.count - 1
        return columns.count - 1
    }

    private static func hash(_ times: [Int64]) -> UInt64 {
        unsafe Checksum.of(times.span.bytes)
    }
}
