/// The Castagnoli checksum (RFC 3720, appendix B.4), which every record on disk carries.
public enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? (value >> 1) ^ 0x82f6_3b78 : value >> 1 }
    }

    /// The checksum of `bytes`.
    public static func checksum(of bytes: Span<UInt8>) -> UInt32 {
        let table = table
        var value: UInt32 = 0xffff_ffff
        for place in 0..<bytes.count {
            value = table[Int((value ^ UInt32(bytes[place])) & 0xff)] ^ (value >> 8)
        }
        return value ^ 0xffff_ffff
    }
}
