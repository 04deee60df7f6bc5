import FleetModel

/// The host's memory.
extension HyperVCatalogue {
    static let memoryCounters = [
        HyperVCounter(
            .memory, "Available MBytes", "MiB",
            .value(.memoryAvailable) / .constant(1_048_576),
            help: "Memory that can be had without swapping."),
        HyperVCounter(
            .memory, "Available KBytes", "KiB",
            .value(.memoryAvailable) / .constant(1024),
            help: "Memory that can be had without swapping."),
        HyperVCounter(
            .memory, "Available Bytes", "bytes",
            .value(.memoryAvailable),
            help: "Memory that can be had without swapping."),
        HyperVCounter(
            .memory, "Pages/sec", "pages/s",
            .rate(.pagesSwapped),
            help: "Pages moved between memory and swap."),
        HyperVCounter(
            .memory, "Pages Input/sec", "pages/s",
            .rate(.pagesSwapped, ["direction": "in"]),
            help: "Pages moved from swap into memory."),
        HyperVCounter(
            .memory, "Pages Output/sec", "pages/s",
            .rate(.pagesSwapped, ["direction": "out"]),
            help: "Pages moved from memory to swap."),
        HyperVCounter(
            .memory, "Page Reads/sec", "1/s",
            .rate(.majorFaults),
            help: "Page faults that a disk had to answer."),
        HyperVCounter(
            .memory, "Committed Bytes", "bytes",
            .value(.memoryUse, ["kind": "committed"]),
            help: "Memory that processes were promised."),
        HyperVCounter(
            .memory, "Cache Bytes", "bytes",
            .value(.memoryUse, ["kind": "cached"]),
            help: "Memory that holds files."),
        HyperVCounter(
            .node, "Total MBytes", "MiB",
            .value(.nodeMemory, ["state": "total"]) / .constant(1_048_576),
            help: "Memory of a NUMA node; a machine with one node tells of none."),
        HyperVCounter(
            .node, "Free & Zero Page List MBytes", "MiB",
            .value(.nodeMemory, ["state": "free"]) / .constant(1_048_576),
            help: "Memory of a NUMA node that is used for nothing."),
    ]
}
