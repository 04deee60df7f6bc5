import FleetModel

/// A host as the API shows it. Times are milliseconds since 1970; `nil` is unknown, never zero.
public struct HostView: Codable, Sendable {
    /// The host's name.
    public var name: String
    /// Its cluster.
    public var cluster: String
    /// Whether its agent reported recently enough for decisions.
    public var available: Bool
    /// When the server took the last report.
    public var lastReport: Timestamp
    /// The agent's version.
    public var agentVersion: String
    /// What accelerates VMs there.
    public var accelerator: Accelerator
    /// How many LPs.
    public var logicalProcessors: Int
    /// Share of the LPs' time that was busy over the reading window, 0...1.
    public var processorUse: Double?
    /// Each LP's time by mode over the reading window.
    public var processors: [LogicalProcessorView]
    /// Memory of the host or of its partition.
    public var memory: Bytes
    /// What is still to be had of it.
    public var memoryAvailable: Bytes?
    /// Where it receives VMs; `nil` where it cannot.
    public var migrationAddress: String?
    /// How many VMs run on it, or are paused.
    public var virtualMachines: Int
    /// How far its clock was ahead of the server's, in milliseconds; `nil` where its agent does not say.
    public var clockSkewMilliseconds: Int64?
    /// Who took it into maintenance, since when and why; `nil` where nobody did.
    public var maintenance: Hold?
    /// The open tip that empties it.
    public var drainTip: Int64?
    /// Its bridges; `nil` where its agent does not say.
    public var bridges: [String]?
    /// Space of its folder for local disks; `nil` where there is none.
    public var localSpace: StorageSpace?
    /// Bytes a second that its disks can read and write together; `nil` where its agent does not say.
    public var diskBandwidth: Bytes?
    /// The file systems that it can share with other hosts; `nil` where its agent does not say.
    public var sharedFileSystems: [SharedFileSystem]?
}

/// One LP's time by mode, each a share of wall time, 0...1.
public struct LogicalProcessorView: Codable, Sendable {
    /// The LP's number on its machine.
    public var lp: String
    /// `guest`, `hypervisor`, `virtual` (both, where the platform cannot see the split), `root`, `idle`, `steal`.
    public var modes: [String: Double]

    /// Everything but idle and steal, as a share of the time that the machine really had.
    public var total: Double? {
        guard let idle = modes["idle"] else { return nil }
        let had = modes.filter { $0.key != "steal" }.values.reduce(0, +)
        return had > 0 ? 1 - idle / had : nil
    }
}

/// A VM as the API shows it: a row for each host that knows it.
public struct VirtualMachineView: Codable, Sendable {
    /// The VM's UUID.
    public var id: String
    /// Its name.
    public var name: String
    /// The host that this row is about.
    public var host: String
    /// That host's cluster.
    public var cluster: String
    /// Its state there.
    public var state: VirtualMachineState
    /// What runs its code.
    public var accelerator: Accelerator?
    /// How many virtual processors.
    public var virtualProcessors: Int
    /// The guest's memory.
    public var memory: Bytes
    /// Memory of the host that its process holds.
    public var residentMemory: Bytes?
    /// What it uses, in LPs.
    public var processorUse: Double?
    /// Why it is not well.
    public var problem: String?
    /// Who runs it: `evenkeel`, `libvirt`, or `none` for a process that nobody manages.
    public var manager: String?
    /// Why Evenkeel only looks at it; `nil` where it may act.
    public var readOnly: String?
}
