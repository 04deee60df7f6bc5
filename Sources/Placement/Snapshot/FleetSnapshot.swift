import FleetModel

/// The fleet as the planner sees it: one immutable picture of one moment.
///
/// Everything enters through `init`, which sorts hosts and VMs by name (so that the order of arrival changes nothing),
/// keeps each host and each VM once, and turns figures that cannot be true (NaN, infinite, negative) into *unknown*.
/// What was wrong is listed in `problems`; one bad report never hides the rest of the fleet.
public struct FleetSnapshot: Sendable, Hashable {
    /// Counts up with every picture that the server takes.
    public let version: Int64
    /// The moment of the picture.
    public let time: Timestamp
    /// The hosts by name, each once, each with its VMs by identity.
    public let hosts: [PlacementHost]
    /// What was wrong with the figures, for a person; empty when all was well.
    public let problems: [String]
    /// What operators want kept.
    public let rules: [PlacementRule]
    /// What operators would rather have, each with its weight.
    public let preferences: [PlacementPreference]
    /// How many hosts a cluster must be able to lose at any moment, where nothing is said for it in `reserves`.
    public let reserve: Int
    /// How many hosts single clusters must be able to lose.
    public let reserves: [ClusterName: Int]
    /// VMs that more than one host lists, at least one of them heard: what silent hosts list of them is out of date.
    let departed: Set<VirtualMachineID>

    /// A picture of `hosts` at `time`.
    public init(
        version: Int64, time: Timestamp, hosts: [PlacementHost], rules: [PlacementRule] = [], reserve: Int = 0,
        reserves: [ClusterName: Int] = [:], preferences: [PlacementPreference] = []
    ) {
        var door = SnapshotDoor()
        self.version = version
        self.time = time
        self.hosts = door.admit(hosts)
        self.problems = door.problems
        self.departed = door.departed
        self.rules = rules
        self.reserve = reserve
        self.reserves = reserves
        self.preferences = preferences.filter { $0.weight.isFinite && $0.weight > 0 }
    }

    /// How many hosts `cluster` must be able to lose at any moment.
    public func reserve(of cluster: ClusterName) -> Int { reserves[cluster] ?? reserve }

    /// The host of that name.
    public func host(_ name: HostName) -> PlacementHost? {
        hosts.first { $0.name == name }
    }

    /// Whether a host or a VM was moved from, to or itself less than `coolDown` before the picture.
    public func rests(within coolDown: Duration) -> Bool {
        let isRecent = { (last: Timestamp?) in last.map { time - $0 < coolDown } ?? false }
        return hosts.contains { isRecent($0.lastMoved) || $0.virtualMachines.contains { isRecent($0.lastMoved) } }
    }

    /// Whether what the host lists of the VM is out of date: it is silent, and one that is heard lists the VM as well.
    func hasLost(_ machine: VirtualMachineID, _ host: PlacementHost) -> Bool {
        host.isSilent && departed.contains(machine)
    }

    /// Where the VM lives, and the VM; of hosts that both list it, one that is not silent.
    public func locate(_ id: VirtualMachineID) -> (host: PlacementHost, machine: PlacementVM)? {
        var last: (host: PlacementHost, machine: PlacementVM)?
        for host in hosts where last == nil || !host.isSilent {
            guard let machine = host.virtualMachines.first(where: { $0.id == id }) else { continue }
            if !host.isSilent { return (host, machine) }
            last = (host, machine)
        }
        return last
    }
}

