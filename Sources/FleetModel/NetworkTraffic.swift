/// Traffic of a network interface in one direction, growing.
public struct NetworkTraffic: Hashable, Sendable {
    /// Bytes.
    public var bytes: Int64
    /// Packets.
    public var packets: Int64
    /// Packets that went wrong.
    public var errors: Int64
    /// Packets that were given up.
    public var drops: Int64

    /// Traffic of one direction.
    public init(bytes: Int64, packets: Int64, errors: Int64, drops: Int64) {
        self.bytes = bytes
        self.packets = packets
        self.errors = errors
        self.drops = drops
    }
}
