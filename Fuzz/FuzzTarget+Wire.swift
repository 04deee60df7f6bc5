import FleetModel
import MetricsWire

@testable import TimeSeriesStore

/// What senders of remote write send.
extension FuzzTarget {
    /// A decompressed request, read into the index. Read again, when all its series are known and the reader guesses
    /// them, it must say the same; refused as a whole it must leave no series.
    static let request = FuzzTarget(name: "request", seeds: { try requests }) { bytes in
        var index = SeriesIndex()
        let first = Reading(bytes, &index)
        let count = index.count
        require(first.error == nil || count == 0, "a refused request left \(count) series")
        let second = Reading(bytes, &index)
        require(first == second, "read twice, it says two things")
        require(index.count == count, "read twice, it has more series")
        for series in 0..<UInt32(count) {
            var identity: [UInt8] = []
            RemoteWriteEncoder.append(index.labels(of: series), to: &identity)
            require(index.find(unsafe identity.span.bytes) == series, "a series is not found by its labels")
        }
    }

    /// What a request said.
    private struct Reading: Equatable {
        var series: [UInt32] = []
        var times: [Int64] = []
        var values: [UInt64] = []
        var leftOut = 0
        var error: StoreError?

        init(_ bytes: [UInt8], _ index: inout SeriesIndex) {
            var staged = StagedSamples()
            var reader = RequestReader(
                options: StoreOptions(), scope: nil, span: .min ... .max, census: SeriesCensus(StoreState()))
            do throws(StoreError) {
                try reader.read(unsafe bytes.span.bytes, index: &index, into: &staged)
            } catch {
                self.error = error
            }
            (series, times, values) = (staged.series, staged.times, staged.values.map(\.bitPattern))
            leftOut = reader.problems.leftOut
        }
    }

    private static var requests: [[UInt8]] {
        get throws {
            let loads = [[1, 1], [3, 4], [12, 2]].map { size in
                (0..<size[0]).map { number in
                    SeriesSamples(
                        labels: ["__name__": "m\(number % 3)", "host": "h\(number)", "ä": "ü"],
                        samples: SampleColumns(
                            times: (0..<size[1]).map { 1_700_000_000_000 + Int64($0) * 10_000 },
                            values: (0..<size[1]).map { Double($0) / 10 }))
                }
            }
            return try loads.map { try Snappy.decompress(RemoteWriteEncoder.encode($0), limit: 1 << 20) }
        }
    }

    /// A snappy block. It is never longer than the limit, and what is compressed comes back.
    static let snappy = FuzzTarget(
        name: "snappy", seeds: { try requests.map(Snappy.compress) + [Snappy.compress([])] },
        run: { bytes in
            let limit = 1 << 16
            if let plain = try? Snappy.decompress(bytes, limit: limit) {
                require(plain.count <= limit, "\(plain.count) bytes came out where \(limit) are the most")
            }
            let again = try? Snappy.decompress(Snappy.compress(bytes), limit: bytes.count)
            require(again == bytes, "what was compressed did not come back")
        })
}
