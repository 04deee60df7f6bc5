/// The part of a stream of bytes that is on its way: a bounded window, by positions from the stream's beginning.
///
/// Positions make every step repeatable. A sender says where its bytes belong, so that what arrives twice counts once; a
/// reader says what it has, and only that is forgotten.
public struct ByteWindow: Sendable {
    /// The most bytes that are held.
    public let capacity: Int
    /// The position of the first byte that is held.
    public private(set) var start: Int64 = 0
    private var bytes: [UInt8] = []

    /// An empty window at the beginning of a stream.
    public init(capacity: Int) { self.capacity = capacity }

    /// The position behind the last byte.
    public var end: Int64 { start + Int64(bytes.count) }

    /// Takes what belongs at `position`, as far as there is room and as far as it is new. Returns the window's end then;
    /// `nil`, and takes nothing, where bytes before `position` have never come or where it is not a position.
    public mutating func append(_ new: [UInt8], at position: Int64) -> Int64? {
        guard position >= 0, position <= end else { return nil }
        let known = min(Int64(new.count), end - position)
        bytes += new.dropFirst(Int(known)).prefix(max(0, capacity - bytes.count))
        return end
    }

    /// Forgets what lies before `position`: its reader has it. False where that is not a position of the window.
    public mutating func forget(before position: Int64) -> Bool {
        guard (start...end).contains(position) else { return false }
        bytes.removeFirst(Int(position - start))
        start = position
        return true
    }

    /// Up to `limit` bytes from the start on.
    public func first(_ limit: Int) -> [UInt8] { Array(bytes.prefix(limit)) }

    /// Whether nothing more goes in.
    public var isFull: Bool { bytes.count >= capacity }
}

/// Bytes that wait to be sent, of which the oldest are dropped where too many come: a guest that prints without an end
/// must neither stand still nor fill anybody's memory. Who reads is told how many are missing, where they are missing.
public struct DroppingQueue: Sendable {
    /// The most bytes that wait.
    public let capacity: Int
    private var bytes: [UInt8] = []
    private var dropped = 0

    /// An empty queue.
    public init(capacity: Int) { self.capacity = capacity }

    /// Whether there is nothing to send.
    public var isEmpty: Bool { bytes.isEmpty && dropped == 0 }

    /// Takes bytes, and drops the oldest of all beyond the capacity.
    public mutating func push(_ new: [UInt8]) {
        bytes += new
        let excess = bytes.count - capacity
        if excess > 0 {
            bytes.removeFirst(excess)
            dropped += excess
        }
    }

    /// Takes up to `limit` bytes out, after a notice where some before them were dropped.
    public mutating func take(_ limit: Int) -> [UInt8] {
        let notice = dropped > 0 ? Array("\r\n[\(dropped) bytes of the console were left out]\r\n".utf8) : []
        dropped = 0
        let part = bytes.prefix(max(0, limit - notice.count))
        bytes.removeFirst(part.count)
        return notice + part
    }
}
