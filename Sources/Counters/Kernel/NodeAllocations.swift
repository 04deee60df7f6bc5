/// `/sys/devices/system/node/nodeN/numastat`: how well a node's memory is placed (Linux
/// `Documentation/admin-guide/numastat.rst`), in pages since the machine started. A figure that the file does not hold
/// is `nil`.
public struct NodeAllocations: Hashable, Sendable {
    /// Wanted here and taken here.
    public var hits: Int64?
    /// Wanted on another node and taken here.
    public var misses: Int64?
    /// Wanted here and taken on another node.
    public var foreign: Int64?
    /// Taken here by tasks that ran here.
    public var local: Int64?
    /// Taken here by tasks that ran on another node.
    public var other: Int64?

    private static let keys = KeyedNumbers<Self>([
        .init("numa_hit", \.hits), .init("numa_miss", \.misses), .init("numa_foreign", \.foreign),
        .init("local_node", \.local), .init("other_node", \.other),
    ])

    /// Reads the file's content; throws where it holds none of the figures.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        self.init()
        if Self.keys.fill(&self, from: bytes) == 0 {
            throw .malformed(path: path, line: 1, expected: "lines such as 'numa_hit 0'")
        }
    }

    private init() {}
}
