import FleetModel

/// Logical processors and the root partition. Time by mode adds up to wall time, of which the modes of one processor
/// are therefore the measure; where guest code cannot be told from the rest of a VM's time there is the mode `virtual`
/// in place of `guest` and `hypervisor`, and what needs the split is unknown.
extension HyperVCatalogue {
    static let processorCounters = logicalProcessorCounters + rootProcessorCounters + hypervisorCounters

    private static let wall = CounterFormula.growth(.logicalProcessorRun)

    private static func mode(_ mode: RunTimeMode) -> CounterFormula {
        .growth(.logicalProcessorRun, ["mode": mode.rawValue])
    }

    private static let logicalProcessorCounters = [
        HyperVCounter(
            .logicalProcessor, "% Guest Run Time", "%", total: .mean,
            .percent(mode(.guest) + mode(.root), of: wall),
            help: "Time in guest code and in the host's own work: in Hyper-V the root partition is a guest as well."),
        HyperVCounter(
            .logicalProcessor, "% Hypervisor Run Time", "%", total: .mean,
            .percent(mode(.hypervisor), of: wall),
            help: "Time of VMs outside guest code: exits, emulation, I/O."),
        HyperVCounter(
            .logicalProcessor, "% Total Run Time", "%", total: .mean,
            .percent(wall - mode(.steal) - mode(.idle), of: wall - mode(.steal)),
            help: "Busy time, of the time that the machine really had: a nested host that is starved still shows hot."),
        HyperVCounter(
            .logicalProcessor, "% Idle Time", "%", total: .mean,
            .percent(mode(.idle), of: wall),
            help: "Time with nothing to do, waiting for disks included."),
        HyperVCounter(
            .logicalProcessor, "Context Switches/sec", "1/s", total: .own(.rate(.contextSwitches)),
            .rate(.logicalProcessorDispatches),
            help: "How often a task was put on the logical processor; of all, the machine's context switches."),
    ]

    private static let rootProcessorCounters = [
        HyperVCounter(
            .rootProcessor, "% Guest Run Time", "%", total: .mean,
            .percent(mode(.root), of: wall),
            help: "Time of the host's own work."),
        HyperVCounter(
            .rootProcessor, "% Hypervisor Run Time", "%", total: .mean,
            .constant(0) * wall,
            help: "0: the host is its own hypervisor and never leaves itself."),
        HyperVCounter(
            .rootProcessor, "% Total Run Time", "%", total: .mean,
            .percent(mode(.root), of: wall),
            help: "Time of the host's own work: what is neither guest code nor a VM's thread."),
    ]

    private static let hypervisorCounters = [
        HyperVCounter(
            .hypervisor, "Logical Processors", "processors",
            .value(.logicalProcessors),
            help: "Logical processors online."),
        HyperVCounter(
            .hypervisor, "Partitions", "partitions",
            .count(CounterTerm(.machineInformation), foundBy: .machines) + .constant(1),
            help: "VMs that live on the host, and the root partition."),
        HyperVCounter(
            .hypervisor, "Virtual Processors", "processors",
            .all(CounterTerm(.virtualProcessors), foundBy: .machines),
            help: "Virtual processors of all VMs, without the root partition's."),
        HyperVCounter(
            .system, "Context Switches/sec", "1/s",
            .rate(.contextSwitches),
            help: "Context switches of the whole machine."),
        HyperVCounter(
            .system, "Processor Queue Length", "tasks",
            .bounded(.value(.runnableTasks) - .value(.logicalProcessors), .infinity),
            help: "Tasks that are ready beyond those that can run at this moment."),
        HyperVCounter(
            .system, "System Up Time", "s",
            .value(.uptime),
            help: "Time since the machine started."),
    ]
}
