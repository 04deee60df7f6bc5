import FleetModel

/// Who owns what in a demonstration: a pure function of the options and of this machine's logical processors.
struct DemoPlan: Sendable {
    /// A host of the demonstration: a partition of this machine.
    struct Host: Sendable {
        let name: HostName
        /// Its logical processors' numbers on this machine.
        let logicalProcessors: [Int]
        let machines: [Machine]
    }

    /// A VM and what it is to burn, in percent of a logical processor.
    struct Machine: Sendable {
        let definition: VirtualMachineDefinition
        let calmBurn: Int
        let busyBurn: Int
    }

    /// What every VM burns before the story begins and where it does not happen.
    static let calmBurn = 6
    /// What the VMs of the first host want together in the hot-host story, in percent of its logical processor: with
    /// QEMU's and the host's own work it is well above the rule's 75 %, and yet nobody is starved, so that what is
    /// measured is what is wanted.
    static let busyTotal = 76
    /// The part of that which the first VM wants: moving one VM relieves the host, and the host that takes it stays below
    /// the relief's target as well, although all of Evenkeel runs on these logical processors too.
    static let busiestShare = 30
    /// What the story sets aside in the pack of host pressure: on a host of one logical processor any two VMs wait for
    /// each other and for whatever else this machine does, hot or not.
    static let waiting = ["ready_warning_percent", "ready_critical_percent", "processor_pressure_percent"]

    let cluster: ClusterName
    let hosts: [Host]

    /// The host that the story happens to.
    var troubled: Host { hosts[0] }

    var machines: [Machine] { hosts.flatMap(\.machines) }

    /// `processors` are those that this process may run on. Each host gets one of its own; where there are fewer than
    /// hosts, they take turns.
    init(
        options: DemoOptions, processors: [Int], firmware: String, memory: Bytes,
        using generator: inout some RandomNumberGenerator
    ) throws {
        guard let cluster = ClusterName("demo"), !processors.isEmpty else {
            throw CommandFailure(.environment, "this process may run on no logical processor at all")
        }
        self.cluster = cluster
        var hosts: [Host] = []
        for place in 0..<options.hosts {
            guard let name = HostName("kvm\(place + 1)") else { continue }
            let count = place == 0 ? options.vms - (options.hosts - 1) : 1
            let machines = try (0..<count).map { index in
                try Self.machine(
                    host: place, index: index, count: count, isHot: options.scenario == .hotHost && place == 0,
                    firmware: firmware, memory: memory, using: &generator)
            }
            hosts.append(
                Host(name: name, logicalProcessors: [processors[place % processors.count]], machines: machines))
        }
        self.hosts = hosts
    }

    private static func machine(
        host: Int, index: Int, count: Int, isHot: Bool, firmware: String, memory: Bytes,
        using generator: inout some RandomNumberGenerator
    ) throws -> Machine {
        let label = host == 0 ? (index == 0 ? "db-1" : "web-\(index)") : "app-\(host)"
        guard let name = Name<VirtualMachineKind>(label) else {
            throw CommandFailure(.no, "'\(label)' is not a VM's name")
        }
        let definition = VirtualMachineDefinition(
            id: .random(using: &generator), name: name, virtualProcessors: 1, memory: memory, firmware: firmware)
        let share = index == 0 ? busiestShare : (busyTotal - busiestShare) / max(1, count - 1)
        return Machine(definition: definition, calmBurn: calmBurn, busyBurn: isHot ? share : calmBurn)
    }
}
