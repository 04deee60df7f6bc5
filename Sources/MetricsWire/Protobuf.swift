/// The few pieces of the protobuf wire format that remote write needs: varints, and tags (field number << 3 | wire type).
@usableFromInline
enum Protobuf {
    @usableFromInline static let timeSeriesTag: UInt8 = 0x0a
    @usableFromInline static let labelTag: UInt8 = 0x0a
    @usableFromInline static let sampleTag: UInt8 = 0x12
    @usableFromInline static let labelNameTag: UInt8 = 0x0a
    @usableFromInline static let labelValueTag: UInt8 = 0x12
    @usableFromInline static let sampleValueTag: UInt8 = 0x09
    @usableFromInline static let sampleTimeTag: UInt8 = 0x10

    static func size(ofVarint value: UInt64) -> Int {
        max(1, (70 - value.leadingZeroBitCount) / 7)
    }

    static func append(varint value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Reads a varint at `offset` and moves behind it; the varint must end before `end`.
    @inlinable @inline(__always)
    static func varint(
        _ bytes: RawSpan, at offset: inout Int, before end: Int
    ) throws(WireError) -> UInt64 {
        if offset < end {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            if byte < 0x80 {
                offset &+= 1
                return UInt64(byte)
            }
        }
        return try longVarint(bytes, at: &offset, before: end)
    }

    @usableFromInline
    static func longVarint(
        _ bytes: RawSpan, at offset: inout Int, before end: Int
    ) throws(WireError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            offset += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { throw .malformed(offset: start, reason: "a varint of more than ten bytes") }
        }
        throw .malformed(offset: start, reason: "the bytes end inside a varint")
    }

    /// Reads a length at `offset`, moves behind it, and checks that as many bytes follow before `end`.
    @inlinable @inline(__always)
    static func length(
        _ bytes: RawSpan, at offset: inout Int, before end: Int
    ) throws(WireError) -> Int {
        let start = offset
        let length = try varint(bytes, at: &offset, before: end)
        guard length <= UInt64(end - offset) else {
            throw .malformed(offset: start, reason: "a length of \(length) where \(end - offset) bytes follow")
        }
        return Int(length)
    }

    /// Moves behind the value of a field that the reader does not know.
    @usableFromInline
    static func skip(
        tag: UInt64, _ bytes: RawSpan, at offset: inout Int, before end: Int
    ) throws(WireError) {
        switch tag & 7 {
        case 0: _ = try varint(bytes, at: &offset, before: end)
        case 1: try skip(bytes: 8, at: &offset, before: end)
        case 2: offset += try length(bytes, at: &offset, before: end)
        case 5: try skip(bytes: 4, at: &offset, before: end)
        default: throw .malformed(offset: offset, reason: "wire type \(tag & 7), which is not used")
        }
    }

    private static func skip(bytes count: Int, at offset: inout Int, before end: Int) throws(WireError) {
        guard end - offset >= count else { throw .malformed(offset: offset, reason: "the bytes end inside a field") }
        offset += count
    }
}
