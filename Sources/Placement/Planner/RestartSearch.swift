import FleetModel

/// Finds hosts for the VMs of a host that failed.
struct RestartSearch {
    private let failed: PlacementHost
    private let limits: PlannerLimits
    private var check: MoveCheck
    private var open: [(host: PlacementHost, load: HostLoad)]
    /// VMs that run on another host, as far as anybody knows.
    private let elsewhere: Set<VirtualMachineID>
    private(set) var plan = RestartPlan()

    init(_ failed: PlacementHost, _ snapshot: FleetSnapshot, _ limits: PlannerLimits) {
        self.failed = failed
        self.limits = limits
        check = MoveCheck(failed.cluster, of: snapshot, limits: limits)
        let others = snapshot.hosts.filter { $0.name != failed.name }
        open = others.filter { $0.cluster == failed.cluster }.map { ($0, HostLoad($0, limits: limits)) }
        elsewhere = Set(others.lazy.filter { !$0.isSilent }.flatMap(\.virtualMachines).map(\.id))
    }

    mutating func run() {
        var waiting = waiting()
        while let first = waiting.first {
            let wanted = check.rules.company(of: first.id)
            let group = waiting.filter { $0.id == first.id || wanted.contains($0.id) }
            waiting.removeAll { machine in group.contains { $0.id == machine.id } }
            place(group)
        }
    }

    /// Starts every VM on the host that is given for it, which a proof of the reserve found; `false` where one has none, it
    /// has no room after all, or rules do not let all of them be where they end.
    mutating func follow(_ refuges: [VirtualMachineID: HostName]) -> Bool {
        let before = check.rules
        let waiting = waiting()
        for machine in waiting {
            let load = MachineLoad(machine.expected, on: failed, limits: limits)
            guard let place = open.firstIndex(where: { $0.host.name == refuges[machine.id] }),
                check.hardLimitBroken(by: load, on: open[place].load) == nil
            else { return false }
            start(machine, load, on: place)
        }
        return check.rules.isSpread(asIn: before) && waiting.allSatisfy(isAllowed)
    }

    /// Whether a VM that was started may be where it is, now that the others are where they are.
    private func isAllowed(_ machine: PlacementVM) -> Bool {
        guard let name = plan.placements.first(where: { $0.machine == machine.id })?.host,
            let host = open.first(where: { $0.host.name == name })?.host
        else { return false }
        return check.objection(toStarting: machine, on: host) == nil
            && check.rules.objection(toJoining: name, machine, except: failed.name) == nil
    }

    /// The VMs to start, those first that come first; notes those that are not to be started elsewhere.
    private mutating func waiting() -> [PlacementVM] {
        let machines = failed.virtualMachines.sorted {
            ($0.restartRank, $0.traits.priority, $0.memory, $1.id)
                > ($1.restartRank, $1.traits.priority, $1.memory, $0.id)
        }
        let isToStart = { [elsewhere] (machine: PlacementVM) in
            machine.traits.isHighlyAvailable && !elsewhere.contains(machine.id)
        }
        plan.left = machines.filter { !isToStart($0) }.map(\.name)
        return machines.filter(isToStart)
    }

    private mutating func start(_ machine: PlacementVM, _ load: MachineLoad, on place: Int) {
        let strain = check.limitBroken(by: load, on: open[place].load)
        open[place].load.add(load)
        check.rules.restarted(machine, on: open[place].host.name)
        plan.placements.append(
            RestartPlan.Placement(
                machine: machine.id, name: machine.name, host: open[place].host.name, strain: strain,
                unknown: check.unknown(of: open[place].load)))
    }

    /// All of the VMs on one host, or none of them.
    private mutating func place(_ group: [PlacementVM]) {
        let loads = group.map { MachineLoad($0.expected, on: failed, limits: limits) }
        let best = choice(group, loads, isStrict: true) ?? choice(group, loads, isStrict: false)
        guard let best else {
            for machine in group { plan.unplaced.append(refusal(of: machine, group, loads)) }
            return
        }
        for (machine, load) in zip(group, loads) { start(machine, load, on: best) }
    }

    /// The host that stays least loaded with all of the VMs.
    private func choice(_ group: [PlacementVM], _ loads: [MachineLoad], isStrict: Bool) -> Int? {
        open.indices.filter { objection(to: $0, group, loads, isStrict: isStrict) == nil }.min {
            let one = loads.reduce(open[$0].load) { $0.adding($1) }.pressure
            let other = loads.reduce(open[$1].load) { $0.adding($1) }.pressure
            return (one, $0) < (other, $1)
        }
    }

    private func objection(
        to place: Int, _ group: [PlacementVM], _ loads: [MachineLoad], isStrict: Bool
    ) -> String? {
        let host = open[place].host
        var load = open[place].load
        for (machine, own) in zip(group, loads) {
            let reason =
                check.objection(toStarting: machine, on: host)
                ?? check.rules.objection(toJoining: host.name, machine, except: failed.name)
                ?? (isStrict
                    ? check.unknown(of: load) ?? check.limitBroken(by: own, on: load)
                    : check.hardLimitBroken(by: own, on: load))
            if let reason { return reason }
            load.add(own)
        }
        return nil
    }

    private func refusal(
        of machine: PlacementVM, _ group: [PlacementVM], _ loads: [MachineLoad]
    ) -> RejectedCandidate {
        guard let last = open.indices.last else {
            return RejectedCandidate(virtualMachine: machine.name, destination: nil, reason: "there is no host")
        }
        // A host that is there says more than one that is not.
        let place = open.indices.last { open[$0].host.isAvailable && open[$0].host.closedReason == nil } ?? last
        let reason = objection(to: place, group, loads, isStrict: false) ?? "it has no room"
        return RejectedCandidate(
            virtualMachine: machine.name, destination: open[place].host.name,
            reason: group.count > 1 ? "with those that it must share a host with: \(reason)" : reason)
    }
}

extension PlacementVM {
    /// Higher starts first.
    fileprivate var restartRank: Int { traits.isProtected ? 1 : 0 }

    /// The VM with what it is expected to want where nothing is measured, as on a host that failed: its forecast, or
    /// half of its virtual processors.
    var expected: PlacementVM {
        var copy = self
        copy.processorUse = processorUse ?? forecast?.mean ?? virtualProcessors.map { Double($0) / 2 }
        return copy
    }
}
