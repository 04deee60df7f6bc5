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
    /// VMs that it must share a host with.
    public var companions: [VirtualMachineID] = []
    /// VMs that it must not share a host with.
    public var rivals: [VirtualMachineID] = []
    /// What else it needs, such as datastores and networks.
    public var traits = MachineTraits()

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
    /// would be left free of the processors and of the memory, each weighing half. A host has none that breaks a limit,
    /// or on which the VM would cost the cluster its reserve.
    public func rate(_ machine: NewMachine, in cluster: ClusterName, on snapshot: FleetSnapshot) -> [HostRating] {
        let placed = placed(machine)
        let snapshot = snapshot.keeping(machine.rules(for: placed.id))
        let check = MoveCheck(cluster, of: snapshot, limits: limits)
        var reserve = reserveGuard(of: cluster, with: placed, on: snapshot)
        return snapshot.hosts.filter { $0.cluster == cluster }
            .map { rating(of: $0, for: machine, placed, check: check, &reserve) }
            .sorted { ($1.stars, $0.host) < ($0.stars, $1.host) }
    }

    private func placed(_ machine: NewMachine) -> PlacementVM {
        let use = machine.processorUse.isFinite ? max(0, machine.processorUse) : Double(machine.virtualProcessors)
        var dice = Dice(seed: 0)
        return PlacementVM(
            id: machine.id ?? .random(using: &dice), name: "the new VM", memory: machine.memory,
            residentMemory: machine.memory, processorUse: use, virtualProcessors: machine.virtualProcessors,
            traits: machine.traits)
    }

    /// Watches over the reserve as if the VM came from a host that takes none in; `nil` where the cluster keeps none.
    private func reserveGuard(
        of cluster: ClusterName, with machine: PlacementVM, on snapshot: FleetSnapshot
    ) -> ReserveGuard? {
        guard snapshot.reserve(of: cluster) > 0, let name = outside(snapshot) else { return nil }
        var host = PlacementHost(
            name: name, cluster: cluster, logicalProcessors: 1, memory: machine.memory, memoryAvailable: .zero,
            processorUse: 1, accelerator: .kvm, virtualMachines: [machine])
        host.closedReason = "it is not there"
        var fleet = prepare(snapshot.supposing(.added(host)))
        return fleet.reserveGuard(of: cluster)
    }

    /// A name that no host has.
    private func outside(_ snapshot: FleetSnapshot) -> HostName? {
        let names = Set(snapshot.hosts.map(\.name))
        return (0...names.count).lazy.compactMap { HostName("nowhere-\($0)") }.first { !names.contains($0) }
    }

    /// What bars the VM from the host, whatever the loads.
    private func bar(
        to host: PlacementHost, for machine: NewMachine, _ placed: PlacementVM, _ check: MoveCheck
    ) -> String? {
        if let reason = host.unavailableReason ?? host.closedReason { return "it is not available: \(reason)" }
        if machine.virtualProcessors > host.logicalProcessors {
            return "it has \(host.logicalProcessors) logical processors, fewer than the VM has virtual ones"
        }
        return ReachKey(placed).objection(to: host) ?? check.rules.objection(toJoining: host.name, placed)
            ?? check.rules.objection(to: host.name, for: placed)
    }

    private func rating(
        of host: PlacementHost, for machine: NewMachine, _ placed: PlacementVM, check: MoveCheck,
        _ reserve: inout ReserveGuard?
    ) -> HostRating {
        let load = HostLoad(host, limits: limits)
        let objection =
            bar(to: host, for: machine, placed, check) ?? check.unknown(of: load)
            ?? check.limitBroken(by: MachineLoad(placed, on: host, limits: limits), on: load)
            ?? reserve?.objection(toMoving: placed.id, to: host.name)
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

extension NewMachine {
    /// What is asked of its place, as rules about it.
    fileprivate func rules(for id: VirtualMachineID) -> [PlacementRule] {
        (companions.isEmpty ? [] : [.together([id] + companions)]) + rivals.map { .apart([id, $0]) }
    }
}

extension FleetSnapshot {
    /// The same picture with more rules.
    fileprivate func keeping(_ more: [PlacementRule]) -> FleetSnapshot {
        if more.isEmpty { return self }
        return FleetSnapshot(
            version: version, time: time, hosts: hosts, rules: rules + more, reserve: reserve, reserves: reserves,
            preferences: preferences)
    }
}
