/// Virtual machines and their virtual processors.
extension HyperVCatalogue {
    static let machineCounters = virtualProcessorCounters + partitionCounters

    /// The kernel counts guest time in ticks and run time in nanoseconds: kept to what has run, guest and hypervisor add
    /// up to the total.
    private static let guest = CounterFormula.lesser(.growth(.virtualProcessorGuest), .growth(.virtualProcessorRun))

    private static let virtualProcessorCounters = [
        HyperVCounter(
            .virtualProcessor, "% Guest Run Time", "%", total: .mean,
            .percent(guest, of: .elapsed),
            help: "Time of the virtual processor in guest code; unknown where the platform does not show it."),
        HyperVCounter(
            .virtualProcessor, "% Hypervisor Run Time", "%", total: .mean,
            .percent(.growth(.virtualProcessorRun) - guest, of: .elapsed),
            help: "Time of the virtual processor outside guest code; unknown where the platform does not show it."),
        HyperVCounter(
            .virtualProcessor, "% Total Run Time", "%", total: .mean,
            .percent(.growth(.virtualProcessorRun), of: .elapsed),
            help: "Time that the virtual processor had a logical processor."),
        HyperVCounter(
            .virtualProcessor, "CPU Wait Time Per Dispatch", "ns",
            .each(
                .constant(1e9) * .growth(.virtualProcessorWait), .growth(.virtualProcessorDispatches)),
            help: "How long the virtual processor waited, ready to run, each time before it got a logical processor."),
    ]

    private static let partitionCounters = [
        HyperVCounter(
            .partition, "Virtual Processors", "processors",
            .count(CounterTerm(.virtualProcessorRun), foundBy: .machines),
            help: "Threads of the VM's virtual processors."),
        HyperVCounter(
            .virtualInfrastructure, "Physical Pages Allocated", "pages",
            .value(.machineResidentMemory) / .constant(4096),
            help: "Memory of the host that the VM's process holds, in pages of 4 KiB."),
        HyperVCounter(
            .dynamicMemory, "Guest Visible Physical Memory", "MiB",
            .value(.machineMemory) / .constant(1_048_576),
            help: "Memory that the guest was given."),
    ]
}
