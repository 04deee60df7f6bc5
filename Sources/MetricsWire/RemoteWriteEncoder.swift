import FleetModel

/// Writes remote write 1.0 requests (prometheus `prompb/remote.proto`, message `WriteRequest`).
///
/// A sender that has the same series every time registers them once; after that a sample costs a copy of the series'
/// encoded labels and no string work:
///
///     WriteRequest  1: repeated TimeSeries
///     TimeSeries    1: repeated Label {1: name, 2: value}, sorted by name    2: repeated Sample {1: double, 2: int64 ms}
public struct RemoteWriteEncoder: Sendable {
    /// A registered series.
    public struct Series: Hashable, Sendable {
        fileprivate let start: Int
        fileprivate let length: Int
    }

    /// The encoded labels of all registered series, end to end.
    private var labels: [UInt8] = []
    private var request: [UInt8] = []
    /// How many samples the request holds so far.
    public private(set) var sampleCount = 0

    /// An empty request, no series registered.
    public init() {}

    /// How many bytes the request has so far, before compression.
    public var byteCount: Int { request.count }

    /// Encodes a series' labels once and for all.
    public mutating func register(_ series: Labels) -> Series {
        let start = labels.count
        Self.append(series, to: &labels)
        return Series(start: start, length: labels.count - start)
    }

    /// Adds one sample of a registered series.
    public mutating func append(_ series: Series, time: Int64, value: Double) {
        let sampleSize = 10 + Protobuf.size(ofVarint: UInt64(bitPattern: time))
        request.append(Protobuf.timeSeriesTag)
        Protobuf.append(varint: UInt64(series.length + 2 + sampleSize), to: &request)
        request.append(contentsOf: labels[series.start..<series.start + series.length])
        appendSample(time: time, value: value)
    }

    /// Adds all samples of one series.
    public mutating func append(_ series: SeriesSamples) {
        var encoded: [UInt8] = []
        Self.append(series.labels, to: &encoded)
        var size = encoded.count
        for time in series.samples.times { size += 12 + Protobuf.size(ofVarint: UInt64(bitPattern: time)) }
        request.append(Protobuf.timeSeriesTag)
        Protobuf.append(varint: UInt64(size), to: &request)
        request.append(contentsOf: encoded)
        for place in series.samples.times.indices {
            appendSample(time: series.samples.times[place], value: series.samples.values[place])
        }
    }

    /// The request, compressed as remote write wants it. The next request starts empty; the registered series stay.
    public mutating func finish() -> [UInt8] {
        defer {
            request.removeAll(keepingCapacity: true)
            sampleCount = 0
        }
        return Snappy.compress(request)
    }

    /// The header fields of a request (Prometheus remote-write specification 1.0).
    public static let headers = [
        ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
        ("X-Prometheus-Remote-Write-Version", "0.1.0"),
    ]

    /// One request that carries all of `series`, compressed.
    public static func encode(_ series: [SeriesSamples]) -> [UInt8] {
        var encoder = RemoteWriteEncoder()
        for one in series { encoder.append(one) }
        return encoder.finish()
    }

    /// Appends labels as they stand in a `TimeSeries`.
    public static func append(_ labels: Labels, to bytes: inout [UInt8]) {
        for pair in labels.pairs {
            let name = pair.name.utf8.count
            let value = pair.value.utf8.count
            let size = 2 + Protobuf.size(ofVarint: UInt64(name)) + name + Protobuf.size(ofVarint: UInt64(value)) + value
            bytes.append(Protobuf.labelTag)
            Protobuf.append(varint: UInt64(size), to: &bytes)
            bytes.append(Protobuf.labelNameTag)
            Protobuf.append(varint: UInt64(name), to: &bytes)
            bytes.append(contentsOf: pair.name.utf8)
            bytes.append(Protobuf.labelValueTag)
            Protobuf.append(varint: UInt64(value), to: &bytes)
            bytes.append(contentsOf: pair.value.utf8)
        }
    }

    private mutating func appendSample(time: Int64, value: Double) {
        request.append(Protobuf.sampleTag)
        request.append(UInt8(10 + Protobuf.size(ofVarint: UInt64(bitPattern: time))))
        request.append(Protobuf.sampleValueTag)
        var bits = value.bitPattern.littleEndian
        for _ in 0..<8 {
            request.append(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
        }
        request.append(Protobuf.sampleTimeTag)
        Protobuf.append(varint: UInt64(bitPattern: time), to: &request)
        sampleCount += 1
    }
}
