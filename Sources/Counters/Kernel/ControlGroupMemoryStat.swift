/// `memory.stat` of a cgroup: what its memory is (Linux `Documentation/admin-guide/cgroup-v2.rst`,
/// `cgroup-v1/memory.rst`). Of version 1 the figures with the cgroups below counted in are taken, which are all that
/// version 2 has. Sizes are bytes; a figure that the file does not hold is `nil`.
public struct ControlGroupMemoryStat: Hashable, Sendable {
    /// Memory of no file: a VM's own, where it is neither shared nor of huge page pools.
    public var anonymous: Int64?
    /// Cached content of files, shared memory included.
    public var file: Int64?
    /// Memory of the kernel for it; since Linux 5.18.
    public var kernel: Int64?
    /// Shared memory and tmpfs: a VM's own where it has `share=on`.
    public var shared: Int64?
    /// Files mapped by its processes.
    public var mapped: Int64?
    /// Anonymous memory in transparent huge pages.
    public var anonymousHuge: Int64?
    /// Page tables.
    public var pageTables: Int64?
    /// What it has in swap; version 1 only, version 2 has `memory.swap.current`.
    public var swap: Int64?
    /// Page faults.
    public var faults: Int64?
    /// Page faults that waited for a disk.
    public var majorFaults: Int64?
    /// Anonymous pages that came back from swap soon after they had left; since Linux 5.9.
    public var refaultedAnonymousPages: Int64?
    /// Pages of files that came back soon after they had left.
    public var refaultedFilePages: Int64?

    private static let keys = KeyedNumbers<Self>([
        .init("anon", \.anonymous), .init("file", \.file), .init("kernel", \.kernel),
        .init("pagetables", \.pageTables), .init("shmem", \.shared), .init("file_mapped", \.mapped),
        .init("anon_thp", \.anonymousHuge), .init("workingset_refault_anon", \.refaultedAnonymousPages),
        .init("workingset_refault_file", \.refaultedFilePages), .init("workingset_refault", \.refaultedFilePages),
        .init("pgfault", \.faults), .init("pgmajfault", \.majorFaults), .init("total_cache", \.file),
        .init("total_rss", \.anonymous), .init("total_rss_huge", \.anonymousHuge), .init("total_shmem", \.shared),
        .init("total_mapped_file", \.mapped), .init("total_swap", \.swap), .init("total_pgfault", \.faults),
        .init("total_pgmajfault", \.majorFaults),
    ])

    /// Reads the file's content; throws where it holds none of the figures.
    public init(parsing bytes: Span<UInt8>, path: String) throws(CounterError) {
        self.init()
        if Self.keys.fill(&self, from: bytes) == 0 {
            throw .malformed(path: path, line: 1, expected: "lines such as 'anon 0' or 'total_rss 0'")
        }
    }

    private init() {}
}
