import FleetModel
import Placement

extension FleetSnapshot {
    /// The picture with what operators want in it: rules, reserves, limits, what fails together, who comes first, hosts in
    /// maintenance, VMs that only people move. `emptied` are hosts that an open tip wants empty: no VM goes there.
    func heeding(
        _ policy: FleetPolicy, held: [HostName: Hold], emptied: [HostName: String] = [:]
    ) -> FleetSnapshot {
        let off = policy.automation.filter { $0.level <= .advise }.compactMap { rule -> VirtualMachineID? in
            if case .machine(let id) = rule.scope { id } else { nil }
        }
        if held.isEmpty && emptied.isEmpty && off.isEmpty && policy.constraints.isEmpty && policy.clusters.isEmpty
            && policy.machines.isEmpty
        {
            return self
        }
        let closed = Set(off)
        var copies = hosts
        for place in copies.indices {
            let name = copies[place].name
            copies[place].closedReason = emptied[name] ?? copies[place].closedReason
            copies[place].heed(policy, held[name])
            if closed.isEmpty && policy.machines.isEmpty { continue }
            for machine in copies[place].virtualMachines.indices {
                let id = copies[place].virtualMachines[machine].id
                if closed.contains(id) {
                    copies[place].virtualMachines[machine].doubt = "its own automation level leaves it to people"
                }
                if let own = policy.machines[id] { copies[place].virtualMachines[machine].traits.heed(own) }
            }
        }
        return FleetSnapshot(
            version: version, time: time, hosts: copies,
            rules: rules + policy.constraints.flatMap { $0.rules(among: copies) }, reserve: reserve,
            reserves: policy.clusters.compactMapValues(\.reserve), preferences: preferences)
    }
}

extension PlacementHost {
    fileprivate mutating func heed(_ policy: FleetPolicy, _ hold: Hold?) {
        if let hold { closedReason = "it is in maintenance since \(hold.since.text) (\(hold.reason))" }
        guard let own = policy.clusters[cluster] else { return }
        traits.failureDomain = own.domains?.filter { $0.value.contains(name) }.keys.min()
        traits.processorOverCommit = own.processorOverCommit
        traits.memoryOverCommit = own.memoryOverCommit
    }
}

extension MachineTraits {
    /// What a VM's definition says of its priority is 0 to 1000; what its policy says comes before that.
    private static let step = 2000

    fileprivate mutating func heed(_ policy: MachinePolicy) {
        isProtected = policy.isHighlyAvailable
        switch policy.priority {
        case .low: rank = -1
        case .normal: rank = 0
        case .high: rank = 1
        }
        priority += rank * Self.step
    }
}

extension Constraint {
    /// The constraint as the planner knows it. A spread group gets into no fewer failure domains than it is in, and no
    /// domain of its cluster gets more of it than an even spread puts there, as `ConstraintCheck` has it.
    func rules(among hosts: [PlacementHost]) -> [PlacementRule] {
        switch kind {
        case .affinity: [.together(machines)]
        case .antiAffinity: [.apart(machines)]
        case .pin: machines.map { .only($0, on: self.hosts) }
        case .avoid: machines.map { .never($0, on: self.hosts) }
        case .spread: [.spread(machines, domains: machines.count, most: evenShare(among: hosts))]
        }
    }

    private func evenShare(among hosts: [PlacementHost]) -> Int {
        let group = Set(machines)
        let home = hosts.first { host in host.virtualMachines.contains { group.contains($0.id) } }
        let domains = Set(
            hosts.lazy.filter { $0.cluster == home?.cluster }.map { host in
                host.traits.failureDomain.map { "domain \($0)" } ?? "host \(host.name)"
            })
        return domains.isEmpty ? machines.count : (machines.count + domains.count - 1) / domains.count
    }
}
