/// Why bytes are not what a metrics format says they should be.
public enum WireError: Error, Hashable, Sendable {
    /// The bytes are not one snappy block (block format, not the framed stream format).
    case notSnappy
    /// Decompressed, the block would be larger than the receiver takes.
    case tooLarge(bytes: Int, limit: Int)
    /// The bytes break off, or break a rule of the protobuf encoding, at a byte of the decompressed request.
    case malformed(offset: Int, reason: String)
    /// The bytes are not gzip, or break off.
    case notGzip
    /// Decompressed, the bytes would be more than the receiver takes.
    case inflatesBeyond(limit: Int)
}

extension WireError: CustomStringConvertible {
    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .notSnappy:
            "the body is not a snappy block; remote write wants Content-Encoding: snappy in the block format, not the framed one"
        case .tooLarge(let bytes, let limit):
            "the request is \(bytes) bytes decompressed and the limit is \(limit); send fewer samples in one request"
        case .malformed(let offset, let reason):
            "the request is not a remote write 1.0 WriteRequest: \(reason) at byte \(offset)"
        case .notGzip: "the body is not gzip, although its Content-Encoding says so"
        case .inflatesBeyond(let limit): "the body has more than \(limit) bytes decompressed"
        }
    }
}
