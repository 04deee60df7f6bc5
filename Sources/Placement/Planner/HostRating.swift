import FleetModel

/// A VM that is yet to be placed.
public struct NewMachine: Sendable, Hashable {
    /// Its identity, for rules that name it; `nil` where it has none yet.
    public var id: VirtualMachineID?
    /// Its virtual processors.
    public var virtualProcessors: Int
    /// Its memory.
    public var memory: Bytes
    /// Processor time that it is expected to want, in LPs; by default half of its virtual processors.
    public var processorUse: Double

    /// A VM of that size.
    public init(id: VirtualMachineID? = nil, virtualProcessors: Int, memory: Bytes, processorUse: Double? = nil) {
        self.id = id
        self.virtualProcessors = virtualProcessors
        self.memory = memory
        self.processorUse = processorUse ?? Double(virtualProcessors) / 2
    }
}

/// How well a host would do for a new VM.
public struct HostRating: Sendable, Hashable {
    /// The host.
    public var host: HostName
    /// 0 (it cannot be there) to 5 stars, in halves.
    public var stars: Double
    /// What the stars rest on, for a person.
    public var reasons: [String]

    /// A rating.
    public init(host: HostName, stars: Double, reasons: [String]) {
        self.host = host
        self.stars = stars
        self.reasons = reasons
    }
}

extension Planner {
    /// Rates every host of a cluster for a new VM, the best first, as SCVMM's placement does: stars stand for what
    /// would be left free of the processors and of the memory, each weighing half; a host that breaks a limit has none.
    public func rate(_ machine: NewMachine, in cluster: ClusterName, on snapshot: FleetSnapshot) -> [HostRating] {
        let rules = RuleBook(snapshot)
        let check = MoveCheck(limits: limits, time: snapshot.time, rules: rules)
        return snapshot.hosts.filter { $0.cluster == cluster }
            .map { rating(of: $0, for: machine, check: check) }
            .sorted { ($1.stars, $0.host) < ($0.stars, $1.host) }
    }

    private func rating(of host: PlacementHost, for machine: NewMachine, check: MoveCheck) -> HostRating {
        let use = machine.processorUse.isFinite ? max(0, machine.processorUse) : Double(machine.virtualProcessors)
        var dice = Dice(seed: 0)
        let placed = PlacementVM(
            id: machine.id ?? .random(using: &dice), name: "the new VM", memory: machine.memory,
            residentMemory: machine.memory, processorUse: use, virtualProcessors: machine.virtualProcessors)
        let load = HostLoad(host, limits: limits)
        let objection =
            (host.unavailableReason ?? host.closedReason).map { "it is not available: \($0)" } ?? check.unknown(
                of: load)
            ?? (machine.id == nil ? nil : check.rules.objection(to: host.name, for: placed))
            ?? (machine.virtualProcessors > host.logicalProcessors
                ? "it has \(host.logicalProcessors) logical processors, fewer than the VM has virtual ones" : nil)
            ?? check.limitBroken(by: MachineLoad(placed, on: host, limits: limits), on: load)
        if let objection { return HostRating(host: host.name, stars: 0, reasons: [objection]) }
        let after = load.adding(MachineLoad(placed, on: host, limits: limits))
        let processor = 1 - min(1, (after.processorShare ?? 1) / limits.processorCeiling)
        let memory = 1 - min(1, (after.memoryShare ?? 1) / limits.memoryCeiling)
        let stars = 1 + 4 * (processor + memory) / 2
        return HostRating(
            host: host.name, stars: (stars * 2).rounded() / 2,
            reasons: [
                Wording.load(.processor, after.processorShare ?? 1), Wording.load(.memory, after.memoryShare ?? 1),
            ].map { "with it, \($0)" })
    }
}
