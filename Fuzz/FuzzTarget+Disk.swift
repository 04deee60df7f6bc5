import FleetModel
import MetricsWire

@testable import TimeSeriesStore

/// What the store reads back from its disk.
extension FuzzTarget {
    // MARK: Log

    /// The two segments of a log, parted at the first byte's share. Every record that comes out is whole, and a whole
    /// record behind whatever damage is found.
    static let log = FuzzTarget(name: "log", seeds: { try segments() }) { bytes in
        guard let cut = bytes.first else { return }
        let first = Array(bytes.dropFirst().prefix((bytes.count - 1) * Int(cut) / 255))
        let damaged = Array(bytes.dropFirst(1 + first.count))
        let before = records([first, damaged])
        // Behind a segment that began well, at a place where records begin.
        guard damaged.count >= WriteAheadLog.segmentHeader, let mark = mark(of: damaged) else { return }
        let padding = [UInt8](repeating: 0, count: (8 - damaged.count % 8) % 8)
        let after = records([first, damaged + padding + whole(mark)])
        // More than one more: the padding may complete a torn record.
        require(after.count > before.count && after.last == [7, 7, 7], "a whole record behind damage is not found")
    }

    private static func records(_ segments: [[UInt8]]) -> [[UInt8]] {
        var found: [[UInt8]] = []
        let names = segments.indices.map { WriteAheadLog.name(of: UInt64($0 + 1)) }
        let folder = StillFolder(files: Dictionary(uniqueKeysWithValues: zip(names, segments)))
        _ = try? WriteAheadLog.replay(folder, after: 0) { record, _ in found.append(record) }
        return found
    }

    private static func mark(of segment: [UInt8]) -> [UInt8]? {
        segment.starts(with: WriteAheadLog.segmentMagic) ? Array(segment[16..<20]) : nil
    }

    /// One record of three bytes, as it stands in a segment with a mark.
    private static func whole(_ mark: [UInt8]) -> [UInt8] {
        mark + lastRecord.dropFirst(4)
    }

    private static let lastRecord: [UInt8] = {
        let bytes = (try? segment(of: [[7, 7, 7]])) ?? []
        return Array(bytes.dropFirst(WriteAheadLog.segmentHeader))
    }()

    private static func segment(of records: [[UInt8]]) throws -> [UInt8] {
        let folder = KeepingFolder()
        var log = WriteAheadLog(folder: folder, next: 2, synchronous: true)
        for record in records { log.add(record, received: 5) }
        try log.commit()
        return folder.bytes.withLock { $0 }
    }

    private static func segments() throws -> [[UInt8]] {
        let requests = try request.seeds().map(Snappy.compress)
        let good = try segment(of: requests)
        return [[0] + good, [128] + good + good, [255] + (try segment(of: [[], [1], Array(0...255)]))]
    }

    // MARK: Pages

    /// A page whose checksum is right, whatever it says. What is read of it can be written and read again.
    static let page = FuzzTarget(name: "page", seeds: { pages().map { Array($0.dropFirst(8)) } }) { bytes in
        guard let page = try? Page(sealed(bytes)) else { return }
        require(page.memory < 64 << 20, "a page of \(bytes.count) bytes takes \(page.memory)")
        var decoder = ValueDecoder()
        var builder = PageBuilder()
        var last: UInt32?
        for ordinal in page.entryOrdinals {
            var columns = SampleColumns()
            guard (try? page.read(ordinal, touching: .min ... .max, decoder: &decoder, into: &columns)) != nil else {
                continue
            }
            require(columns.times.count == columns.values.count, "times and values do not pair")
            if let last, last >= ordinal { continue }
            last = ordinal
            let part = SampleColumns(
                times: Array(columns.times.prefix(PageBuilder.entrySamples)),
                values: Array(columns.values.prefix(PageBuilder.entrySamples)))
            if part.count == 0 { continue }
            require(written(part, ordinal, &builder) == bits(part), "what was read could not be written")
        }
    }

    /// Any samples, as they stand in the input: written into a page and read back they are the same bit for bit.
    static let values = FuzzTarget(name: "values", seeds: { [Array(0...255), columnSeed()] }) { bytes in
        var builder = PageBuilder()
        var columns = SampleColumns()
        for start in stride(from: 0, to: min(bytes.count - 10, 10 * PageBuilder.entrySamples), by: 10) {
            let step = Int64(bytes[start]) << (Int64(bytes[start + 1]) % 32)
            let word = bytes[start + 2..<start + 10].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            columns.append((columns.times.last ?? 0) &+ step, Double(bitPattern: word))
        }
        guard columns.count > 0 else { return }
        require(written(columns, 3, &builder) == bits(columns), "what was written did not come back")
    }

    private static func bits(_ columns: SampleColumns) -> [UInt64] {
        columns.times.map { UInt64(bitPattern: $0) } + columns.values.map(\.bitPattern)
    }

