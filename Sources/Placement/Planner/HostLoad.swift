import FleetModel

/// What a host carries, and would carry with moves applied. Demand, not use, is what moves: see `MachineLoad`.
struct HostLoad: Sendable {
    /// LPs of the host.
    let processors: Double
    /// Memory of the host.
    let memory: Double
    /// Wanted processor time in LPs; `nil` when unknown.
    private(set) var processorDemand: Double?
    /// Used memory in bytes; `nil` when unknown.
    private(set) var memoryUsed: Double?
    /// Memory in bytes that the VMs may come to use: the guests' whole memory.
    private(set) var memoryPromised: Double
    /// Virtual processors of its VMs.
    private(set) var virtualProcessors: Int
    /// Bytes a second that its VMs read and write, and send and receive; `nil` when unknown.
    private(set) var disk: Double?
    private(set) var network: Double?
    /// Bytes of its local space that it has given to VMs.
    private(set) var space: Double
    /// Whether its virtual processors are limited and those of some VM unknown.
    private let hidesProcessors: Bool
    private let traits: HostTraits

    init(_ host: PlacementHost, limits: PlannerLimits) {
        let loads = host.virtualMachines.map { MachineLoad($0, on: host, limits: limits) }
        let processors = Double(host.logicalProcessors)
        self.processors = processors
        memory = Double(host.memory.count)
        // The host's figure and the sum of its VMs are averages of their own; an arrival shows in the VMs' first.
        processorDemand = host.processorUse.map { use in
            let hidden = loads.reduce(0) { $0 + $1.hiddenDemand }
            return max(use * processors, loads.reduce(0) { $0 + ($1.use ?? 0) }) + hidden
        }
        memoryUsed = host.memoryAvailable.map { Double(host.memory.count) - Double($0.count) }
        memoryPromised = loads.reduce(0) { $0 + $1.memory }
        virtualProcessors = loads.reduce(0) { $0 + $1.virtualProcessors }
        hidesProcessors =
            (host.traits.processorOverCommit ?? limits.processorOvercommit) != nil
            && host.virtualMachines.contains { $0.virtualProcessors == nil }
        disk = Self.sum(loads.lazy.map(\.disk))
        network = Self.sum(loads.lazy.map(\.network))
        space = loads.reduce(0) { $0 + $1.space }
        traits = host.traits
    }

    private static func sum(_ values: some Sequence<Double?>) -> Double? {
        var sum = 0.0
        for value in values {
            guard let value else { return nil }
            sum += value
        }
        return sum
    }

    /// How much of its memory it may promise to VMs.
    func memoryOvercommit(_ limits: PlannerLimits) -> Double { traits.memoryOverCommit ?? limits.memoryOvercommit }

    /// What is unknown of an amount that is limited.
    var unknownAmount: String? {
        if hidesProcessors { return "the virtual processors of its VMs are unknown" }
        if traits.diskBandwidth != nil && disk == nil { return "the disk use of its VMs is unknown" }
        return traits.networkBandwidth != nil && network == nil ? "the network use of its VMs is unknown" : nil
    }

    /// Which limit other than processors' and memory's is broken.
    func limitBroken(_ limits: PlannerLimits) -> String? {
        let tolerance = 1 + 1e-9
        if let most = traits.processorOverCommit ?? limits.processorOvercommit,
            Double(virtualProcessors) > processors * most * tolerance
        {
            return "its VMs would have \(virtualProcessors) virtual processors, limit "
                + "\(Int(processors * most)) (\(most) for each LP)"
        }
        for (what, use, limit) in [
            ("disk bandwidth", disk, traits.diskBandwidth), ("network bandwidth", network, traits.networkBandwidth),
            ("local space", space, traits.localSpace.map { Double($0.count) }),
        ] {
            guard let use, let limit, use > limit * limits.bandwidthCeiling * tolerance else { continue }
            return "\(what) would be \(Wording.percent(limit > 0 ? use / limit : .infinity)) used, limit "
                + Wording.percent(limits.bandwidthCeiling)
        }
        return nil
    }

    /// Wanted share of the processors; above 1 when more is wanted than there is.
    var processorShare: Double? { processorDemand.map { $0 / processors } }

