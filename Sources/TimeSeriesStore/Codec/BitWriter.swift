/// Appends bits to bytes, the lowest bit first.
struct BitWriter {
    private var pending: UInt64 = 0
    private var count: UInt64 = 0

    /// Appends the lowest `width` bits of `bits`; the others must be zero. At most 64.
    @inline(__always)
    mutating func append(_ bits: UInt64, width: Int, to bytes: inout [UInt8]) {
        let width = UInt64(width)
        pending |= bits << count
        let room = 64 &- count
        if width >= room {
            unsafe withUnsafeBytes(of: pending.littleEndian) { unsafe bytes.append(contentsOf: $0) }
            pending = bits >> room
            count = width &- room
        } else {
            count &+= width
        }
    }

    /// Appends what is left of the last bytes.
    mutating func finish(_ bytes: inout [UInt8]) {
        while count > 0 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            count = count > 8 ? count &- 8 : 0
        }
        pending = 0
    }
}

/// Varints (seven bits a byte, the lowest first) and zigzag numbers (0, -1, 1, -2, ...), as protobuf has them.
enum Varint {
    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    static func append(signed value: Int64, to bytes: inout [UInt8]) {
        append(UInt64(bitPattern: value << 1 ^ value >> 63), to: &bytes)
    }

    static func size(_ value: UInt64) -> Int { max(1, (70 - value.leadingZeroBitCount) / 7) }

    static func size(signed value: Int64) -> Int { size(UInt64(bitPattern: value << 1 ^ value >> 63)) }
}

/// The bytes of a page do not say what a page says.
struct CodecError: Error, Equatable {
    let reason: String
}

/// Reads bytes and varints from the front.
struct ByteCursor {
    private(set) var offset: Int
    let end: Int

    init(_ range: Range<Int>) {
        offset = range.lowerBound
        end = range.upperBound
    }

    mutating func byte(_ bytes: RawSpan) throws(CodecError) -> UInt8 {
        guard offset < end else { throw CodecError(reason: "it ends too early") }
        defer { offset += 1 }
        return unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    mutating func varint(_ bytes: RawSpan) throws(CodecError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte(bytes)
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { throw CodecError(reason: "a varint is too long") }
        }
    }

    mutating func signed(_ bytes: RawSpan) throws(CodecError) -> Int64 {
        let value = try varint(bytes)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A varint that counts something of which there can be at most `limit`.
    mutating func count(_ bytes: RawSpan, limit: Int) throws(CodecError) -> Int {
        let value = try varint(bytes)
        guard limit >= 0, value <= UInt64(limit) else {
            throw CodecError(reason: "a count of \(value) where \(limit) is the most")
        }
        return Int(value)
    }

    /// The place of the next `count` bytes, which are passed.
    mutating func take(_ count: Int) throws(CodecError) -> Range<Int> {
        guard count >= 0, count <= end - offset else { throw CodecError(reason: "it ends too early") }
        defer { offset += count }
        return offset..<offset + count
    }
}
