import FleetModel

/// A change of the fleet that somebody wonders about.
public enum Supposition: Sendable, Hashable {
    /// There is one more host.
    case added(PlacementHost)
    /// A host is gone, and its VMs with it. `Planner.failure(of:on:)` is where they start again.
    case lost(HostName)
    /// VMs want so many times what they want now; all VMs without any named.
    case grown([VirtualMachineID], by: Double)
}

extension FleetSnapshot {
    /// The fleet as it would be: any request can be asked of it.
    public func supposing(_ supposition: Supposition) -> FleetSnapshot {
        var hosts = hosts
        switch supposition {
        case .added(let host): hosts.append(host)
        case .lost(let name): hosts.removeAll { $0.name == name }
        case .grown(let wanted, let factor):
            let chosen = Set(wanted)
            for host in hosts.indices { hosts[host].grow(chosen, by: factor) }
        }
        return FleetSnapshot(
            version: version, time: time, hosts: hosts, rules: rules, reserve: reserve, reserves: reserves,
            preferences: preferences)
    }
}

extension PlacementHost {
    fileprivate mutating func grow(_ chosen: Set<VirtualMachineID>, by factor: Double) {
        var more = 0.0
        for place in virtualMachines.indices where chosen.isEmpty || chosen.contains(virtualMachines[place].id) {
            let before = virtualMachines[place].processorUse
            virtualMachines[place].processorUse = before.map { $0 * factor }
            more += (before ?? 0) * (factor - 1)
            virtualMachines[place].forecast?.mean *= factor
            virtualMachines[place].forecast?.deviation *= factor
        }
        guard logicalProcessors > 0 else { return }
        processorUse = processorUse.map { max(0, min(1, $0 + more / Double(logicalProcessors))) }
    }
}

extension Planner {
    /// The fleet as it would be after a host failed and its VMs started again where `restart` says, and that plan. Those
    /// that find no host are gone. `nil` for a host that is not there.
    public func failure(of name: HostName, on snapshot: FleetSnapshot) -> (fleet: FleetSnapshot, restart: RestartPlan)?
    {
        guard let failed = snapshot.host(name), let plan = restart(of: name, on: snapshot) else { return nil }
        var hosts = snapshot.hosts.filter { $0.name != name }
        let machines = Dictionary(failed.virtualMachines.map { ($0.id, $0.expected) }, uniquingKeysWith: { $1 })
        for placement in plan.placements {
            guard let machine = machines[placement.machine],
                let place = hosts.firstIndex(where: { $0.name == placement.host })
            else { continue }
            hosts[place].start(machine)
        }
        let fleet = FleetSnapshot(
            version: snapshot.version, time: snapshot.time, hosts: hosts, rules: snapshot.rules,
            reserve: snapshot.reserve, reserves: snapshot.reserves, preferences: snapshot.preferences)
        return (fleet, plan)
    }
}

extension PlacementHost {
    /// The VM runs here, too, and has touched all of its memory.
    fileprivate mutating func start(_ machine: PlacementVM) {
        var machine = machine
        machine.residentMemory = machine.memory
        machine.immovable = nil
        virtualMachines.append(machine)
        memoryAvailable = memoryAvailable.map { max(.zero, $0 - machine.memory) }
        guard logicalProcessors > 0 else { return }
        processorUse = processorUse.flatMap { use in
            machine.processorUse.map { min(1, use + $0 / Double(logicalProcessors)) }
        }
    }
}