    private static func written(_ columns: SampleColumns, _ ordinal: UInt32, _ builder: inout PageBuilder) -> [UInt64] {
        _ = builder.append(ordinal, times: columns.times, samples: columns.values)
        var again = SampleColumns()
        var decoder = ValueDecoder()
        guard let page = builder.finish().flatMap({ try? Page($0.bytes) }),
            (try? page.read(ordinal, touching: .min ... .max, decoder: &decoder, into: &again)) != nil
        else { return [] }
        return bits(again)
    }

    private static func sealed(_ content: [UInt8]) -> [UInt8] {
        var checksum = unsafe Checksum.of(content.span.bytes)
        let head = (0..<8).map { _ in
            defer { checksum >>= 8 }
            return UInt8(truncatingIfNeeded: checksum)
        }
        return head + content
    }

    private static func pages() -> [[UInt8]] {
        [1, 9, 200].compactMap { count in
            var builder = PageBuilder()
            for ordinal in 0..<UInt32(7) {
                let times = (0..<Int64(count)).map { $0 * 10_000 + (ordinal == 4 ? $0 % 3 : 0) }
                let values = times.map { time -> Double in
                    switch ordinal {
                    case 0: 5
                    case 1: Double(time) / 100
                    case 2: time % 30_000 == 0 ? .nan : Double(time % 7)
                    case 3: Double(bitPattern: UInt64(bitPattern: time &* 0x5851_F42D_4C95_7F2D))
                    default: Double(time &* time % 1013)
                    }
                }
                _ = builder.append(ordinal * ordinal, times: times, samples: values)
            }
            return builder.finish()?.bytes
        }
    }

    private static func columnSeed() -> [UInt8] {
        (0..<60).flatMap { number -> [UInt8] in
            let word = (Double(number) * 1.1).bitPattern
            return [10, 3] + (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
        }
    }

    /// The samples of any page folded into buckets: none is lost, none is counted twice.
    static let buckets = FuzzTarget(name: "buckets", seeds: { pages().map { Array($0.dropFirst(8)) } }) { bytes in
        guard let page = try? Page(sealed(bytes)) else { return }
        var decoder = ValueDecoder()
        for ordinal in Set(page.entryOrdinals) {
            var columns = SampleColumns()
            guard (try? page.read(ordinal, touching: .min ... .max, decoder: &decoder, into: &columns)) != nil else {
                continue
            }
            columns.restoreOrder(from: 0)
            var buckets = BucketColumns()
            BucketFold.fold(columns, into: &buckets)
            BucketFold.joinParts(&buckets)
            require(zip(buckets.times, buckets.times.dropFirst()).allSatisfy(<), "buckets are not in order")
            require(buckets.times.allSatisfy { $0 % BucketColumns.width == 0 }, "a bucket ends anywhere")
            let markers = columns.values.count { Staleness.isMarker($0) }
            require(Int(buckets.count.reduce(0, +)) == columns.count - markers, "buckets have too many or too few")
        }
    }

    // MARK: Catalogue

    /// A batch of series whose checksum is right. What comes out can be packed and comes out again.
    static let catalogue = FuzzTarget(name: "catalogue", seeds: { try batches() }) { bytes in
        guard let count = bytes.first else { return }
        var series: [[UInt8]] = []
        let packed = sealed(Snappy.compress(Array(bytes.dropFirst())))
        guard (try? Catalogue.unpack(packed, first: nil, count: Int64(count), into: &series)) != nil else { return }
        var again: [[UInt8]] = []
        try? Catalogue.unpack(Catalogue.pack(series[...], first: 7), first: 7, count: Int64(series.count), into: &again)
        require(again == series, "what was packed did not come back")
        var state = StoreState()
        state.takeSeries(series)
    }

    private static func batches() throws -> [[UInt8]] {
        try [1, 5, 40].map { count in
            let identities = (0..<count).map { number -> [UInt8] in
                var bytes: [UInt8] = []
                RemoteWriteEncoder.append(["__name__": "metric", "host": "h\(number + 100)"], to: &bytes)
                return bytes
            }
            let packed = Catalogue.pack(identities[...], first: 0)
            return [UInt8(count)] + (try Snappy.decompress(Array(packed.dropFirst(8)), limit: 1 << 20))
        }
    }
}

/// Files that are there and stay as they are.
private struct StillFolder: LogFolder {
    let files: [String: [UInt8]]

    func list() -> [String] { files.keys.sorted() }
    func create(_ name: String) throws(StoreError) -> any LogFile { throw .shuttingDown }
    func read(_ name: String) -> [UInt8] { files[name] ?? [] }
    func remove(_ name: String) {}
}

/// Keeps the bytes of the file that is written last.
private final class KeepingFolder: LogFolder, LogFile {
    let bytes = Locked<[UInt8]>([])

    func list() -> [String] { [] }
    func create(_ name: String) -> any LogFile { self }
    func read(_ name: String) -> [UInt8] { [] }
    func remove(_ name: String) {}
    func append(_ more: [UInt8]) { bytes.withLock { $0 += more } }
    func sync() {}
    func truncate(to length: Int) {}
}
