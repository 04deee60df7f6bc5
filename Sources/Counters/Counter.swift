/// Every counter that an agent reports: the catalogue. A new counter is one case, one entry and one reader.
public enum Counter: String, CaseIterable, Sendable {
    /// Time of a logical processor by mode.
    case logicalProcessorRun = "evenkeel_lp_run_seconds_total"
    /// Logical processors online.
    case logicalProcessors = "evenkeel_host_logical_processors"
    /// Context switches.
    case contextSwitches = "evenkeel_host_context_switches_total"
    /// Memory of the host.
    case memory = "evenkeel_host_memory_bytes"
    /// Memory that is left.
    case memoryAvailable = "evenkeel_host_memory_available_bytes"
    /// The mean of tasks that run or wait.
    case load = "evenkeel_host_load"
    /// Pages moved between memory and swap.
    case pagesSwapped = "evenkeel_host_pages_swapped_total"
    /// Faults that a disk had to answer.
    case majorFaults = "evenkeel_host_major_faults_total"
    /// Processes ended because memory ran out.
    case outOfMemoryKills = "evenkeel_host_oom_kills_total"
    /// Time in which tasks waited for a resource.
    case pressure = "evenkeel_host_pressure_seconds_total"
    /// Bytes of a disk.
    case diskBytes = "evenkeel_host_disk_bytes_total"
    /// Requests of a disk.
    case diskRequests = "evenkeel_host_disk_requests_total"
    /// Time that requests of a disk took.
    case diskRequestTime = "evenkeel_host_disk_request_seconds_total"
    /// Time in which a disk had something to do.
    case diskBusy = "evenkeel_host_disk_busy_seconds_total"
    /// Bytes of a network interface.
    case networkBytes = "evenkeel_host_network_bytes_total"
    /// Packets of a network interface.
    case networkPackets = "evenkeel_host_network_packets_total"
    /// Packets that went wrong.
    case networkErrors = "evenkeel_host_network_errors_total"
    /// Packets that were given up.
    case networkDrops = "evenkeel_host_network_drops_total"
    /// Time of a virtual processor.
    case virtualProcessorRun = "evenkeel_vm_vp_run_seconds_total"
    /// Time of a virtual processor in guest code.
    case virtualProcessorGuest = "evenkeel_vm_vp_guest_seconds_total"
    /// How often a virtual processor got a logical processor.
    case virtualProcessorDispatches = "evenkeel_vm_vp_dispatches_total"
    /// Waiting of a virtual processor.
    case virtualProcessorWait = "evenkeel_vm_vp_wait_seconds_total"
    /// Time of a VM's whole process.
    case machineRun = "evenkeel_vm_run_seconds_total"
    /// Memory of a VM's guest.
    case machineMemory = "evenkeel_vm_memory_bytes"
    /// Memory that a VM takes from its host.
    case machineResidentMemory = "evenkeel_vm_memory_resident_bytes"
    /// That a VM is here, and how.
    case machineInformation = "evenkeel_vm_info"
    /// Whether a reader worked.
    case readerSuccess = "evenkeel_agent_reader_success"
    /// How long a reader took.
    case readerDuration = "evenkeel_agent_reader_duration_seconds"
    /// Batches waiting to be delivered.
    case spoolBatches = "evenkeel_agent_spool_batches"
    /// Batches lost.
    case spoolDropped = "evenkeel_agent_spool_dropped_total"
    /// Batches refused.
    case spoolRefused = "evenkeel_agent_spool_refused_total"
}

/// What the catalogue says of a counter.
public struct CounterEntry: Hashable, Sendable {
    /// Prometheus' metric types, as far as they occur.
    public enum Kind: String, Sendable { case counter, gauge }

    /// The series' name.
    public var name: String
    /// Its type.
    public var kind: Kind
    /// Its unit.
    public var unit: String
    /// Labels besides `cluster` and `host`.
    public var labels: [String]
    /// What it says, in a sentence.
    public var help: String
    /// The path of the Hyper-V counter that is made from it; `nil` where Hyper-V has none.
    public var hyperVPath: String?
    /// Where its value is read.
    public var source: String
}

extension Counter {
    /// The counter's entry in the catalogue.
    public var entry: CounterEntry {
        let text = facts
        return CounterEntry(
            name: rawValue, kind: rawValue.hasSuffix("_total") ? .counter : .gauge, unit: text.unit,
            labels: text.labels, help: text.help, hyperVPath: text.hyperVPath, source: text.source)
    }

