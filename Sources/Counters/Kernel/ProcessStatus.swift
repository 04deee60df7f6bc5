/// `/proc/PID/status`, and the same file of a thread (Linux `fs/proc/array.c`, proc(5)). Sizes are bytes. A figure that
/// the file does not hold is `nil`: processes of the kernel and those that have ended have no memory.
///
/// ```
/// VmRSS:      1688 kB
/// voluntary_ctxt_switches:        12
/// ```
public struct ProcessStatus: Hashable, Sendable {
    /// Memory of the host that it holds; huge pages of the pool are not in it.
    public var resident: Int64?
    /// Of it, memory of no file; since Linux 4.5.
    public var residentAnonymous: Int64?
    /// Of it, files; since Linux 4.5.
    public var residentFile: Int64?
    /// Of it, shared memory and tmpfs; since Linux 4.5.
    public var residentShared: Int64?
    /// What it has in swap, shared memory not included.
    public var swap: Int64?
    /// Huge pages of the pool that it holds; since Linux 4.4.
    public var hugePages: Int64?
    /// Its threads.
    public var threads: Int64?
    /// How often it gave its logical processor up to wait.
    public var voluntarySwitches: Int64?
    /// How often its logical processor was taken from it.
    public var involuntarySwitches: Int64?

    private static let keys = KeyedNumbers<Self>([
        .init("VmRSS", \.resident, scale: 1024), .init("RssAnon", \.residentAnonymous, scale: 1024),
        .init("RssFile", \.residentFile, scale: 1024), .init("RssShmem", \.residentShared, scale: 1024),
        .init("VmSwap", \.swap, scale: 1024), .init("HugetlbPages", \.hugePages, scale: 1024),
        .init("Threads", \.threads), .init("voluntary_ctxt_switches", \.voluntarySwitches),
        .init("nonvoluntary_ctxt_switches", \.involuntarySwitches),
    ])

    /// Reads the file's content; throws where it holds none of the figures.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        self.init()
        if Self.keys.fill(&self, from: bytes) == 0 {
            throw .malformed(path: path, line: 1, expected: "lines such as 'VmRSS: 0 kB'")
        }
    }

    private init() {}
}
