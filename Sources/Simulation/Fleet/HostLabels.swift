import FleetModel

/// The labels of a host's series, made once: they are told with every sample.
struct HostLabels: Sendable {
    private let place: Labels
    let guestTime: Labels
    let rootTime: Labels
    let idleTime: Labels
    let logicalProcessors: Labels
    let memory: Labels
    let memoryAvailable: Labels
    private var machines: [VirtualMachineID: Labels] = [:]

    init(cluster: ClusterName, host: HostName) {
        let place: Labels = ["cluster": cluster.text, "host": host.text]
        func named(_ metric: String) -> Labels { place.setting(Labels.metricName, to: metric) }
        // One LP stands for all: rules add LPs up.
        let time = named("evenkeel_lp_run_seconds_total").setting("lp", to: "0")
        guestTime = time.setting("mode", to: "guest")
        rootTime = time.setting("mode", to: "root")
        idleTime = time.setting("mode", to: "idle")
        logicalProcessors = named("evenkeel_host_logical_processors")
        memory = named("evenkeel_host_memory_bytes")
        memoryAvailable = named("evenkeel_host_memory_available_bytes")
        self.place = place
    }

    /// Those of a VM's run time.
    mutating func runTime(of machine: VirtualMachineDefinition) -> Labels {
        if let known = machines[machine.id] { return known }
        let labels = place.setting(Labels.metricName, to: "evenkeel_vm_run_seconds_total")
            .setting("vm", to: machine.id.text).setting("name", to: machine.name.text)
        machines[machine.id] = labels
        return labels
    }
}
