/// What an agent says of its host and the VMs on it, sent with every batch of samples and after every change.
public struct HostReport: Hashable, Codable, Sendable {
    /// The host.
    public var host: HostName
    /// The cluster it is in.
    public var cluster: ClusterName
    /// When the agent looked, by the host's clock.
    public var time: Timestamp
    /// The agent's version.
    public var agentVersion: String
    /// New with every start of the agent.
    public var agentRun: String
    /// Logical processors for VMs and root together.
    public var logicalProcessors: Int
    /// Memory of the host, or of the partition of it that the agent was given.
    public var memory: Bytes
    /// Memory that is still to be had; `nil` where it cannot be read.
    public var memoryAvailable: Bytes?
    /// What accelerates VMs here.
    public var accelerator: Accelerator
    /// Address that other hosts of the cluster send VMs to; `nil` where this host cannot receive.
    public var migrationAddress: String?
    /// The VMs.
    public var virtualMachines: [VirtualMachineStatus]
    /// How far the host's clock was ahead of the server's, in milliseconds; `nil` where it is not known yet.
    public var clockSkewMilliseconds: Int64?
    /// What VMs here can be made of and how they can move; `nil` where that is not known.
    public var capabilities: HostCapabilities?

    /// A report.
    public init(
        host: HostName, cluster: ClusterName, time: Timestamp, agentVersion: String, agentRun: String,
        logicalProcessors: Int, memory: Bytes, memoryAvailable: Bytes?, accelerator: Accelerator,
        migrationAddress: String?, virtualMachines: [VirtualMachineStatus], clockSkewMilliseconds: Int64? = nil
    ) {
        self.host = host
        self.cluster = cluster
        self.time = time
        self.agentVersion = agentVersion
        self.agentRun = agentRun
        self.logicalProcessors = logicalProcessors
        self.memory = memory
        self.memoryAvailable = memoryAvailable
        self.accelerator = accelerator
        self.migrationAddress = migrationAddress
        self.virtualMachines = virtualMachines
        self.clockSkewMilliseconds = clockSkewMilliseconds
    }
}

/// What VMs on a host can be made of, and how they can come and go.
public struct HostCapabilities: Hashable, Codable, Sendable {
    /// The version of the QEMU that new VMs get, such as `7.2.22`.
    public var emulatorVersion: String?
    /// The machine types that it knows, such as `pc-i440fx-7.2`.
    public var machines: [String]
    /// The CPU models that VMs can have here under the host's accelerator, the plainest first.
    public var processorModels: [String]
    /// Upper bound of migration traffic to and from this host in bytes a second; `nil` for none of its own.
    public var migrationBandwidth: Bytes?
    /// Bytes a second that the host's disks can read and write together, as whoever runs it has configured; `nil` where that
    /// is not known and so limits nothing.
    public var diskBandwidth: Bytes?
    /// Whether a guest can come here before its memory (post-copy).
    public var canPostCopy: Bool
    /// A folder that hosts of the cluster share, for quick migrations; `nil` where there is none.
    public var sharedFolder: String?
    /// What VMs are taken for that libvirt runs: where other hosts' libvirt finds this one's; `nil` where it does not.
    public var libvirtAddress: String?
    /// The bridges that VMs' interfaces can be connected to, by name; `nil` where that is not known, as of an agent that
    /// does not tell yet. Those of Open vSwitch, which the kernel does not show as bridges, are not in it.
    public var bridges: [String]?
    /// Space of the folder in which disks arrive that only one host sees; `nil` where there is none or it is not known.
    public var localSpace: StorageSpace?
    /// The file systems that it can share with other hosts; `nil` where that is not known, as of an agent that does not
    /// tell yet.
    public var sharedFileSystems: [SharedFileSystem]?

    /// Capabilities.
    public init(
        emulatorVersion: String? = nil, machines: [String] = [], processorModels: [String] = [],
        migrationBandwidth: Bytes? = nil, canPostCopy: Bool = false, sharedFolder: String? = nil,
        libvirtAddress: String? = nil
    ) {
        self.emulatorVersion = emulatorVersion
        self.machines = machines
        self.processorModels = processorModels
        self.migrationBandwidth = migrationBandwidth
        self.canPostCopy = canPostCopy
        self.sharedFolder = sharedFolder
        self.libvirtAddress = libvirtAddress
    }
}

/// A host as the server knows it: its last report, and when the server took it.
public struct HostRecord: Hashable, Codable, Sendable {
    /// What the agent said last.
    public var report: HostReport
    /// When the server took it, by the server's clock: what staleness is measured by.
    public var received: Timestamp

    /// A report and when it came.
    public init(report: HostReport, received: Timestamp) {
        self.report = report
        self.received = received
    }
}