/// A host in a picture of the fleet.
public struct PlacementHost: Sendable, Hashable {
    /// The host.
    public var name: HostName
    /// Among which hosts its VMs may move.
    public var cluster: ClusterName
    /// Why the host takes no part in any plan (its agent is silent, it is drained), for a person; `nil` when it does.
    public var unavailableReason: String?
    /// Why it takes no VM though its own may leave it (it is in maintenance), for a person; `nil` when it does.
    public var closedReason: String?
    /// Whether its agent has not reported for too long: what it lists may have gone elsewhere since.
    public var isSilent: Bool
    /// Logical processors, for VMs and the host's own work together.
    public var logicalProcessors: Int
    /// Memory of the host.
    public var memory: Bytes
    /// Memory that is still to be had; `nil` when unknown.
    public var memoryAvailable: Bytes?
    /// Busy share of all its LPs, 0...1; `nil` when unknown.
    public var processorUse: Double?
    /// What accelerates VMs here.
    public var accelerator: Accelerator
    /// When a VM was last moved to or from this host; its measured load needs time to settle after that.
    public var lastMoved: Timestamp?
    /// The VMs whose guests live here.
    public var virtualMachines: [PlacementVM]
    /// What else it has.
    public var traits: HostTraits

    /// A host.
    public init(
        name: HostName, cluster: ClusterName, unavailableReason: String? = nil, isSilent: Bool = false,
        logicalProcessors: Int, memory: Bytes, memoryAvailable: Bytes?, processorUse: Double?, accelerator: Accelerator,
        lastMoved: Timestamp? = nil, virtualMachines: [PlacementVM], traits: HostTraits = HostTraits()
    ) {
        self.name = name
        self.cluster = cluster
        self.unavailableReason = unavailableReason
        self.isSilent = isSilent
        self.logicalProcessors = logicalProcessors
        self.memory = memory
        self.memoryAvailable = memoryAvailable
        self.processorUse = processorUse
        self.accelerator = accelerator
        self.lastMoved = lastMoved
        self.virtualMachines = virtualMachines
        self.traits = traits
    }

    /// Whether plans may use the host.
    public var isAvailable: Bool { unavailableReason == nil }
}

/// A VM in a picture of the fleet.
public struct PlacementVM: Sendable, Hashable {
    /// The VM.
    public var id: VirtualMachineID
    /// What operators call it.
    public var name: String
    /// Memory of the guest: what a destination must be able to give.
    public var memory: Bytes
    /// Memory of the host that it holds now: what its source gets back; `nil` when unknown.
    public var residentMemory: Bytes?
    /// Processor time it uses, in LPs (1.5 = one and a half logical processors); `nil` when unknown.
    public var processorUse: Double?
    /// Time that its VPs were ready to run and had to wait (run delay), in LPs; `nil` when unknown.
    public var processorWait: Double?
    /// What it is expected to want; `nil` where only the present is known.
    public var forecast: DemandForecast?
    /// Its virtual processors, which bound what it can ever use; `nil` when unknown.
    public var virtualProcessors: Int?
    /// What runs its code; `nil` when unknown.
    public var accelerator: Accelerator?
    /// Why it must stay where it is (it is not running, it is being moved), for a person; `nil` when it may move.
    public var immovable: String?
    /// Why only an operator may move it, by name, for a person; `nil` when plans may, too.
    public var doubt: String?
    /// When it was moved last.
    public var lastMoved: Timestamp?
    /// What else it needs and does.
    public var traits: MachineTraits

    /// A VM.
    public init(
        id: VirtualMachineID, name: String, memory: Bytes, residentMemory: Bytes?, processorUse: Double?,
        processorWait: Double? = nil, virtualProcessors: Int? = nil, accelerator: Accelerator? = nil,
        immovable: String? = nil, doubt: String? = nil, lastMoved: Timestamp? = nil,
        forecast: DemandForecast? = nil, traits: MachineTraits = MachineTraits()
    ) {
        self.id = id
        self.name = name
        self.memory = memory
        self.residentMemory = residentMemory
        self.processorUse = processorUse
        self.processorWait = processorWait
        self.virtualProcessors = virtualProcessors
        self.accelerator = accelerator
        self.immovable = immovable
        self.doubt = doubt
        self.lastMoved = lastMoved
        self.forecast = forecast
        self.traits = traits
    }
}
