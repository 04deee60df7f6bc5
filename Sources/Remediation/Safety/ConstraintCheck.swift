import FleetModel

/// Holds the operators' constraints against where VMs are: which are broken now, and which a move would break. It asks
/// nobody who plans, so that a plan's mistake is noticed before anything is done.
struct ConstraintCheck: Sendable {
    let policy: FleetPolicy
    let places: FleetPlaces

    /// What is broken now, for a person, a line each.
    func broken() -> [String] {
        policy.constraints.compactMap { constraint in
            breach(of: constraint).map {
                "constraint \(constraint.number) (\(constraint.kind.rawValue)) is broken now: \($0)"
            }
        } + overCommitted()
    }

    /// Hosts and VMs that nobody knows of, for a person.
    func unknown() -> [String] {
        var lines: [String] = []
        for constraint in policy.constraints {
            let machines = constraint.machines.filter { places.names[$0] == nil }
            let hosts = constraint.hosts.filter { places.clusters[$0] == nil }
            let missing = machines.map { "VM \($0)" } + hosts.map { "host \($0)" }
            if missing.isEmpty { continue }
            lines.append("constraint \(constraint.number): nobody reports \(missing.prefix(5).joined(separator: ", "))")
        }
        let known = Set(places.clusters.values)
        let named = policy.automation.compactMap { if case .cluster(let cluster) = $0.scope { cluster } else { nil } }
        let wanted = Set(policy.clusters.keys).union(named).union(policy.windows.flatMap(\.clusters))
        for cluster in wanted.sorted() where !known.contains(cluster) {
            lines.append("no host reports from cluster \(cluster)")
        }
        return lines
    }

    /// Why the VM must not move there; `nil` where no constraint stands against it.
    /// `companions` are on the way from its host to that one as well.
    func objection(
        toMoving machine: VirtualMachineID, to host: HostName, with companions: [VirtualMachineID] = []
    ) -> String? {
        for constraint in policy.constraints where constraint.machines.contains(machine) {
            if let reason = objection(constraint, machine, host, companions) {
                return "constraint \(constraint.number) (\(constraint.kind.rawValue)): \(reason)"
            }
        }
        return overCommitment(of: host, with: machine)
    }

    private func objection(
        _ constraint: Constraint, _ machine: VirtualMachineID, _ host: HostName, _ companions: [VirtualMachineID]
    ) -> String? {
        let others = constraint.machines.filter { $0 != machine }
        switch constraint.kind {
        case .pin:
            return constraint.hosts.contains(host) ? nil : "\(places.name(of: machine)) must not be on \(host)"
        case .avoid:
            return constraint.hosts.contains(host) ? "\(places.name(of: machine)) must not be on \(host)" : nil
        case .antiAffinity:
            let rival = others.first { places.homes[$0]?.contains(host) == true }
            return rival.map { "\(places.name(of: machine)) must not share \(host) with \(places.name(of: $0))" }
        case .affinity:
            let settled = others.filter { places.homes[$0] != nil }
            let way = (places.homes[machine] ?? []).union([host])
            let away = settled.first { mate in
                guard let home = places.homes[mate] else { return false }
                return home != [host] && !(companions.contains(mate) && home.isSubset(of: way))
            }
            return away.map { "\(places.name(of: machine)) must share a host with \(places.name(of: $0))" }
        case .spread:
            var homes = places.homes
            homes[machine] = [host]
            return crowd(constraint, homes, in: places.clusters[host], only: domain(of: host))
        }
    }

    private func breach(of constraint: Constraint) -> String? {
        switch constraint.kind {
        case .pin:
            return constraint.machines.lazy.compactMap { machine in
                places.homes[machine]?.first { !constraint.hosts.contains($0) }
                    .map { "\(places.name(of: machine)) is on \($0)" }
            }.first
        case .avoid:
            return constraint.machines.lazy.compactMap { machine in
                places.homes[machine]?.first { constraint.hosts.contains($0) }
                    .map { "\(places.name(of: machine)) is on \($0)" }
            }.first
        case .antiAffinity:
            var seen: [HostName: VirtualMachineID] = [:]
            for machine in constraint.machines {
                for host in (places.homes[machine] ?? []).sorted() {
                    if let other = seen[host] {
                        return "\(places.name(of: other)) and \(places.name(of: machine)) are both on \(host)"
                    }
                    seen[host] = machine
                }
            }
            return nil
        case .affinity:
            let settled = constraint.machines.filter { places.homes[$0] != nil }
            guard let first = settled.first, let home = places.homes[first] else { return nil }
            let away = settled.first { places.homes[$0] != home }
            return away.map {
                "\(places.name(of: first)) is on \(text(home)), \(places.name(of: $0)) on \(text(places.homes[$0] ?? []))"
            }
        case .spread:
            let clusters = constraint.machines.lazy.compactMap { places.homes[$0]?.first }.compactMap {
                places.clusters[$0]
            }
            return crowd(constraint, places.homes, in: clusters.first, only: nil)
        }
    }

    private func text(_ hosts: Set<HostName>) -> String { hosts.sorted().map(\.text).joined(separator: " and ") }

    // MARK: Failure domains

    /// The failure domain of a host; the host itself where its cluster has none.
    private func domain(of host: HostName) -> String {
        guard let cluster = places.clusters[host], let domains = policy.clusters[cluster]?.domains else {
            return host.text
        }
        return domains.filter { $0.value.contains(host) }.keys.min() ?? host.text
    }

    /// Which domain holds more of the VMs than an even spread would put there.
    private func crowd(
        _ constraint: Constraint, _ homes: [VirtualMachineID: Set<HostName>], in cluster: ClusterName?,
        only wanted: String?
    ) -> String? {
        guard let cluster else { return nil }
        let domains = Set(places.hosts(of: cluster).map(domain))
        guard !domains.isEmpty else { return nil }
        let most = (constraint.machines.count + domains.count - 1) / domains.count
        var counts: [String: Int] = [:]
        for machine in constraint.machines {
            for domain in Set((homes[machine] ?? []).map(domain)) { counts[domain, default: 0] += 1 }
        }
        let crowded = counts.filter { $0.value > most && (wanted == nil || $0.key == wanted) }.min { $0.key < $1.key }
        return crowded.map {
            "\($0.value) of \(constraint.machines.count) VMs are in \($0.key), and \(most) is an even spread over "
                + "\(domains.count)"
        }
    }

    // MARK: Over-commitment

    private func overCommitted() -> [String] {
        places.clusters.keys.sorted().compactMap { overCommitment(of: $0, with: nil) }
            .map { "an over-commit limit is broken now: \($0)" }
    }

    private func overCommitment(of host: HostName, with machine: VirtualMachineID?) -> String? {
        guard let cluster = places.clusters[host], let limits = policy.clusters[cluster],
            limits.processorOverCommit != nil || limits.memoryOverCommit != nil,
            let promised = places.promised(on: host, with: machine), let size = places.size(of: host)
        else { return nil }
        if let ratio = limits.processorOverCommit, Double(promised.processors) > ratio * Double(size.processors) {
            return "\(promised.processors) virtual processors on the \(size.processors) LPs of \(host), and cluster "
                + "\(cluster) allows \(ratio) for each"
        }
        if let ratio = limits.memoryOverCommit, Double(promised.memory.count) > ratio * Double(size.memory.count) {
            return "\(promised.memory) promised of the \(size.memory) of \(host), and cluster \(cluster) allows "
                + "\(ratio) times as much"
        }
        return nil
    }
}
