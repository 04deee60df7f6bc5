#if canImport(Glibc)
    import Glibc
#endif

/// A file of a backup: what it is called, and what it held when it was written.
public struct StoredFile: Hashable, Codable, Sendable {
    /// Its path inside of the backup.
    public var name: String
    /// How many bytes it has.
    public var bytes: Int64
    /// XXH64 of its content, MiB by MiB, each seeded with the one before; 16 hexadecimal digits.
    public var checksum: String

    private static let chunk = 1 << 20

    /// The file `name` inside of `folder`, as it is now.
    public init(name: String, in folder: String) throws(StoreError) {
        let path = folder + "/" + name
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(path, "open") }
        defer { close(descriptor) }
        var room = [UInt8](repeating: 0, count: Self.chunk)
        var hash: UInt64 = 0
        var total: Int64 = 0
        while true {
            let count = try Self.fill(&room, from: descriptor, path)
            if count == 0 { break }
            hash = unsafe Checksum.of(room.span.bytes.extracting(0..<count), seed: hash)
            total += Int64(count)
        }
        self.name = name
        bytes = total
        let digits = String(hash, radix: 16)
        checksum = String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Reads as much as there is room, or as the file has left.
    private static func fill(_ room: inout [UInt8], from descriptor: Int32, _ path: String) throws(StoreError) -> Int {
        var filled = 0
        while filled < room.count {
            let count = unsafe room.withUnsafeMutableBytes { room in
                unsafe read(descriptor, room.baseAddress?.advanced(by: filled), room.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last(path, "read") }
            if count == 0 { break }
            filled += count
        }
        return filled
    }
}
