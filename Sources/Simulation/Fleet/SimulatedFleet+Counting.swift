import FleetModel

extension SimulatedFleet {
    /// Lets `span` pass up to `time`: guests get what they want, or their share where they want more than there is.
    public mutating func run(for span: Duration, until time: Timestamp) {
        for name in hosts.keys { hosts[name]?.run(for: span.inSeconds, until: time) }
    }

    /// What the host's agent would report.
    public func report(of name: HostName, agentRun: Int, at time: Timestamp) -> HostReport? {
        guard let host = hosts[name] else { return nil }
        let machines = host.processes.values.map { process in
            VirtualMachineStatus(
                definition: process.machine.definition, state: process.state, accelerator: .kvm,
                residentMemory: process.state == .incoming ? .zero : process.machine.definition.memory)
        }
        return HostReport(
            host: name, cluster: host.cluster, time: time, agentVersion: "simulated", agentRun: "run-\(agentRun)",
            logicalProcessors: host.logicalProcessors, memory: host.memory,
            memoryAvailable: max(.zero, host.memory - host.memoryPromised), accelerator: .kvm,
            migrationAddress: name.text,
            virtualMachines: machines.sorted { $0.definition.id < $1.definition.id })
    }

    /// What the host's agent would measure: series and values, in the agents' own names.
    public func samples(of name: HostName) -> [(labels: Labels, value: Double)] {
        guard let host = hosts[name] else { return [] }
        let place: Labels = ["cluster": host.cluster.text, "host": name.text]
        var samples: [(labels: Labels, value: Double)] = []
        for (mode, seconds) in [("guest", host.spent.guest), ("root", host.spent.root), ("idle", host.spent.idle)] {
            // One LP stands for all: rules add LPs up.
            let labels = place.setting("lp", to: "0").setting("mode", to: mode)
            samples.append((labels.setting(Labels.metricName, to: "evenkeel_lp_run_seconds_total"), seconds))
        }
        func add(_ metric: String, _ value: Double) {
            samples.append((place.setting(Labels.metricName, to: metric), value))
        }
        add("evenkeel_host_logical_processors", Double(host.logicalProcessors))
        add("evenkeel_host_memory_bytes", Double(host.memory.count))
        add("evenkeel_host_memory_available_bytes", Double(max(.zero, host.memory - host.memoryPromised).count))
        for (id, process) in host.processes where process.state.ownsGuest {
            let labels = place.setting("vm", to: id.text).setting("name", to: process.machine.definition.name.text)
            samples.append((labels.setting(Labels.metricName, to: "evenkeel_vm_run_seconds_total"), process.runSeconds))
        }
        return samples
    }

    /// LPs that the guests on a host want at `time`.
    public func wanted(on name: HostName, at time: Timestamp) -> Double {
        hosts[name]?.wanted(at: time) ?? 0
    }

    /// LPs that the guests on a host get at `time`: less than they want where they want more than there is.
    public func granted(to id: VirtualMachineID, on name: HostName, at time: Timestamp) -> Double {
        guard let host = hosts[name], let process = host.processes[id] else { return 0 }
        return process.wanted(at: time) * host.grantedShare(at: time)
    }
}

extension SimulatedHost {
    /// The host's own work, as a share of all its LPs.
    static let rootShare = 0.02

    func wanted(at time: Timestamp) -> Double {
        // In a fixed order: sums of numbers depend on it, and a replay must give the very same ones.
        wishes(at: time).sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value }
    }

    /// LPs that each guest wants.
    private func wishes(at time: Timestamp) -> [VirtualMachineID: Double] {
        processes.compactMapValues { $0.state.ownsGuest ? $0.wanted(at: time) : nil }
    }

    /// What all LPs together can give to guests.
    private var room: Double { Double(logicalProcessors) * (1 - Self.rootShare) }

    func grantedShare(at time: Timestamp) -> Double {
        share(of: wanted(at: time))
    }

    private func share(of wanted: Double) -> Double { wanted > room ? room / wanted : 1 }

    mutating func run(for seconds: Double, until time: Timestamp) {
        let wishes = wishes(at: time).sorted { $0.key < $1.key }
        let wanted = wishes.reduce(0) { $0 + $1.value }
        let share = share(of: wanted)
        for (id, wish) in wishes { processes[id]?.runSeconds += wish * share * seconds }
        let used = min(room, wanted)
        spent.guest += used * seconds
        spent.root += Double(logicalProcessors) * Self.rootShare * seconds
        spent.idle += max(0, room - used) * seconds
    }
}

extension SimulatedProcess {
    /// LPs that the guest wants at `time`: never more than its virtual processors.
    func wanted(at time: Timestamp) -> Double {
        min(machine.demand.processors(at: time), Double(machine.definition.virtualProcessors))
    }
}