    /// Used share of the memory.
    var memoryShare: Double? { memoryUsed.map { $0 / memory } }

    func share(_ resource: HostResource) -> Double? {
        resource == .processor ? processorShare : memoryShare
    }

    /// The VM has arrived: it brings its demand, and sooner or later touches all of its memory.
    mutating func add(_ machine: MachineLoad) {
        processorDemand = combine(processorDemand, machine.demand) { $0 + $1 }
        memoryUsed = memoryUsed.map { $0 + machine.memory }
        memoryPromised += machine.memory
        virtualProcessors += machine.virtualProcessors
        disk = combine(disk, machine.disk) { $0 + $1 }
        network = combine(network, machine.network) { $0 + $1 }
        space += machine.space
    }

    /// The VM has left: only what it held comes back.
    mutating func remove(_ machine: MachineLoad) {
        processorDemand = combine(processorDemand, machine.demand) { max(0, $0 - $1) }
        memoryUsed = combine(memoryUsed, machine.resident) { max(0, $0 - $1) }
        memoryPromised -= machine.memory
        virtualProcessors -= machine.virtualProcessors
        disk = combine(disk, machine.disk) { max(0, $0 - $1) }
        network = combine(network, machine.network) { max(0, $0 - $1) }
        space -= machine.space
    }

    /// The VM wants no more processor time here; whether its memory is free already is another matter.
    mutating func leave(_ machine: MachineLoad) {
        processorDemand = combine(processorDemand, machine.demand) { max(0, $0 - $1) }
    }

    private func combine(
        _ left: Double?, _ right: Double?, _ operation: (Double, Double) -> Double
    ) -> Double? {
        guard let left, let right else { return nil }
        return operation(left, right)
    }
}

/// What a VM takes along when it moves.
///
/// On a host whose processors are saturated a VM shows what it gets, not what it wants. What it lacks is at most the
/// time that its VPs waited; beyond that nothing can be known, so its demand is taken as
/// `use + min(wait, use x hiddenDemand)`, never more than its VPs. Where the host has room, demand is use.
struct MachineLoad: Sendable {
    /// Memory of the guest in bytes.
    let memory: Double
    /// Memory in bytes that it holds now; `nil` when unknown.
    let resident: Double?
    /// Used processor time in LPs; `nil` when unknown.
    let use: Double?
    /// Wanted processor time in LPs; `nil` when unknown.
    let demand: Double?
    /// Its virtual processors; 0 when unknown.
    let virtualProcessors: Int
    /// Bytes a second that it reads and writes, and sends and receives; `nil` when unknown.
    let disk: Double?
    let network: Double?
    /// Bytes of local space that it needs.
    let space: Double

    init(_ machine: PlacementVM, on host: PlacementHost, limits: PlannerLimits) {
        memory = Double(machine.memory.count)
        resident = machine.residentMemory.map { Double($0.count) }
        use = machine.processorUse
        virtualProcessors = min(1 << 20, machine.virtualProcessors ?? 0)
        disk = machine.traits.diskUse
        network = machine.traits.networkUse
        space = Double(machine.traits.localDisks.count)
        let isSaturated = host.processorUse.map { $0 >= limits.saturation } ?? false
        demand = machine.processorUse.map { use in
            guard isSaturated else { return use }
            let wanted = use + min(machine.processorWait ?? .infinity, use * max(0, limits.hiddenDemand))
            return max(use, min(wanted, machine.virtualProcessors.map(Double.init) ?? .infinity))
        }
    }

    /// What it wants and does not get, in LPs; 0 where its use is unknown.
    var hiddenDemand: Double {
        guard let use, let demand else { return 0 }
        return demand - use
    }

    /// What its leaving relieves a host of; `nil` when unknown.
    func relief(_ resource: HostResource) -> Double? {
        resource == .processor ? demand : resident
    }
}

extension HostLoad {
    /// The higher of both shares; unknown counts as full.
    var pressure: Double { max(processorShare ?? 1, memoryShare ?? 1) }

    func without(_ machine: MachineLoad) -> HostLoad {
        var rest = self
        rest.remove(machine)
        return rest
    }

    func adding(_ machine: MachineLoad) -> HostLoad {
        var sum = self
        sum.add(machine)
        return sum
    }
}
