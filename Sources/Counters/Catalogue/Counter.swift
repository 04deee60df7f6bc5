/// Every counter that an agent reports. A new counter is one case here, one entry in the catalogue (`Counter+*.swift`)
/// and one reader.
public enum Counter: String, CaseIterable, Sendable {
    // Logical processors.
    case logicalProcessorRun = "evenkeel_lp_run_seconds_total"
    case logicalProcessorBusy = "evenkeel_lp_busy_ratio"
    case logicalProcessorEstimated = "evenkeel_lp_split_estimated"
    case logicalProcessorWait = "evenkeel_lp_wait_seconds_total"
    case logicalProcessorDispatches = "evenkeel_lp_dispatches_total"
    case logicalProcessorThrottles = "evenkeel_lp_thermal_throttles_total"
    case logicalProcessors = "evenkeel_host_logical_processors"
    case hostBusy = "evenkeel_host_busy_ratio"
    case contextSwitches = "evenkeel_host_context_switches_total"
    case load = "evenkeel_host_load"
    case runnableTasks = "evenkeel_host_runnable_tasks"
    case uptime = "evenkeel_host_uptime_seconds"

    // Memory and what waits for it.
    case memory = "evenkeel_host_memory_bytes"
    case memoryAvailable = "evenkeel_host_memory_available_bytes"
    case memoryAvailableMinimum = "evenkeel_host_memory_available_minimum_bytes"
    case memoryUse = "evenkeel_host_memory_use_bytes"
    case swap = "evenkeel_host_swap_bytes"
    case hugePages = "evenkeel_host_huge_pages_bytes"
    case nodeMemory = "evenkeel_host_node_memory_bytes"
    case nodeAllocations = "evenkeel_host_node_allocations_total"
    case nodeHintFaults = "evenkeel_host_node_hint_faults_total"
    case nodePagesMigrated = "evenkeel_host_node_pages_migrated_total"
    case pagesSwapped = "evenkeel_host_pages_swapped_total"
    case bytesPaged = "evenkeel_host_paged_bytes_total"
    case majorFaults = "evenkeel_host_major_faults_total"
    case directReclaim = "evenkeel_host_direct_reclaim_pages_total"
    case compactionStalls = "evenkeel_host_compaction_stalls_total"
    case hugePageFaults = "evenkeel_host_huge_page_faults_total"
    case outOfMemoryKills = "evenkeel_host_oom_kills_total"
    case pressure = "evenkeel_host_pressure_seconds_total"
    case pressureRatio = "evenkeel_host_pressure_ratio"

    // Disks and networks of the host.
    case diskBytes = "evenkeel_host_disk_bytes_total"
    case diskRequests = "evenkeel_host_disk_requests_total"
    case diskRequestTime = "evenkeel_host_disk_request_seconds_total"
    case diskBusy = "evenkeel_host_disk_busy_seconds_total"
    case diskQueue = "evenkeel_host_disk_queue_length"
    case networkBytes = "evenkeel_host_network_bytes_total"
    case networkPackets = "evenkeel_host_network_packets_total"
    case networkErrors = "evenkeel_host_network_errors_total"
    case networkDrops = "evenkeel_host_network_drops_total"
    case backlogDrops = "evenkeel_host_backlog_drops_total"
    case backlogSqueezes = "evenkeel_host_backlog_squeezes_total"

    // The host's hardware, how it is.
    case memoryErrors = "evenkeel_host_memory_errors_total"
    case temperature = "evenkeel_host_temperature_celsius"
    case temperatureCritical = "evenkeel_host_temperature_critical_celsius"
    case arrayDisks = "evenkeel_host_array_disks"
    case arrayDegraded = "evenkeel_host_array_degraded"
    case arrayWork = "evenkeel_host_array_work_ratio"
    case multipathPaths = "evenkeel_host_multipath_paths"
    case linkUp = "evenkeel_host_link_up"
    case linkSpeed = "evenkeel_host_link_speed_bits"
    case linkChanges = "evenkeel_host_link_changes_total"
    case fileSystemSize = "evenkeel_host_filesystem_bytes"
    case fileSystemAvailable = "evenkeel_host_filesystem_available_bytes"
    case fileSystemFiles = "evenkeel_host_filesystem_files"
    case fileSystemFilesFree = "evenkeel_host_filesystem_files_free"
    case fileSystemReadOnly = "evenkeel_host_filesystem_readonly"

    // What the host is made of.
    case hostInformation = "evenkeel_host_info"
    case sockets = "evenkeel_host_sockets"
    case cores = "evenkeel_host_cores"
    case nodes = "evenkeel_host_nodes"

