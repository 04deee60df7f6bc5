/// `/sys/devices/system/node/nodeN/meminfo`: the memory of one node (Linux `drivers/base/node.c`). Sizes are bytes;
/// a figure that the file does not hold is `nil`.
///
/// ```
/// Node 0 MemTotal:       24684096 kB
/// Node 0 HugePages_Free:     0
/// ```
public struct NodeMemory: Hashable, Sendable {
    /// All that the kernel manages.
    public var total: Int64?
    /// Free.
    public var free: Int64?
    /// Not free, caches included.
    public var used: Int64?
    /// Cached content of files.
    public var file: Int64?
    /// Memory of no file.
    public var anonymous: Int64?
    /// Shared memory and tmpfs.
    public var shared: Int64?
    /// Memory of the kernel that it gives back under pressure; since Linux 4.20.
    public var kernelReclaimable: Int64?
    /// Huge pages in the pool, a number of them.
    public var hugePages: Int64?
    /// Huge pages of the pool that nobody has.
    public var hugePagesFree: Int64?

    private static let keys = KeyedNumbers<Self>([
        .init("MemTotal", \.total, scale: 1024), .init("MemFree", \.free, scale: 1024),
        .init("MemUsed", \.used, scale: 1024), .init("FilePages", \.file, scale: 1024),
        .init("AnonPages", \.anonymous, scale: 1024), .init("Shmem", \.shared, scale: 1024),
        .init("KReclaimable", \.kernelReclaimable, scale: 1024), .init("HugePages_Total", \.hugePages),
        .init("HugePages_Free", \.hugePagesFree),
    ])

    /// Reads the file's content; throws where it does not say how much memory there is.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        self.init()
        _ = Self.keys.fill(&self, from: bytes, leadingWords: 2)
        if total == nil { throw .malformed(path: path, line: 1, expected: "Node, MemTotal and a number of kB") }
    }

    private init() {}
}
