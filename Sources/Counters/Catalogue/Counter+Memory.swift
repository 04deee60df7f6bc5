extension Counter {
    /// Memory of the host and what waits for it.
    static let memoryFacts: [Counter: Facts] = [
        .memory: Facts(
            "bytes", "Memory of the host, or the budget of a partition of a machine.",
            from: "/proc/meminfo MemTotal, or the configuration"),
        .memoryAvailable: Facts(
            "bytes", "Memory that can be had without swapping; of a partition, what its budget leaves.",
            path: #"\Memory\Available MBytes"#, from: "/proc/meminfo MemAvailable"),
        .memoryAvailableMinimum: Facts(
            "bytes", "The least of available memory over the seconds of an interval.",
            from: "/proc/meminfo MemAvailable, once a second"),
        .memoryUse: Facts(
            "bytes", ["kind"], "What memory is used for: free, cached, anonymous, shared, kernel, committed.",
            path: #"\Memory\Committed Bytes"#,
            from: "/proc/meminfo"),
        .swap: Facts("bytes", ["state"], "Swap space, in all and free.", from: "/proc/meminfo"),
        .hugePages: Facts(
            "bytes", ["state"], "Memory set aside as huge pages, in all, free and promised.", from: "/proc/meminfo"),
        .nodeMemory: Facts(
            "bytes", ["node", "state"], "Memory of a NUMA node, in all and free.",
            path: #"\NUMA Node Memory(*)\Total MBytes"#,
            from: "/sys/devices/system/node/nodeN/meminfo"),
        .nodeAllocations: Facts(
            "pages", ["node", "kind"],
            "Pages given by a NUMA node: where they were wanted (hit, foreign) or not (miss), to tasks of the node "
                + "(local) or of others (other).",
            from: "/sys/devices/system/node/nodeN/numastat"),
        .nodeHintFaults: Facts(
            "faults", ["locality"], "Faults by which the kernel learns who uses a page: on its own node, or another's.",
            from: "/proc/vmstat numa_hint_faults"),
        .nodePagesMigrated: Facts(
            "pages", "Pages that the kernel moved to the node of who uses them.",
            from: "/proc/vmstat numa_pages_migrated"),
        .pagesSwapped: Facts(
            "pages", ["direction"], "Pages moved from swap into memory, and out to it.",
            path: #"\Memory\Pages/sec"#, from: "/proc/vmstat pswpin and pswpout"),
        .bytesPaged: Facts(
            "bytes", ["direction"], "Bytes that memory read from disks and wrote to them, files included.",
            from: "/proc/vmstat pgpgin and pgpgout"),
        .majorFaults: Facts(
            "faults", "Page faults that a disk had to answer.", path: #"\Memory\Page Reads/sec"#,
            from: "/proc/vmstat pgmajfault"),
        .directReclaim: Facts(
            "pages", "Pages that tasks in want of memory had to look through for some themselves.",
            from: "/proc/vmstat pgscan_direct"),
        .compactionStalls: Facts(
            "stalls", "How often a task stopped to make room for a huge page.", from: "/proc/vmstat compact_stall"),
        .hugePageFaults: Facts(
            "faults", ["result"], "Faults that got a huge page, or small ones for want of it.",
            from: "/proc/vmstat thp_fault_alloc and thp_fault_fallback"),
        .outOfMemoryKills: Facts(
            "processes", "Processes that the kernel ended because memory ran out.", from: "/proc/vmstat oom_kill"),
        .pressure: Facts(
            "seconds", ["resource", "stall"],
            "Time in which some tasks, or all that could run, waited for a resource.",
            from: "/proc/pressure/{cpu,memory,io}"),
        .pressureRatio: Facts(
            "ratio", ["resource", "stall", "stat"],
            "Share of time in which tasks waited for a resource, over the seconds of an interval: their mean (avg) and "
                + "the highest (max).",
            from: "/proc/pressure/{cpu,memory,io}, once a second"),
    ]
}