    /// What the name alone does not say.
    private struct Facts {
        var unit: String
        var labels: [String] = []
        var help: String
        var hyperVPath: String?
        var source: String
    }

    private var facts: Facts {
        switch self {
        case .logicalProcessorRun:
            Facts(
                unit: "seconds", labels: ["lp", "mode"],
                help: "Time of a logical processor by mode; the modes that are reported add up to wall time.",
                hyperVPath: #"\Hyper-V Hypervisor Logical Processor(*)\% Total Run Time"#,
                source: "/proc/stat, /proc/PID/task/TID/{stat,schedstat}")
        case .logicalProcessors:
            Facts(
                unit: "processors", help: "Logical processors online for virtual machines and the host together.",
                hyperVPath: #"\Hyper-V Hypervisor\Logical Processors"#, source: "/proc/stat")
        case .contextSwitches:
            Facts(
                unit: "switches", help: "Context switches of the whole machine.",
                hyperVPath: #"\Hyper-V Hypervisor Logical Processor(_Total)\Context Switches/sec"#,
                source: "/proc/stat ctxt")
        case .memory, .memoryAvailable: memoryFacts
        case .load, .pagesSwapped, .majorFaults, .outOfMemoryKills, .pressure: waitingFacts
        case .diskBytes, .diskRequests, .diskRequestTime, .diskBusy, .networkBytes, .networkPackets, .networkErrors,
            .networkDrops:
            deviceFacts
        case .virtualProcessorRun, .virtualProcessorGuest, .virtualProcessorDispatches, .virtualProcessorWait,
            .machineRun, .machineMemory, .machineResidentMemory, .machineInformation:
            machineFacts
        case .readerSuccess, .readerDuration, .spoolBatches, .spoolDropped, .spoolRefused: agentFacts
        }
    }

    private var memoryFacts: Facts {
        self == .memory
            ? Facts(
                unit: "bytes", help: "Memory of the host, or the budget of a partition of a machine.",
                source: "/proc/meminfo MemTotal, or the configuration")
            : Facts(
                unit: "bytes", help: "Memory that can be had without swapping; of a partition, what its budget leaves.",
                hyperVPath: #"\Memory\Available MBytes"#, source: "/proc/meminfo MemAvailable")
    }

    private var waitingFacts: Facts {
        switch self {
        case .load:
            Facts(
                unit: "tasks", labels: ["window"], help: "Tasks that ran or waited, as a mean that fades.",
                source: "/proc/loadavg")
        case .pagesSwapped:
            Facts(
                unit: "pages", labels: ["direction"], help: "Pages moved from swap into memory, and out to it.",
                hyperVPath: #"\Memory\Pages/sec"#, source: "/proc/vmstat pswpin and pswpout")
        case .majorFaults:
            Facts(
                unit: "faults", help: "Page faults that a disk had to answer.",
                hyperVPath: #"\Memory\Page Reads/sec"#, source: "/proc/vmstat pgmajfault")
        case .outOfMemoryKills:
            Facts(
                unit: "processes", help: "Processes that the kernel ended because memory ran out.",
                source: "/proc/vmstat oom_kill")
        default:
            Facts(
                unit: "seconds", labels: ["resource", "stall"],
                help: "Time in which some tasks, or all that could run, waited for a resource.",
                source: "/proc/pressure/{cpu,memory,io}")
        }
    }

    private var deviceFacts: Facts {
        let (disk, network) = ("/proc/diskstats", "/proc/net/dev")
        return switch self {
        case .diskBytes:
            Facts(
                unit: "bytes", labels: ["device", "direction"], help: "Bytes read from a disk, and written to it.",
                hyperVPath: #"\PhysicalDisk(*)\Disk Bytes/sec"#, source: disk)
        case .diskRequests:
            Facts(
                unit: "requests", labels: ["device", "direction"], help: "Requests that a disk has done.",
                hyperVPath: #"\PhysicalDisk(*)\Disk Transfers/sec"#, source: disk)
        case .diskRequestTime:
            Facts(
                unit: "seconds", labels: ["device", "direction"],
                help: "Time that a disk's requests took, waiting included; over requests, their latency.",
                hyperVPath: #"\PhysicalDisk(*)\Avg. Disk sec/Transfer"#, source: disk)
        case .diskBusy:
            Facts(
                unit: "seconds", labels: ["device"], help: "Time in which a disk had a request to do.",
                hyperVPath: #"\PhysicalDisk(*)\% Disk Time"#, source: disk)
        case .networkBytes:
            Facts(
                unit: "bytes", labels: ["interface", "direction"], help: "Bytes of a network interface.",
                hyperVPath: #"\Network Interface(*)\Bytes Total/sec"#, source: network)
        case .networkPackets:
            Facts(
                unit: "packets", labels: ["interface", "direction"], help: "Packets of a network interface.",
                hyperVPath: #"\Network Interface(*)\Packets/sec"#, source: network)
        case .networkErrors:
            Facts(
                unit: "packets", labels: ["interface", "direction"], help: "Packets that went wrong.",
                hyperVPath: #"\Network Interface(*)\Packets Received Errors"#, source: network)
        default:
            Facts(
                unit: "packets", labels: ["interface", "direction"],
                help: "Packets that were given up for want of room.",
                hyperVPath: #"\Network Interface(*)\Packets Received Discarded"#, source: network)
        }
    }

    private var machineFacts: Facts {
        switch self {
        case .virtualProcessorRun:
            Facts(
                unit: "seconds", labels: ["vm", "name", "vp"], help: "Time of a virtual processor's thread.",
                hyperVPath: #"\Hyper-V Hypervisor Virtual Processor(*)\% Total Run Time"#,
                source: "/proc/PID/task/TID/schedstat")
        case .virtualProcessorGuest:
            Facts(
                unit: "seconds", labels: ["vm", "name", "vp"],
                help: "Time of a virtual processor's thread in guest code, where the platform shows it.",
                hyperVPath: #"\Hyper-V Hypervisor Virtual Processor(*)\% Guest Run Time"#,
                source: "/proc/PID/task/TID/stat guest_time; utime of a translated guest")
        case .virtualProcessorDispatches:
            Facts(
                unit: "dispatches", labels: ["vm", "name", "vp"],
                help: "How often a virtual processor's thread was put on a logical processor.",
                hyperVPath: #"\Hyper-V Hypervisor Virtual Processor(*)\CPU Wait Time Per Dispatch"#,
                source: "/proc/PID/task/TID/schedstat")
        case .virtualProcessorWait:
            Facts(
                unit: "seconds", labels: ["vm", "name", "vp"],
                help: "Time that a virtual processor was ready and had no logical processor.",
                hyperVPath: #"\Hyper-V Hypervisor Virtual Processor(*)\CPU Wait Time Per Dispatch"#,
                source: "/proc/PID/task/TID/schedstat")
        case .machineRun:
            Facts(
                unit: "seconds", labels: ["vm", "name"], help: "Time of the virtual machine's whole process.",
                source: "/proc/PID/stat utime and stime")
        case .machineMemory:
            Facts(
                unit: "bytes", labels: ["vm", "name"], help: "Memory that the guest was given.",
                hyperVPath: #"\Hyper-V Dynamic Memory VM(*)\Guest Visible Physical Memory"#,
                source: "the virtual machine's definition")
        case .machineResidentMemory:
            Facts(
                unit: "bytes", labels: ["vm", "name"], help: "Memory of the host that the process holds.",
                hyperVPath: #"\Hyper-V VM Vid Partition(*)\Physical Pages Allocated"#,
                source: "/proc/PID/statm")
        default:
            Facts(
                unit: "1", labels: ["vm", "name", "accelerator", "state"],
                help: "1 for each virtual machine that lives on the host.",
                hyperVPath: #"\Hyper-V Hypervisor\Partitions"#, source: "the virtual machine's provider")
        }
    }

    private var agentFacts: Facts {
        switch self {
        case .readerSuccess:
            Facts(unit: "1", labels: ["reader"], help: "1 if the reader worked, else 0.", source: "the agent")
        case .readerDuration:
            Facts(unit: "seconds", labels: ["reader"], help: "How long the reader took.", source: "the agent")
        case .spoolBatches:
            Facts(unit: "batches", help: "Samples on disk that the server has not taken yet.", source: "the agent")
        case .spoolDropped:
            Facts(
                unit: "batches", help: "Samples lost because the spool was full, since the agent started.",
                source: "the agent")
        default:
            Facts(
                unit: "batches", help: "Samples that the server refused for good, since the agent started.",
                source: "the agent")
        }
    }
}
