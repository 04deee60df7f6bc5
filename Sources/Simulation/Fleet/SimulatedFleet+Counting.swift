import FleetModel

extension SimulatedFleet {
    /// Lets `span` pass up to `time`: guests get what they want, or their share where they want more than there is.
    public mutating func run(for span: Duration, until time: Timestamp) {
        for name in hosts.keys { hosts[name]?.run(for: span.inSeconds, until: time) }
    }

    /// What the host's agent would report.
    public func report(of name: HostName, agentRun: Int, at time: Timestamp) -> HostReport? {
        guard let host = hosts[name] else { return nil }
        let machines = host.processes.sorted { $0.key < $1.key }.map { _, process in
            VirtualMachineStatus(
                definition: process.machine.definition, state: process.state, accelerator: .kvm,
                residentMemory: process.state == .incoming ? .zero : process.machine.definition.memory)
        }
        return HostReport(
            host: name, cluster: host.cluster, time: time, agentVersion: "simulated", agentRun: "run-\(agentRun)",
            logicalProcessors: host.logicalProcessors, memory: host.memory,
            memoryAvailable: max(.zero, host.memory - host.memoryPromised), accelerator: .kvm,
            migrationAddress: name.text,
            virtualMachines: machines)
    }

    /// What the host's agent would measure: series and values, in the agents' own names.
    public mutating func samples(of name: HostName) -> [(labels: Labels, value: Double)] {
        hosts[name]?.samples() ?? []
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
        wishes(at: time).reduce(0) { $0 + $1.processors }
    }

    /// LPs that each guest wants, in a fixed order: sums of numbers depend on it, and a replay must give the very same.
    private func wishes(at time: Timestamp) -> [(id: VirtualMachineID, processors: Double)] {
        var wishes: [(id: VirtualMachineID, processors: Double)] = []
        for (id, process) in processes where process.state.ownsGuest { wishes.append((id, process.wanted(at: time))) }
        return wishes.sorted { $0.id < $1.id }
    }

    mutating func samples() -> [(labels: Labels, value: Double)] {
        var samples = [
            (labels.guestTime, spent.guest), (labels.rootTime, spent.root), (labels.idleTime, spent.idle),
            (labels.logicalProcessors, Double(logicalProcessors)), (labels.memory, Double(memory.count)),
            (labels.memoryAvailable, Double(max(.zero, memory - memoryPromised).count)),
        ]
        for process in processes.values where process.state.ownsGuest {
            samples.append((labels.runTime(of: process.machine.definition), process.runSeconds))
        }
        return samples
    }

    /// What all LPs together can give to guests.
    private var room: Double { Double(logicalProcessors) * (1 - Self.rootShare) }

    func grantedShare(at time: Timestamp) -> Double {
        share(of: wanted(at: time))
    }

    private func share(of wanted: Double) -> Double { wanted > room ? room / wanted : 1 }

    mutating func run(for seconds: Double, until time: Timestamp) {
        let wishes = wishes(at: time)
        wanted = wishes.reduce(0) { $0 + $1.processors }
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
