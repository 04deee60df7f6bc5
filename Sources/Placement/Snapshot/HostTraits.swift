import FleetModel

/// What a host has beside processors and memory. A bandwidth or space that is `nil` is limited by nobody; models,
/// datastores and networks that are `nil` are unknown, and VMs that need one do not come there.
public struct HostTraits: Sendable, Hashable, Codable {
    /// What fails together with it (a rack, a power feed); hosts without one fail alone.
    public var failureDomain: String?
    /// What operators know it by.
    public var labels: [String: String]
    /// CPU models that VMs can have here.
    public var processorModels: Set<String>?
    /// Bytes a second that its disks can take.
    public var diskBandwidth: Double?
    /// Bytes a second that its network can take.
    public var networkBandwidth: Double?
    /// Bytes a second that a migration to or from it gets.
    public var migrationBandwidth: Double?
    /// Space for disks that only this host sees.
    public var localSpace: Bytes?
    /// Datastores that it reaches.
    public var datastores: Set<String>?
    /// Networks that it reaches.
    public var networks: Set<String>?
    /// Virtual processors that it may carry for each LP, where that differs from the planner's limits.
    public var processorOverCommit: Double?
    /// How much of its memory it may promise to VMs, where that differs from the planner's limits.
    public var memoryOverCommit: Double?

    /// Traits; without arguments nothing is known.
    public init(
        failureDomain: String? = nil, labels: [String: String] = [:], processorModels: Set<String>? = nil,
        diskBandwidth: Double? = nil, networkBandwidth: Double? = nil, migrationBandwidth: Double? = nil,
        localSpace: Bytes? = nil, datastores: Set<String>? = nil, networks: Set<String>? = nil
    ) {
        self.failureDomain = failureDomain
        self.labels = labels
        self.processorModels = processorModels
        self.diskBandwidth = diskBandwidth
        self.networkBandwidth = networkBandwidth
        self.migrationBandwidth = migrationBandwidth
        self.localSpace = localSpace
        self.datastores = datastores
        self.networks = networks
    }
}

/// What a VM needs and does beside processors and memory.
public struct MachineTraits: Sendable, Hashable, Codable {
    /// The CPU model that it runs with; `nil` where any host will do.
    public var processorModel: String?
    /// Bytes a second that it reads and writes; `nil` when unknown.
    public var diskUse: Double?
    /// Bytes a second that it sends and receives; `nil` when unknown.
    public var networkUse: Double?
    /// Bytes of memory a second that it writes to anew, which a migration must send again; `nil` when unknown.
    public var dirtyRate: Double?
    /// Size of its disks that only its host sees, which move with it.
    public var localDisks: Bytes
    /// Datastores that it needs.
    public var datastores: Set<String>
    /// Networks that it needs.
    public var networks: Set<String>
    /// Which VMs come first where not all can be had; higher comes first.
    public var priority: Int
    /// What an operator's policy says of its priority: above 0 for a high one, below 0 for a low one.
    public var rank = 0
    /// Whether it is started elsewhere when its host fails, so that the reserve must have room for it.
    public var isHighlyAvailable: Bool
    /// Whether an operator wants it up again before all others when its host fails.
    public var isProtected = false
    /// The host that it came from with its last move: it does not go back there for a while.
    public var cameFrom: HostName?
    /// Demand in LPs that it stayed below in 95 % of a longer time; `nil` when unknown.
    public var usualPeak: Double?
    /// Share of the guest's memory that it really used at most; `nil` when unknown.
    public var memoryPeak: Double?

    /// Traits; without arguments the VM needs nothing and nothing is known of what it does.
    public init(
        processorModel: String? = nil, diskUse: Double? = nil, networkUse: Double? = nil, dirtyRate: Double? = nil,
        localDisks: Bytes = .zero, datastores: Set<String> = [], networks: Set<String> = [], priority: Int = 100,
        isHighlyAvailable: Bool = true, cameFrom: HostName? = nil, usualPeak: Double? = nil, memoryPeak: Double? = nil
    ) {
        self.processorModel = processorModel
        self.diskUse = diskUse
        self.networkUse = networkUse
        self.dirtyRate = dirtyRate
        self.localDisks = localDisks
        self.datastores = datastores
        self.networks = networks
        self.priority = priority
        self.isHighlyAvailable = isHighlyAvailable
        self.cameFrom = cameFrom
        self.usualPeak = usualPeak
        self.memoryPeak = memoryPeak
    }
}
