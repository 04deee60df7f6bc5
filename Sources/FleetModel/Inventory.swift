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
