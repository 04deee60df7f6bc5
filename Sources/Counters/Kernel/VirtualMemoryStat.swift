/// `/proc/vmstat`, what it counts since the machine started (Linux `mm/vmstat.c`): paging, locality of memory, huge
/// pages. Each figure is `nil` where the kernel does not count it.
public struct VirtualMemoryStat: Hashable, Sendable {
    /// KiB read from disks into memory (`pgpgin`).
    public var kibibytesPagedIn: Int64?
    /// KiB written from memory to disks (`pgpgout`).
    public var kibibytesPagedOut: Int64?
    /// Pages read from swap.
    public var pagesSwappedIn: Int64?
    /// Pages written to swap.
    public var pagesSwappedOut: Int64?
    /// Page faults of all kinds.
    public var faults: Int64?
    /// Page faults that waited for a disk.
    public var majorFaults: Int64?
    /// Pages that tasks in want of memory scanned for reclaim themselves (`pgscan_direct`, since Linux 4.8).
    public var pagesScannedDirectly: Int64?
    /// Processes killed for want of memory, those of cgroups included; since Linux 4.13.
    public var outOfMemoryKills: Int64?
    /// Pages taken on the node where they were wanted.
    public var nodeHits: Int64?
    /// Pages taken on a node though another was wanted.
    public var nodeMisses: Int64?
    /// Pages wanted on a node and taken on another.
    public var nodeForeign: Int64?
    /// Pages taken on the node of the task that asked.
    public var nodeLocal: Int64?
    /// Pages taken on another node than that of the task that asked.
    public var nodeOther: Int64?
    /// Faults by which NUMA balancing learns who uses a page.
    public var nodeHintFaults: Int64?
    /// Those of them that found the page on the task's own node.
    public var nodeHintFaultsLocal: Int64?
    /// Pages that NUMA balancing moved to another node.
    public var nodePagesMigrated: Int64?
    /// Tasks that stopped to compact memory for a huge page.
    public var compactionStalls: Int64?
    /// Compactions that gained nothing.
    public var compactionFailures: Int64?
    /// Compactions that made a huge page possible.
    public var compactionSuccesses: Int64?
    /// Transparent huge pages given at a fault.
    public var hugePageFaults: Int64?
    /// Faults that got small pages for want of a huge one.
    public var hugePageFallbacks: Int64?
    /// Huge pages that khugepaged made of small ones.
    public var hugePageCollapses: Int64?
    /// Huge pages split again (`thp_split_page`; `thp_split` before Linux 4.5).
    public var hugePageSplits: Int64?

    private static let keys = KeyedNumbers<Self>([
        .init("numa_hit", \.nodeHits), .init("numa_miss", \.nodeMisses), .init("numa_foreign", \.nodeForeign),
        .init("numa_local", \.nodeLocal), .init("numa_other", \.nodeOther), .init("pgpgin", \.kibibytesPagedIn),
        .init("pgpgout", \.kibibytesPagedOut), .init("pswpin", \.pagesSwappedIn), .init("pswpout", \.pagesSwappedOut),
        .init("pgfault", \.faults), .init("pgmajfault", \.majorFaults),
        .init("pgscan_direct", \.pagesScannedDirectly), .init("oom_kill", \.outOfMemoryKills),
        .init("numa_hint_faults", \.nodeHintFaults), .init("numa_hint_faults_local", \.nodeHintFaultsLocal),
        .init("numa_pages_migrated", \.nodePagesMigrated), .init("compact_stall", \.compactionStalls),
        .init("compact_fail", \.compactionFailures), .init("compact_success", \.compactionSuccesses),
        .init("thp_fault_alloc", \.hugePageFaults), .init("thp_fault_fallback", \.hugePageFallbacks),
        .init("thp_collapse_alloc", \.hugePageCollapses), .init("thp_split_page", \.hugePageSplits),
        .init("thp_split", \.hugePageSplits),
    ])

    /// Reads the file's content; throws where it holds none of the figures.
    public init(parsing bytes: Span<UInt8>, path: String = "/proc/vmstat") throws(CounterError) {
        self.init()
        if Self.keys.fill(&self, from: bytes) == 0 {
            throw .malformed(path: path, line: 1, expected: "lines such as 'pswpin 0'")
        }
    }

    private init() {}
}
