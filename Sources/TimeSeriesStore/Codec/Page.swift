import FleetModel

/// A page as it is read: checked, its directory taken apart, its time columns decoded; values are decoded when asked
/// for. The format is drawn at `PageBuilder`.
final class Page: Sendable {
    /// The page's bytes, padded for the decoders.
    private let bytes: [UInt8]
    private let ordinals: [UInt32]
    /// Where each entry's values begin, and where the last ones end.
    private let starts: [Int]
    private let columnOf: [Int]
    private let columns: [[Int64]]

    /// Takes a page apart. Throws when it is not what was written.
    init(_ stored: [UInt8]) throws(CodecError) {
        guard stored.count > PageBuilder.headerBytes, stored.count <= PageBuilder.limit else {
            throw CodecError(reason: "it has \(stored.count) bytes")
        }
        let padded = stored + [UInt8](repeating: 0, count: IntegerDecoder.padding)
        bytes = padded
        let span = unsafe padded.span.bytes
        let checksum = UInt64(littleEndian: unsafe span.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self))
        guard checksum == Checksum.of(span.extracting(8..<stored.count)) else {
            throw CodecError(reason: "its checksum is wrong")
        }
        var cursor = ByteCursor(8..<stored.count)
        guard try cursor.byte(span) == PageBuilder.version else { throw CodecError(reason: "its version is unknown") }
        let first = UInt32(try cursor.count(span, limit: Int(UInt32.max)))
        columns = try Self.readColumns(span, &cursor)
        (ordinals, columnOf, starts) = try Self.readDirectory(span, &cursor, first, columns.count)
    }

    private static func readColumns(_ span: RawSpan, _ cursor: inout ByteCursor) throws(CodecError) -> [[Int64]] {
        var columns: [[Int64]] = []
        var decoder = IntegerDecoder()
        for _ in 0..<(try cursor.count(span, limit: PageBuilder.mostEntries)) {
            // A few bytes can stand for many samples: without these limits a page could fill the memory.
            let count = try cursor.count(span, limit: PageBuilder.entrySamples)
            let range = try cursor.take(cursor.count(span, limit: span.byteCount))
            var column: [Int64] = []
            try decoder.decode(span, range, count: count, into: &column)
            try check(column)
            columns.append(column)
        }
        return columns
    }

    /// Times far beyond any calendar: sums with them still fit.
    private static let possibleTimes: ClosedRange<Int64> = -1 << 52...1 << 52

    /// Readers search in times, and reckon days and buckets from them.
    private static func check(_ times: [Int64]) throws(CodecError) {
        guard var last = times.first else { return }
        guard possibleTimes.contains(last) else { throw CodecError(reason: "its times are none") }
        for time in times {
            guard time >= last else { throw CodecError(reason: "its times do not ascend") }
            last = time
        }
        guard possibleTimes.contains(last) else { throw CodecError(reason: "its times are none") }
    }

    private static func readDirectory(
        _ span: RawSpan, _ cursor: inout ByteCursor, _ first: UInt32, _ columnCount: Int
    ) throws(CodecError) -> (ordinals: [UInt32], columnOf: [Int], starts: [Int]) {
        let count = try cursor.count(span, limit: PageBuilder.mostEntries)
        var ordinals: [UInt32] = []
        var columnOf: [Int] = []
        var starts: [Int] = [0]
        ordinals.reserveCapacity(count)
        columnOf.reserveCapacity(count)
        starts.reserveCapacity(count + 1)
        var ordinal = first &- 1
        var column = -1
        for _ in 0..<count {
            let head = try cursor.count(span, limit: span.byteCount << 2)
            let gap = head & 1 != 0 ? 1 : UInt32(try cursor.count(span, limit: Int(Int32.max)))
            ordinal &+= gap
            if head & 2 == 0 { column = try cursor.count(span, limit: columnCount - 1) }
            guard column >= 0 else { throw CodecError(reason: "an entry has no times") }
            ordinals.append(ordinal)
            columnOf.append(column)
            starts.append(starts[starts.count - 1] + head >> 2)
        }
        let payload = cursor.offset
        guard payload + starts[count] == cursor.end else { throw CodecError(reason: "its length is wrong") }
        for place in starts.indices { starts[place] += payload }
        return (ordinals, columnOf, starts)
    }

    /// How many bytes of memory it holds, roughly.
    var memory: Int { bytes.count + ordinals.count * 20 + columns.reduce(0) { $0 + $1.count * 8 + 32 } }

    /// Appends the samples of a series whose entries touch a span: whole entries, times ascending within each. `next` is
    /// where the entries of the series are expected, and becomes where those of the next one begin.
    func read(
        _ ordinal: UInt32, touching span: ClosedRange<Int64>, next: inout Int, decoder: inout ValueDecoder,
        into columns: inout SampleColumns
    ) throws(CodecError) {
        var entry = next
        if entry >= ordinals.count || ordinals[entry] != ordinal || entry > 0 && ordinals[entry - 1] == ordinal {
            entry = firstEntry(of: ordinal)
        }
        let bytes = self.bytes
        let pageBytes = unsafe bytes.span.bytes
        while entry < ordinals.count, ordinals[entry] == ordinal {
            let times = self.columns[columnOf[entry]]
            if let first = times.first, let last = times.last, first <= span.upperBound, last >= span.lowerBound {
                let before = columns.count
                try decoder.decode(
                    pageBytes, starts[entry]..<starts[entry + 1], count: times.count, into: &columns.values)
                columns.times.append(contentsOf: times)
                if before > 0, columns.times[before - 1] >= first { columns.restoreOrder(from: before) }
            }
            entry += 1
        }
        next = entry
    }

    /// The same for a series about whose place nothing is known.
    func read(
        _ ordinal: UInt32, touching span: ClosedRange<Int64>, decoder: inout ValueDecoder,
        into columns: inout SampleColumns
    ) throws(CodecError) {
        var next = 0
        try read(ordinal, touching: span, next: &next, decoder: &decoder, into: &columns)
    }

    /// Hands out, for every entry, its series and the newest time in it.
    func eachNewest(_ body: (_ ordinal: UInt32, _ time: Int64) -> Void) {
        for entry in ordinals.indices {
            if let last = columns[columnOf[entry]].last { body(ordinals[entry], last) }
        }
    }

    /// Hands out, for every entry, its series, how many samples it has and how many bytes their values take.
    func eachSize(_ body: (_ ordinal: UInt32, _ samples: Int, _ bytes: Int) -> Void) {
        for entry in ordinals.indices {
            body(ordinals[entry], columns[columnOf[entry]].count, starts[entry + 1] - starts[entry])
        }
    }

    /// How many bytes the page has on disk.
    var storedBytes: Int { bytes.count - IntegerDecoder.padding }

    /// The series in the page, ascending, each once for every entry of it.
    var entryOrdinals: [UInt32] { ordinals }

    /// The page as it stands in its file.
    var stored: ArraySlice<UInt8> { bytes.dropLast(IntegerDecoder.padding) }

    /// The times of an entry, ascending.
    func times(of entry: Int) -> [Int64] { columns[columnOf[entry]] }

    /// The values of an entry as they are coded.
    func coded(_ entry: Int) -> ArraySlice<UInt8> { bytes[starts[entry]..<starts[entry + 1]] }

    /// Appends the samples of an entry.
    func read(entry: Int, decoder: inout ValueDecoder, into columns: inout SampleColumns) throws(CodecError) {
        let times = times(of: entry)
        let bytes = self.bytes
        let pageBytes = unsafe bytes.span.bytes
        try decoder.decode(pageBytes, starts[entry]..<starts[entry + 1], count: times.count, into: &columns.values)
        columns.times.append(contentsOf: times)
    }

    private func firstEntry(of ordinal: UInt32) -> Int {
        var low = 0
        var high = ordinals.count
        while low < high {
            let middle = (low + high) / 2
            if ordinals[middle] < ordinal { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
