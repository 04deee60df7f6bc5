import FleetModel

/// Where the VMs of a host that failed are to be started again.
public struct RestartPlan: Sendable, Hashable {
    /// A VM and its new host.
    public struct Placement: Sendable, Hashable {
        /// The VM.
        public var machine: VirtualMachineID
        /// Its name.
        public var name: String
        /// Where it starts.
        public var host: HostName
        /// Share of the host's processors that would be wanted then, where that is over the limit: it starts there all
        /// the same, and slowly. `nil` where the limit holds.
        public var processorExcess: Double?
    }

    /// In the order in which they start: the highest priority first.
    public var placements: [Placement] = []
    /// VMs for which there is no host, and why the last one would not do.
    public var unplaced: [RejectedCandidate] = []
    /// VMs that are not started elsewhere, because they are not highly available.
    public var left: [String] = []
}

extension Planner {
    /// Where to start the VMs of a failed host again: those an operator wants up first, then the most
    /// important, then the largest, each on the host that
    /// stays least loaded of those that break no limit and no rule. Where processors are short on all of them, a VM that
    /// starts slowly is better than one that does not: then it is the least loaded of those that have everything else.
    /// `nil` for a host that is not there.
    ///
    /// Only a host that is known to be dead may be asked about: a VM that still runs must not be started twice.
    public func restart(of name: HostName, on snapshot: FleetSnapshot) -> RestartPlan? {
        guard let failed = snapshot.host(name) else { return nil }
        var plan = RestartPlan()
        var check = MoveCheck(failed.cluster, of: snapshot, limits: limits)
        var open = snapshot.hosts.filter { $0.cluster == failed.cluster && $0.name != name }.map {
            (host: $0, load: HostLoad($0, limits: limits))
        }
        let machines = failed.virtualMachines.sorted {
            ($0.restartRank, $0.traits.priority, $0.memory, $1.id)
                > ($1.restartRank, $1.traits.priority, $1.memory, $0.id)
        }
        for machine in machines {
            guard machine.traits.isHighlyAvailable else {
                plan.left.append(machine.name)
                continue
            }
            let load = MachineLoad(machine.expected, on: failed, limits: limits)
            var reason = RejectedCandidate(virtualMachine: machine.name, destination: nil, reason: "there is no host")
            let chosen = open.indices.filter { place in
                let objection =
                    check.objection(to: open[place].host, for: machine, from: failed)
                    ?? check.unknown(of: open[place].load)
                    ?? check.limitBroken(by: load, on: open[place].load, heedingProcessor: false)
                if let objection { reason.destination = open[place].host.name; reason.reason = objection }
                return objection == nil
            }.map { place in
                let excess = check.processorExcess(of: load, on: open[place].load)
                return (place: place, excess: excess, pressure: open[place].load.adding(load).pressure)
            }.min {
                ($0.excess == nil ? 0 : 1, $0.pressure, $0.place) < ($1.excess == nil ? 0 : 1, $1.pressure, $1.place)
            }
            guard let chosen else {
                plan.unplaced.append(reason)
                continue
            }
            open[chosen.place].load.add(load)
            let host = open[chosen.place].host.name
            check.rules.arrived(machine, on: host)
            plan.placements.append(
                RestartPlan.Placement(
                    machine: machine.id, name: machine.name, host: host, processorExcess: chosen.excess))
        }
        return plan
    }
}

extension PlacementVM {
    /// Higher starts first.
    fileprivate var restartRank: Int { traits.isProtected ? 1 : 0 }

    /// The VM with what it is expected to want where nothing is measured, as on a host that failed: its forecast, or
    /// half of its virtual processors.
    fileprivate var expected: PlacementVM {
        var copy = self
        copy.processorUse = processorUse ?? forecast?.mean ?? virtualProcessors.map { Double($0) / 2 }
        return copy
    }
}