    // Virtual machines: processors.
    case virtualProcessorRun = "evenkeel_vm_vp_run_seconds_total"
    case virtualProcessorGuest = "evenkeel_vm_vp_guest_seconds_total"
    case virtualProcessorWait = "evenkeel_vm_vp_wait_seconds_total"
    case virtualProcessorDispatches = "evenkeel_vm_vp_dispatches_total"
    case virtualProcessorBusy = "evenkeel_vm_vp_busy_ratio"
    case virtualProcessorWaitRatio = "evenkeel_vm_vp_wait_ratio"
    case virtualProcessorExits = "evenkeel_vm_vp_exits_total"
    case virtualProcessorExitReasons = "evenkeel_vm_vp_exit_reasons_total"
    case virtualProcessorHalt = "evenkeel_vm_vp_halt_seconds_total"
    case machineRun = "evenkeel_vm_run_seconds_total"
    case machineThrottled = "evenkeel_vm_throttled_seconds_total"
    case machinePressure = "evenkeel_vm_pressure_seconds_total"
    case virtualProcessors = "evenkeel_vm_virtual_processors"
    case machineHypervisor = "evenkeel_vm_hypervisor_value"

    // Virtual machines: memory.
    case machineMemory = "evenkeel_vm_memory_bytes"
    case machineResidentMemory = "evenkeel_vm_memory_resident_bytes"
    case machineNodeMemory = "evenkeel_vm_node_memory_bytes"
    case machineRemoteMemory = "evenkeel_vm_remote_memory_bytes"
    case machineBalloon = "evenkeel_vm_balloon_bytes"
    case guestMemory = "evenkeel_vm_guest_memory_bytes"
    case guestPressure = "evenkeel_vm_guest_memory_pressure_ratio"
    case guestSwapped = "evenkeel_vm_guest_swapped_bytes_total"
    case guestMajorFaults = "evenkeel_vm_guest_major_faults_total"

    // Virtual machines: disks and networks.
    case machineDiskBytes = "evenkeel_vm_disk_bytes_total"
    case machineDiskRequests = "evenkeel_vm_disk_requests_total"
    case machineDiskRequestTime = "evenkeel_vm_disk_request_seconds_total"
    case machineDiskCapacity = "evenkeel_vm_disk_capacity_bytes"
    case machineDiskAllocation = "evenkeel_vm_disk_allocation_bytes"
    case machineNetworkBytes = "evenkeel_vm_network_bytes_total"
    case machineNetworkPackets = "evenkeel_vm_network_packets_total"
    case machineNetworkErrors = "evenkeel_vm_network_errors_total"
    case machineNetworkDrops = "evenkeel_vm_network_drops_total"

    // Virtual machines: what they are made of.
    case machineInformation = "evenkeel_vm_info"
    case machineRestarts = "evenkeel_vm_restarts_total"
    case machineHardware = "evenkeel_vm_hardware_info"
    case machineDiskInformation = "evenkeel_vm_disk_info"
    case machineInterfaceInformation = "evenkeel_vm_interface_info"
    case machineSnapshots = "evenkeel_vm_snapshots"
    case machineSnapshotNewest = "evenkeel_vm_snapshot_newest_timestamp_seconds"
    case machineSnapshotOldest = "evenkeel_vm_snapshot_oldest_timestamp_seconds"

    // The agent itself.
    case agentInformation = "evenkeel_agent_info"
    case agentRun = "evenkeel_agent_cpu_seconds_total"
    case agentMemory = "evenkeel_agent_resident_bytes"
    case agentSamples = "evenkeel_agent_samples_total"
    case agentClockSkew = "evenkeel_agent_clock_skew_seconds"
    case readerSuccess = "evenkeel_agent_reader_success"
    case readerDuration = "evenkeel_agent_reader_duration_seconds"
    case spoolBatches = "evenkeel_agent_spool_batches"
    case spoolBytes = "evenkeel_agent_spool_bytes"
    case spoolDropped = "evenkeel_agent_spool_dropped_total"
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
    /// Labels besides `cluster` and `host`, in the order of the values of `SeriesKey.Subject.parts`.
    public var labels: [String]
    /// What it says, in a sentence.
    public var help: String
    /// The path of the Hyper-V counter that is made from it; `nil` where Hyper-V has none.
    public var hyperVPath: String?
    /// Where its value is read.
    public var source: String
}

extension Counter {
    /// What the name alone does not say.
    struct Facts: Sendable {
        var unit: String
        var labels: [String]
        var help: String
        var hyperVPath: String?
        var source: String

        init(_ unit: String, _ labels: [String] = [], _ help: String, path: String? = nil, from source: String) {
            self.unit = unit
            self.labels = labels
            self.help = help
            hyperVPath = path
            self.source = source
        }
    }

    /// The catalogue, a page a subject.
    static let catalogue: [Counter: Facts] = [
        processorFacts, memoryFacts, deviceFacts, hardwareFacts, virtualProcessorFacts, machineMemoryFacts,
        machineDeviceFacts, makeUpFacts, agentFacts,
    ].reduce(into: [:]) { $0.merge($1) { first, _ in first } }

    private static let entries: [Counter: CounterEntry] = catalogue.reduce(into: [:]) { entries, fact in
        let (counter, facts) = fact
        entries[counter] = CounterEntry(
            name: counter.rawValue, kind: counter.rawValue.hasSuffix("_total") ? .counter : .gauge, unit: facts.unit,
            labels: facts.labels, help: facts.help, hyperVPath: facts.hyperVPath, source: facts.source)
    }

    /// The counter's entry in the catalogue.
    public var entry: CounterEntry {
        guard let entry = Self.entries[self] else { preconditionFailure("\(self) has no entry in the catalogue") }
        return entry
    }
}
