extension Counter {
    private static let provider = "the virtual machine's provider (QMP, libvirt)"
    private static let exits = "QMP query-stats, libvirt domain statistics"

    /// Virtual processors.
    static let virtualProcessorFacts: [Counter: Facts] = [
        .virtualProcessorRun: Facts(
            "seconds", ["vm", "name", "vp"], "Time of a virtual processor's thread.",
            path: #"\Hyper-V Hypervisor Virtual Processor(*)\% Total Run Time"#,
            from: "/proc/PID/task/TID/schedstat"),
        .virtualProcessorGuest: Facts(
            "seconds", ["vm", "name", "vp"],
            "Time of it inside guest code; not there where the platform cannot see it.",
            path: #"\Hyper-V Hypervisor Virtual Processor(*)\% Guest Run Time"#,
            from: "/proc/PID/task/TID/stat guest_time; under TCG utime"),
        .virtualProcessorWait: Facts(
            "seconds", ["vm", "name", "vp"],
            "Time that a virtual processor was ready and had no logical processor; over time, ready %.",
            path: #"\Hyper-V Hypervisor Virtual Processor(*)\CPU Wait Time Per Dispatch"#,
            from: "/proc/PID/task/TID/schedstat"),
        .virtualProcessorDispatches: Facts(
            "switches", ["vm", "name", "vp"], "How often it was put on a logical processor.",
            path: #"\Hyper-V Hypervisor Virtual Processor(*)\CPU Wait Time Per Dispatch"#,
            from: "/proc/PID/task/TID/schedstat"),
        .virtualProcessorBusy: Facts(
            "ratio", ["vm", "name", "vp", "stat"],
            "Share of time that it ran, over the seconds of an interval: their mean (avg) and the highest (max).",
            from: "/proc/PID/task/TID/schedstat, once a second"),
        .virtualProcessorWaitRatio: Facts(
            "ratio", ["vm", "name", "vp", "stat"],
            "Share of time that it waited for a logical processor (ready), over the seconds of an interval: their mean "
                + "(avg), the 95th percentile (p95) and the highest (max).",
            from: "/proc/PID/task/TID/schedstat, once a second"),
        .virtualProcessorExits: Facts(
            "exits", ["vm", "name", "vp"], "How often it left guest code.",
            path: #"\Hyper-V Hypervisor Virtual Processor(*)\Total Intercepts/sec"#, from: exits),
        .virtualProcessorExitReasons: Facts(
            "exits", ["vm", "name", "vp", "reason"],
            "How often it left guest code for one reason: halt, io, mmio, interrupt, emulation, page_fault.",
            path: #"\Hyper-V Hypervisor Virtual Processor(*)\HLT Instructions/sec"#,
            from: exits),
        .virtualProcessorHalt: Facts(
            "seconds", ["vm", "name", "vp", "phase"],
            "Time with nothing to do: asleep (wait), or polled for work by the host, which burns its time for a guest "
                + "that idles (poll_success, poll_fail): no useful load.",
            from: exits),
        .machineRun: Facts(
            "seconds", ["vm", "name"], "Time of the virtual machine's whole process.",
            path: #"\Hyper-V Hypervisor Partition(*)\Total Run Time"#,
            from: "cgroup cpuacct.usage or cpu.stat; else /proc/PID/stat utime and stime"),
        .machineThrottled: Facts(
            "seconds", ["vm", "name"], "Time that a limit of its cgroup kept it from running.", from: "cgroup cpu.stat"),
        .machinePressure: Facts(
            "seconds", ["vm", "name", "resource", "stall"],
            "Time in which some of its threads, or all, waited for a resource.",
            from: "cgroup {cpu,memory,io}.pressure"),
        .virtualProcessors: Facts(
            "processors", ["vm", "name"], "Virtual processors that it was given.",
            path: #"\Hyper-V Hypervisor\Virtual Processors"#, from: "the virtual machine's definition"),
        .machineHypervisor: Facts(
            "1", ["vm", "name", "event"], "What KVM counts for the whole virtual machine, by KVM's own names.",
            from: exits),
    ]

    /// Memory of VMs.
    static let machineMemoryFacts: [Counter: Facts] = [
        .machineMemory: Facts(
            "bytes", ["vm", "name"], "Memory that the guest was given.",
            path: #"\Hyper-V Dynamic Memory VM(*)\Guest Visible Physical Memory"#,
            from: "the virtual machine's definition"),
        .machineResidentMemory: Facts(
            "bytes", ["vm", "name"], "Memory of the host that the process holds.",
            path: #"\Hyper-V VM Vid Partition(*)\Physical Pages Allocated"#, from: "/proc/PID/statm"),
        .machineNodeMemory: Facts(
            "bytes", ["vm", "name", "node"], "Memory of a virtual machine by NUMA node.",
            from: "cgroup memory.numa_stat"),
        .machineRemoteMemory: Facts(
            "bytes", ["vm", "name"], "Memory of a virtual machine on other nodes than the one that has most of it.",
            path: #"\Hyper-V VM Vid Partition(*)\Remote Physical Pages"#, from: "cgroup memory.numa_stat"),
        .machineBalloon: Facts(
            "bytes", ["vm", "name"], "Memory that the balloon leaves to the guest.",
            path: #"\Hyper-V Dynamic Memory VM(*)\Physical Memory"#, from: provider),
        .guestMemory: Facts(
            "bytes", ["vm", "name", "kind"], "Memory by the guest's own figures: total, available and free.",
            path: #"\Hyper-V Dynamic Memory VM(*)\Guest Available Memory"#,
            from: "virtio balloon guest-stats, libvirt balloon statistics"),
        .guestPressure: Facts(
            "ratio", ["vm", "name"], "What the guest wants of memory over what it has: (total - available) / balloon.",
            path: #"\Hyper-V Dynamic Memory VM(*)\Current Pressure"#, from: "virtio balloon guest-stats"),
        .guestSwapped: Facts(
            "bytes", ["vm", "name", "direction"], "Bytes that the guest read from its own swap, and wrote to it.",
            from: "virtio balloon guest-stats"),
        .guestMajorFaults: Facts(
            "faults", ["vm", "name"], "Page faults of the guest that its disk had to answer.",
            from: "virtio balloon guest-stats"),
    ]

    /// Disks and networks of VMs.
    static let machineDeviceFacts: [Counter: Facts] = [
        .machineDiskBytes: Facts(
            "bytes", ["vm", "name", "disk", "direction"], "Bytes that a guest read from a disk, and wrote to it.",
            path: #"\Hyper-V Virtual Storage Device(*)\Read Bytes/sec"#, from: provider),
        .machineDiskRequests: Facts(
            "requests", ["vm", "name", "disk", "direction"], "Requests of a guest that a disk has done.",
            path: #"\Hyper-V Virtual Storage Device(*)\Read Operations/Sec"#, from: provider),
        .machineDiskRequestTime: Facts(
            "seconds", ["vm", "name", "disk", "direction"],
            "Time that they took; over requests, the latency that the guest sees.",
            path: #"\Hyper-V Virtual Storage Device(*)\Latency"#, from: provider),
        .machineDiskCapacity: Facts(
            "bytes", ["vm", "name", "disk"], "Size of a disk as the guest sees it.", from: provider),
        .machineDiskAllocation: Facts(
            "bytes", ["vm", "name", "disk"], "Storage that a disk takes.", from: provider),
        .machineNetworkBytes: Facts(
            "bytes", ["vm", "name", "interface", "direction"], "Bytes that a guest received, and sent.",
            path: #"\Hyper-V Virtual Network Adapter(*)\Bytes/sec"#, from: provider),
        .machineNetworkPackets: Facts(
            "packets", ["vm", "name", "interface", "direction"], "Packets that a guest received, and sent.",
            path: #"\Hyper-V Virtual Network Adapter(*)\Packets/sec"#, from: provider),
        .machineNetworkErrors: Facts(
            "packets", ["vm", "name", "interface", "direction"], "Packets of a guest that went wrong.",
            from: provider),
        .machineNetworkDrops: Facts(
            "packets", ["vm", "name", "interface", "direction"], "Packets of a guest that were given up.",
            path: #"\Hyper-V Virtual Network Adapter(*)\Dropped Packets Incoming/sec"#, from: provider),
    ]
}
