import FleetModel

/// A change of the fleet that somebody wonders about.
public enum Supposition: Sendable, Hashable {
    /// There is one more host.
    case added(PlacementHost)
    /// A host is gone, and its VMs with it.
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
