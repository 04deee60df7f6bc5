import CZlib

/// The gzip format (RFC 1952), by zlib.
public enum Gzip {
    /// What a gzip body holds; several members in a row count as one. Stops as soon as there would be more than `limit`
    /// bytes, so that a small body cannot fill the memory.
    public static func inflate(_ bytes: [UInt8], limit: Int) throws(WireError) -> [UInt8] {
        let stream = ZlibStream(.inflate)
        guard stream.isOpen else { throw .notGzip }
        var result: [UInt8] = []
        var used = 0
        while true {
            let step = stream.step(bytes, from: used, isLast: false)
            guard step.status == Z_OK || step.status == Z_STREAM_END else { throw .notGzip }
            guard result.count + step.made.count <= limit else { throw .inflatesBeyond(limit: limit) }
            result.append(contentsOf: step.made)
            used = step.used
            guard step.status == Z_STREAM_END else { continue }
            if used == bytes.count { return result }
            stream.beginNextMember()
        }
    }
}

/// Compresses a body piece by piece into one gzip member.
public final class GzipEncoder {
    private let stream: ZlibStream
    private var isOpen: Bool

    /// Level 1 to 9; 1 is the fastest and already makes JSON of samples several times smaller.
    public init(level: Int32 = 1) {
        stream = ZlibStream(.deflate(level))
        isOpen = stream.isOpen
    }

    /// What `bytes` add to the compressed body, which may be nothing yet. `isLast` ends it.
    public func append(_ bytes: [UInt8], isLast: Bool) -> [UInt8] {
        guard isOpen else { return [] }
        var result: [UInt8] = []
        var used = 0
        while true {
            let step = stream.step(bytes, from: used, isLast: isLast)
            result.append(contentsOf: step.made)
            used = step.used
            if step.made.count < ZlibStream.room, used == bytes.count { break }
        }
        if isLast { isOpen = false }
        return result
    }
}

/// A zlib stream, which must stay where it is in memory for as long as it is in use.
@safe private final class ZlibStream {
    enum Direction {
        case inflate
        case deflate(Int32)
    }

    /// How many bytes one step gives at the most.
    static let room = 64 << 10

    let isOpen: Bool
    private let direction: Direction
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init(_ direction: Direction) {
        self.direction = direction
        unsafe stream.initialize(to: z_stream())
        switch direction {
        case .inflate: isOpen = unsafe evenkeel_gunzip_begin(stream) == Z_OK
        case .deflate(let level): isOpen = unsafe evenkeel_gzip_begin(stream, level) == Z_OK
        }
    }

    deinit {
        switch direction {
        case .inflate: unsafe inflateEnd(stream)
        case .deflate: unsafe deflateEnd(stream)
        }
        unsafe stream.deallocate()
    }

    func beginNextMember() { unsafe inflateReset(stream) }

    /// Reads on from `used` as far as there is room for what comes out.
    func step(_ bytes: [UInt8], from used: Int, isLast: Bool) -> (status: Int32, used: Int, made: [UInt8]) {
        let available = UInt32(clamping: bytes.count - used)
        var status = Z_OK
        let made = unsafe [UInt8](unsafeUninitializedCapacity: Self.room) { target, count in
            status = unsafe bytes.withUnsafeBytes { source in
                // zlib only reads from `next_in`.
                let start = unsafe source.baseAddress.map { unsafe UnsafeMutableRawPointer(mutating: $0 + used) }
                unsafe stream.pointee.next_in = unsafe start?.assumingMemoryBound(to: UInt8.self)
                unsafe stream.pointee.avail_in = available
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = UInt32(Self.room)
                switch direction {
                case .inflate: return unsafe inflate(stream, Z_NO_FLUSH)
                case .deflate: return unsafe deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                }
            }
            count = unsafe Self.room - Int(stream.pointee.avail_out)
        }
        return unsafe (status, used + Int(available - stream.pointee.avail_in), made)
    }
}
