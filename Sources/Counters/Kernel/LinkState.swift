/// The state of a network interface's link: files below `/sys/class/net/NAME` (Linux
/// `Documentation/ABI/testing/sysfs-class-net`). What a file does not say, or what cannot be read because the
/// interface is down (`EINVAL`), is `nil`.
///
/// ```
/// operstate up    carrier 1    speed 10000 (-1: not known)    duplex full
/// ```
public struct LinkState: Hashable, Sendable {
    /// The files.
    public enum Attribute: String, CaseIterable, Hashable, Sendable {
        /// `operstate`.
        case operation = "operstate"
        /// `carrier`.
        case carrier
        /// `speed`.
        case speed
        /// `duplex`.
        case duplex
    }

    /// What RFC 2863 calls the operational state.
    public enum Operation: String, Hashable, Sendable {
        /// It carries packets.
        case up
        /// It does not.
        case down
        /// It waits for something outside, such as 802.1X.
        case dormant
        /// The interface below it is down.
        case lowerLayerDown = "lowerlayerdown"
        /// The hardware is not there.
        case notPresent = "notpresent"
        /// It is tested.
        case testing
        /// Its driver does not say; loopback and many virtual interfaces.
        case unknown
    }

    /// Whether both ends send at once.
    public enum Duplex: String, Hashable, Sendable {
        /// They do.
        case full
        /// They take turns.
        case half
    }

    /// The operational state.
    public var operation: Operation?
    /// Whether there is something at the other end.
    public var hasCarrier: Bool?
    /// Megabits a second.
    public var megabitsPerSecond: Int64?
    /// Whether both ends send at once.
    public var duplex: Duplex?

    /// Nothing known, to be filled by `take`.
    public init() {}

    /// Takes the content of one of the files; throws where it is not what that file says.
    public mutating func take(
        _ attribute: Attribute, parsing bytes: Span<UInt8>, path: String
    ) throws(CounterError) {
        switch attribute {
        case .operation:
            operation = Operation(rawValue: try SingleValue.text(parsing: bytes, path: path))
            if operation == nil { throw .malformed(path: path, line: 1, expected: "a state such as 'up'") }
        case .carrier:
            hasCarrier = try SingleValue.count(parsing: bytes, path: path) != 0
        case .speed:
            megabitsPerSecond = Self.speed(try SingleValue.number(parsing: bytes, path: path))
        case .duplex:
            duplex = Duplex(rawValue: try SingleValue.text(parsing: bytes, path: path))
        }
    }

    /// Unknown speed is -1, which some kernels write as 32 or 16 bits without a sign; 0 is that of no link.
    private static func speed(_ value: Int64) -> Int64? {
        value <= 0 || value == 65_535 || value >= 4_294_967_295 ? nil : value
    }
}
