import FleetModel

/// A VM that runs somewhere in the simulated fleet. It never changes, while its processes are copied all the time.
public final class SimulatedVM: Sendable {
    /// What it is.
    public let definition: VirtualMachineDefinition
    /// What its guest wants.
    public let demand: Demand

    /// A VM.
    public init(definition: VirtualMachineDefinition, demand: Demand) {
        self.definition = definition
        self.demand = demand
    }
}

/// One host: its processes, as QEMU would have them, and what it has counted.
public struct SimulatedHost: Sendable {
    /// The host.
    public let name: HostName
    /// Its cluster.
    public let cluster: ClusterName
    /// Its logical processors.
    public let logicalProcessors: Int
    /// Its memory.
    public let memory: Bytes
    /// Its VM processes.
    public internal(set) var processes: [VirtualMachineID: SimulatedProcess] = [:]
    /// Seconds that its LPs have spent, all LPs together.
    public internal(set) var spent = Spent()
    /// LPs that its guests wanted when time last passed.
    var wanted = 0.0
    /// The labels of what is measured here.
    var labels: HostLabels

    /// Seconds by mode.
    public struct Spent: Sendable, Hashable {
        /// Inside guests.
        public var guest = 0.0
        /// The host's own work.
        public var root = 0.0
        /// Nothing to do.
        public var idle = 0.0
    }

    /// An empty host.
    public init(name: HostName, cluster: ClusterName, logicalProcessors: Int, memory: Bytes) {
        self.name = name
        self.cluster = cluster
        self.logicalProcessors = logicalProcessors
        self.memory = memory
        labels = HostLabels(cluster: cluster, host: name)
    }

    /// Memory that its processes may come to use.
    public var memoryPromised: Bytes { processes.values.reduce(.zero) { $0 + $1.machine.definition.memory } }
}

/// A VM's process on one host.
public struct SimulatedProcess: Sendable {
    /// What runs in it.
    public let machine: SimulatedVM
    /// Where it is in its life; never `stopped`, `unknown` or `crashed`.
    public internal(set) var state: VirtualMachineState
    /// The other side while it is `outgoing`.
    var destination: HostName?
    /// When it gives up waiting, while it is `incoming`.
    var givesUp: Timestamp?
    /// Which attempt to send it this is; an end that belongs to an earlier one is void.
    var attempt = 0
    /// QEMU's figures, once it has been handed over.
    var figures: MigrationFigures?
    /// Processor seconds that it has used on this host.
    public internal(set) var runSeconds = 0.0
}
