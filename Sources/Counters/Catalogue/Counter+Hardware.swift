extension Counter {
    private static let links = "/sys/class/net/INTERFACE"

    /// The host's hardware, how it is.
    static let hardwareFacts: [Counter: Facts] = [
        .memoryErrors: Facts(
            "errors", ["controller", "kind"], "Errors of memory: corrected by ECC, or not.",
            from: "/sys/devices/system/edac/mc/mcN/{ce_count,ue_count}"),
        .temperature: Facts(
            "celsius", ["chip", "sensor"], "A temperature.",
            from: "/sys/class/hwmon/hwmonN/tempN_input, /sys/class/thermal/thermal_zoneN/temp"),
        .temperatureCritical: Facts(
            "celsius", ["chip", "sensor"], "The temperature that the maker calls critical.",
            from: "/sys/class/hwmon/hwmonN/tempN_crit"),
        .arrayDisks: Facts(
            "disks", ["array", "state"], "Disks of a software array: wanted, active, failed and spare.",
            from: "/proc/mdstat"),
        .arrayDegraded: Facts(
            "1", ["array", "level"],
            "1 where a software array has fewer working disks than it should, or does not run.",
            from: "/proc/mdstat"),
        .arrayWork: Facts(
            "ratio", ["array", "work"], "How much of a resync, recovery, reshape or check is done.",
            from: "/proc/mdstat"),
        .multipathPaths: Facts(
            "paths", ["device", "state"], "Paths to a disk by state: running, or what the kernel says else.",
            from: "/sys/block/dm-N/slaves/DISK/device/state"),
        .linkUp: Facts(
            "1", ["interface"], "1 where a physical interface, bond or bridge has a carrier, else 0.",
            from: "\(links)/{operstate,carrier}"),
        .linkSpeed: Facts(
            "bits a second", ["interface"], "The speed of a link.",
            path: #"\Network Interface(*)\Current Bandwidth"#, from: "\(links)/speed"),
        .linkChanges: Facts(
            "changes", ["interface"], "How often a link went up or down.", from: "\(links)/carrier_changes"),
        .fileSystemSize: Facts(
            "bytes", ["mount", "device", "type"], "Size of a file system on a disk.", from: "statvfs"),
        .fileSystemAvailable: Facts(
            "bytes", ["mount", "device", "type"], "What a program without privileges can still write to it.",
            from: "statvfs"),
        .fileSystemFiles: Facts("files", ["mount", "device", "type"], "Files that it can hold.", from: "statvfs"),
        .fileSystemFilesFree: Facts(
            "files", ["mount", "device", "type"], "Files that it can hold besides those it has.", from: "statvfs"),
        .fileSystemReadOnly: Facts(
            "1", ["mount", "device", "type"], "1 where it cannot be written to, as after an error of its disk.",
            from: "/proc/self/mounts"),
    ]

    /// What host and VMs are made of.
    static let makeUpFacts: [Counter: Facts] = [
        .hostInformation: Facts(
            "1",
            [
                "kernel", "architecture", "vendor", "model", "virtualization", "nested_paging", "nx", "cgroup", "qemu",
                "libvirt",
            ],
            "1; its labels say what the host is: VT-x (vmx) or AMD-V (svm), EPT or NPT, NX, versions.",
            from: "/proc/cpuinfo, uname, the providers"),
        .sockets: Facts("sockets", "Sockets with a processor.", from: "/proc/cpuinfo"),
        .cores: Facts("cores", "Cores of all sockets.", from: "/proc/cpuinfo"),
        .nodes: Facts("nodes", "NUMA nodes.", from: "/sys/devices/system/node"),
        .machineInformation: Facts(
            "1", ["vm", "name", "accelerator", "state", "manager"],
            "1 for each virtual machine that lives on the host.",
            path: #"\Hyper-V Hypervisor\Partitions"#, from: "the virtual machine's provider"),
        .machineRestarts: Facts(
            "restarts", ["vm", "name"],
            "How often its host started it again after it had failed, by its restart policy.",
            from: "the virtual machine's provider"),
        .machineHardware: Facts(
            "1", ["vm", "name", "machine", "processor_model", "qemu"],
            "1; its labels say what the virtual machine is made of.", from: "the virtual machine's provider"),
        .machineDiskInformation: Facts(
            "1", ["vm", "name", "disk", "path", "format", "bus", "kind", "allocation", "backing_images", "cache"],
            "1; its labels say what a virtual disk is: a block device or a file, preallocated or growing, "
                + "and how the host keeps what is written to it.",
            from: "the virtual machine's provider"),
        .machineInterfaceInformation: Facts(
            "1", ["vm", "name", "interface", "model", "bridge"], "1; its labels say what a virtual interface is.",
            from: "the virtual machine's provider"),
        .machineSnapshots: Facts(
            "snapshots", ["vm", "name"], "Snapshots of the virtual machine.", from: "the virtual machine's provider"),
        .machineSnapshotNewest: Facts(
            "seconds since 1970", ["vm", "name"], "When the newest snapshot was taken.",
            from: "the virtual machine's provider"),
        .machineSnapshotOldest: Facts(
            "seconds since 1970", ["vm", "name"], "When the oldest snapshot was taken.",
            from: "the virtual machine's provider"),
    ]

    /// The agent itself.
    static let agentFacts: [Counter: Facts] = [
        .agentInformation: Facts("1", ["version"], "1; its label says which version the agent is.", from: "the agent"),
        .agentRun: Facts("seconds", "Time on a logical processor that the agent took.", from: "getrusage"),
        .agentMemory: Facts("bytes", "Memory of the host that the agent holds.", from: "/proc/self/statm"),
        .agentSamples: Facts(
            "samples", "Samples that the agent has taken since it started; one that is missing here was lost.",
            from: "the agent"),
        .agentClockSkew: Facts(
            "seconds", "How far the host's clock is ahead of the server's; half a round trip is its error.",
            from: "the server's answers to reports"),
        .readerSuccess: Facts("1", ["reader"], "1 if the reader worked, else 0.", from: "the agent"),
        .readerDuration: Facts("seconds", ["reader"], "How long the reader took.", from: "the agent"),
        .spoolBatches: Facts("batches", "Samples on disk that the server has not taken yet.", from: "the agent"),
        .spoolBytes: Facts("bytes", "What they take on disk.", from: "the agent"),
        .spoolDropped: Facts(
            "batches", "Samples lost because the spool was full, since the agent started.", from: "the agent"),
        .spoolRefused: Facts(
            "batches", "Samples that the server refused for good, since the agent started.", from: "the agent"),
    ]
}
