import FleetModel

/// Virtual machines and their virtual processors.
extension HyperVCatalogue {
    static let machineCounters = runCounters + interceptCounters + partitionCounters

    /// The kernel counts guest time in ticks and run time in nanoseconds: kept to what has run, guest and hypervisor add
    /// up to the total.
    private static let guest = CounterFormula.lesser(.growth(.virtualProcessorGuest), .growth(.virtualProcessorRun))

    private static let runCounters = [
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

    private static let interceptCounters =
        [
            HyperVCounter(
                .virtualProcessor, "Total Intercepts/sec", "1/s",
                .rate(.virtualProcessorExits),
                help: "How often the virtual processor left guest code.")
        ]
        + intercepts.map { reason, name, help in
            HyperVCounter(
                .virtualProcessor, name, "1/s",
                .rate(.virtualProcessorExitReasons, ["reason": reason]),
                help: help)
        }

    private static let intercepts = [
        ("halt", "HLT Instructions/sec", "How often the virtual processor had nothing to do."),
        ("io", "IO Instructions/sec", "How often it left guest code for a device."),
        ("interrupt", "External Interrupts/sec", "How often an interrupt of the host made it leave guest code."),
        ("emulation", "Emulated Instructions/sec", "How often an instruction of the guest had to be emulated."),
        ("page_fault", "Page Fault Intercepts/sec", "How often memory of the guest was not there."),
    ]

    private static let mebibyte = CounterFormula.constant(1_048_576)
    private static let page = CounterFormula.constant(4096)

    private static let partitionCounters = [
        HyperVCounter(
            .partition, "Virtual Processors", "processors",
            .value(.virtualProcessors),
            help: "Virtual processors that the VM was given."),
        HyperVCounter(
            .partition, "Total Run Time", "100 ns",
            .constant(1e7) * .value(.machineRun),
            help: "Time of the VM's whole process since it began, in Hyper-V's units."),
        HyperVCounter(
            .virtualInfrastructure, "Physical Pages Allocated", "pages",
            .value(.machineResidentMemory) / page,
            help: "Memory of the host that the VM's process holds, in pages of 4 KiB."),
        HyperVCounter(
            .virtualInfrastructure, "Remote Physical Pages", "pages",
            .value(.machineRemoteMemory) / page,
            help: "Memory of the VM on other nodes than the one that has most of it, in pages of 4 KiB."),
        HyperVCounter(
            .dynamicMemory, "Current Pressure", "%",
            .constant(100) * .value(.guestPressure),
            help: "What the guest wants of memory over what it has."),
        HyperVCounter(
            .dynamicMemory, "Physical Memory", "MiB",
            .value(.machineBalloon) / mebibyte,
            help: "Memory that the balloon leaves to the guest."),
        HyperVCounter(
            .dynamicMemory, "Guest Visible Physical Memory", "MiB",
            .value(.machineMemory) / mebibyte,
            help: "Memory that the guest was given."),
        HyperVCounter(
            .dynamicMemory, "Guest Available Memory", "MiB",
            .value(.guestMemory, ["kind": "available"]) / mebibyte,
            help: "Memory that the guest could still give to programs."),
        HyperVCounter(
            .balancer, "Average Pressure", "%",
            .constant(100) * (.value(.guestMemory, ["kind": "total"]) - .value(.guestMemory, ["kind": "available"]))
                / .value(.machineBalloon),
            help: "What guests want of memory over what they have, of all VMs that say so."),
        // The root partition's own reserve as SCVMM's deployment slides (2008) have it: 1 GiB, and about 21 MiB a VM.
        HyperVCounter(
            .hostBalancer, "Available Memory", "MiB",
            .value(.memoryAvailable) / .constant(1_048_576)
                - (.constant(1024) + .constant(21) * .count(CounterTerm(.machineMemory), foundBy: .machines)),
            help: "Memory left for VMs: without 1024 MiB for the host itself and 21 MiB for each VM."),
    ]
}
