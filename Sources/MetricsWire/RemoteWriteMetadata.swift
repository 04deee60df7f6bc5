/// What a sender of remote write 1.0 says of a metric family: `MetricMetadata` of the protocol, field 3 of a
/// `WriteRequest`. Prometheus sends it in requests of its own, once a minute.
///
/// ```
/// message MetricMetadata { MetricType type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
/// ```
public struct RemoteWriteMetadata: Hashable, Sendable {
    /// The types of the protocol, by their numbers.
    public enum Kind: UInt64, Sendable, CaseIterable {
        /// Nobody said.
        case unknown = 0
        /// As the names say.
        case counter, gauge, histogram, gaugehistogram, summary, info, stateset

        /// As the API writes it.
        public var name: String { "\(self)" }
    }

    /// The metric family's name.
    public var metric: String
    /// What it is.
    public var kind: Kind
    /// What it says, in a sentence; may be empty.
    public var help: String
    /// Its unit; may be empty.
    public var unit: String

    /// What is said of a metric family.
    public init(metric: String, kind: Kind, help: String, unit: String) {
        self.metric = metric
        self.kind = kind
        self.help = help
        self.unit = unit
    }

    /// Reads the metadata of a decompressed request; families without a name are left out.
    public static func read(_ request: RawSpan) throws(WireError) -> [RemoteWriteMetadata] {
        var result: [RemoteWriteMetadata] = []
        var offset = 0
        let end = request.byteCount
        while offset < end {
            let tag = try Protobuf.varint(request, at: &offset, before: end)
            guard tag == 0x1a else {
                try Protobuf.skip(tag: tag, request, at: &offset, before: end)
                continue
            }
            let length = try Protobuf.length(request, at: &offset, before: end)
            let entry = try one(request, offset..<offset + length)
            if !entry.metric.isEmpty { result.append(entry) }
            offset += length
        }
        return result
    }

    private static func one(_ bytes: RawSpan, _ body: Range<Int>) throws(WireError) -> RemoteWriteMetadata {
        var entry = RemoteWriteMetadata(metric: "", kind: .unknown, help: "", unit: "")
        var offset = body.lowerBound
        let end = body.upperBound
        while offset < end {
            let tag = try Protobuf.varint(bytes, at: &offset, before: end)
            switch tag {
            case 0x08: entry.kind = Kind(rawValue: try Protobuf.varint(bytes, at: &offset, before: end)) ?? .unknown
            case 0x12: entry.metric = try text(bytes, at: &offset, before: end)
            case 0x22: entry.help = try text(bytes, at: &offset, before: end)
            case 0x2a: entry.unit = try text(bytes, at: &offset, before: end)
            default: try Protobuf.skip(tag: tag, bytes, at: &offset, before: end)
            }
        }
        return entry
    }

    private static func text(_ bytes: RawSpan, at offset: inout Int, before end: Int) throws(WireError) -> String {
        let length = try Protobuf.length(bytes, at: &offset, before: end)
        defer { offset += length }
        return unsafe bytes.extracting(offset..<offset + length).withUnsafeBytes {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }
}
