import CSnappy

/// The snappy block format (google/snappy `format_description.txt`), by libsnappy.
public enum Snappy {
    /// `bytes` as one snappy block.
    public static func compress(_ bytes: [UInt8]) -> [UInt8] {
        let room = snappy_max_compressed_length(bytes.count)
        return unsafe [UInt8](unsafeUninitializedCapacity: room) { target, count in
            var length = room
            let status = unsafe bytes.withUnsafeBytes { source in
                unsafe snappy_compress(
                    source.assumingMemoryBound(to: CChar.self).baseAddress, source.count,
                    UnsafeMutableRawPointer(target.baseAddress)?.assumingMemoryBound(to: CChar.self), &length)
            }
            // It can only fail for lack of room, and there is room.
            count = status == SNAPPY_OK ? length : 0
        }
    }

    /// What a snappy block holds. The length that the block claims is checked against `limit` before memory is taken.
    public static func decompress(_ block: [UInt8], limit: Int) throws(WireError) -> [UInt8] {
        var scratch = SnappyScratch()
        try scratch.decompress(block, limit: limit)
        return scratch.takeBytes()
    }
}

/// Memory that one decompression after the other uses again, so that a stream of requests allocates nothing.
public struct SnappyScratch: Sendable {
    @usableFromInline var room: [UInt8] = []
    @usableFromInline var length = 0

    /// No memory yet; it grows to the largest block seen.
    public init() {}

    /// Lends what the last block held.
    @inlinable
    public func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe try body(room.span.bytes.extracting(first: length))
    }

    /// Replaces the content by what `block` holds. The length that the block claims is checked against `limit` first.
    public mutating func decompress(_ block: [UInt8], limit: Int) throws(WireError) {
        length = 0
        let size = try Self.size(of: block)
        guard size <= limit else { throw .tooLarge(bytes: size, limit: limit) }
        if room.count < size { room = [UInt8](repeating: 0, count: size + size / 4) }
        var written = room.count
        let status = unsafe block.withUnsafeBytes { source in
            unsafe room.withUnsafeMutableBytes { target in
                unsafe snappy_uncompress(
                    source.assumingMemoryBound(to: CChar.self).baseAddress, source.count,
                    target.assumingMemoryBound(to: CChar.self).baseAddress, &written)
            }
        }
        guard status == SNAPPY_OK, written == size else { throw .notSnappy }
        length = size
    }

    /// The content as an array of its own; the scratch is empty afterwards.
    mutating func takeBytes() -> [UInt8] {
        room.removeLast(room.count - length)
        defer { self = SnappyScratch() }
        return room
    }

    private static func size(of block: [UInt8]) throws(WireError) -> Int {
        var size = 0
        let status = unsafe block.withUnsafeBytes { source in
            unsafe snappy_uncompressed_length(
                source.assumingMemoryBound(to: CChar.self).baseAddress, source.count, &size)
        }
        guard status == SNAPPY_OK, size >= 0 else { throw .notSnappy }
        return size
    }
}
