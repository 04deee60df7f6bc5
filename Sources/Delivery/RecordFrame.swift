/// How a record lies in append-only files:
///
/// ```
/// +--------------+----------------+-----------------+
/// | length (u32) | CRC32C (u32)   | payload         |     little-endian; the checksum covers length and payload
/// +--------------+----------------+-----------------+
/// ```
/// A crash may leave the last record torn. Reading stops at the first record that is cut short or fails its checksum.
public enum RecordFrame {
    /// Bytes in front of a payload.
    public static let overhead = 8
    /// No record is larger; a longer length is damage.
    public static let longest = 64 << 20

    /// Appends the record of a payload.
    public static func append(_ payload: [UInt8], to bytes: inout [UInt8]) {
        var covered: [UInt8] = []
        covered.reserveCapacity(payload.count + 4)
        LittleEndian.append(UInt32(payload.count), to: &covered)
        covered.append(contentsOf: payload)
        bytes.append(contentsOf: covered.prefix(4))
        LittleEndian.append(CRC32C.checksum(of: covered.span), to: &bytes)
        bytes.append(contentsOf: payload)
    }

    /// The whole records at the start of `bytes`, and how many bytes they take.
    public static func scan(_ bytes: [UInt8]) -> (payloads: [[UInt8]], validLength: Int) {
        var payloads: [[UInt8]] = []
        var place = 0
        while let length = LittleEndian.read(UInt32.self, from: bytes, at: place), length <= longest,
            let checksum = LittleEndian.read(UInt32.self, from: bytes, at: place + 4),
            place + overhead + Int(length) <= bytes.count
        {
            let payload = Array(bytes[place + overhead..<place + overhead + Int(length)])
            let covered = Array(bytes[place..<place + 4]) + payload
            guard CRC32C.checksum(of: covered.span) == checksum else { break }
            payloads.append(payload)
            place += overhead + Int(length)
        }
        return (payloads, place)
    }
}

/// Numbers in bytes, the lowest byte first.
public enum LittleEndian {
    /// Appends a number.
    public static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// The number at `place`; `nil` where the bytes end before it does.
    public static func read<Number: FixedWidthInteger>(
        _ type: Number.Type, from bytes: [UInt8], at place: Int
    ) -> Number? {
        guard place >= 0, place + type.bitWidth / 8 <= bytes.count else { return nil }
        var value: Number = 0
        for offset in 0..<type.bitWidth / 8 {
            value |= Number(truncatingIfNeeded: bytes[place + offset]) << (offset * 8)
        }
        return value
    }
}
