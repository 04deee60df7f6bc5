import FleetModel
import MetricsWire
import Testing

@testable import TimeSeriesStore

/// Files whose checksums are right and whose content was made to do harm.
@Suite struct HostileDiskTests {
    private func sealed(_ content: [UInt8]) -> [UInt8] {
        let checksum = unsafe Checksum.of(content.span.bytes)
        return (0..<8).map { UInt8(truncatingIfNeeded: checksum >> ($0 * 8)) } + content
    }

    /// A column of `samples` equal times, in four bytes.
    private func column(_ samples: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        Varint.append(samples, to: &bytes)
        return bytes + [2, 0, 0]
    }

    @Test func aPageThatUnfoldsToMoreThanAPageCanHoldIsRefused() throws {
        func page(columns: Int, of samples: UInt64) -> [UInt8] {
            var bytes: [UInt8] = [PageBuilder.version, 0]
            Varint.append(UInt64(columns), to: &bytes)
            for _ in 0..<columns { bytes += column(samples) }
            return sealed(bytes + [0])
        }
        #expect(try Page(page(columns: 4, of: 512)).memory < 32_768)
        #expect(throws: CodecError.self) { try Page(page(columns: 4, of: 4096)) }
        #expect(throws: CodecError.self) { try Page(page(columns: 5000, of: 512)) }
        #expect(throws: CodecError.self) { try Page(self.sealed([UInt8](repeating: 1, count: 1 << 17))) }
    }

    @Test func sharedBeginningsMakeNoMoreSeriesBytesThanThereCanBe() throws {
        var plain: [UInt8] = []
        Varint.append(0, to: &plain)
        Varint.append(1000, to: &plain)
        plain += [UInt8](repeating: 7, count: 1000)
        for _ in 0..<99 {
            Varint.append(1000, to: &plain)
            Varint.append(0, to: &plain)
        }
        let packed = sealed(Snappy.compress(plain))
        var series: [[UInt8]] = []
        try Catalogue.unpack(packed, first: nil, count: 100, limit: 100_000, into: &series)
        #expect(series.count == 100)
        #expect(throws: (any Error).self) {
            try Catalogue.unpack(packed, first: nil, count: 100, limit: 99_999, into: &series)
        }
        #expect(throws: (any Error).self) { try Catalogue.unpack(packed, first: nil, count: -1, into: &series) }
    }

    @Test func nobodyKnowsASegmentsMarkBeforeItIsWritten() async throws {
        let folder = try TemporaryFolder()
        let disk = FaultyDisk()
        for life in 0..<3 {
            let store = try DurabilityTests.open(folder, disk)
            try await store.append([series(["__name__": "m"], [(testTime + Int64(life), 1)])])
        }
        let segments = disk.content.withLock { $0.files }
        let marks = Set(segments.values.map { Array($0[16..<20]) })
        #expect(segments.count == 3 && marks.count == 3)
    }

    @Test func aBodyFullOfRecordsIsOneRecord() throws {
        let folder = FaultyDisk()
        var log = WriteAheadLog(folder: folder, next: 1, synchronous: true)
        log.add([1, 2, 3], received: 5)
        try log.commit()
        let record = folder.content.withLock { Array(($0.files.values.first ?? [])[WriteAheadLog.segmentHeader...]) }
        _ = log.rotate()
        log.add([0, 0, 0, 0, 0, 0, 0, 0] + record + record, received: 5)
        try log.commit()
        // The body's own header is damaged, so that a reader looks for records in the body.
        folder.content.withLock { $0.files[WriteAheadLog.name(of: 2)]?[WriteAheadLog.segmentHeader + 9] ^= 1 }
        var found: [[UInt8]] = []
        let findings = try WriteAheadLog.replay(folder, after: 0) { body, _ in found.append(body) }
        #expect(found == [[1, 2, 3]] && findings.records == 1)
    }
}
