import FleetModel

/// What an operator wants kept, whatever the loads.
public enum PlacementRule: Sendable, Hashable, Codable {
    /// No two of these VMs share a host (anti-affinity).
    case apart([VirtualMachineID])
    /// These VMs share a host (affinity).
    case together([VirtualMachineID])
    /// The VM runs on these hosts only.
    case only(VirtualMachineID, on: [HostName])
    /// The VM never runs on these hosts.
    case never(VirtualMachineID, on: [HostName])
}

/// The rules of a snapshot, ready to be asked.
struct RuleBook: Sendable {
    private var rivals: [VirtualMachineID: [VirtualMachineID]] = [:]
    private var mates: [VirtualMachineID: [VirtualMachineID]] = [:]
    private var only: [VirtualMachineID: Set<HostName>] = [:]
    private var never: [VirtualMachineID: Set<HostName>] = [:]
    /// Of VMs that have rivals or mates.
    private var homes: [VirtualMachineID: [(host: HostName, name: String)]] = [:]

    init(_ snapshot: FleetSnapshot) {
        for rule in snapshot.rules { add(rule) }
        if rivals.isEmpty && mates.isEmpty { return }
        for host in snapshot.hosts {
            for machine in host.virtualMachines where rivals[machine.id] != nil || mates[machine.id] != nil {
                homes[machine.id, default: []].append((host.name, machine.name))
            }
        }
    }

    private mutating func add(_ rule: PlacementRule) {
        switch rule {
        case .apart(let group):
            for member in group { rivals[member, default: []] += group.filter { $0 != member } }
        case .together(let group):
            for member in group { mates[member, default: []] += group.filter { $0 != member } }
        case .only(let machine, let hosts):
            only[machine] = only[machine].map { $0.intersection(hosts) } ?? Set(hosts)
        case .never(let machine, let hosts): never[machine, default: []].formUnion(hosts)
        }
    }

    /// A plan moves the VM to the host: from now on it counts there, too.
    mutating func arrived(_ machine: PlacementVM, on host: HostName) {
        if homes[machine.id] != nil { homes[machine.id]?.append((host, machine.name)) }
    }

    /// Why the VM cannot leave its host by itself.
    func objection(toMoving machine: PlacementVM, from host: HostName) -> String? {
        for mate in mates[machine.id] ?? [] {
            if let home = homes[mate]?.first(where: { $0.host == host }) {
                return "it must stay with \(home.name), and VMs that stay together are not moved one by one"
            }
        }
        return nil
    }

    /// Why the VM may not be on the host.
    func objection(to host: HostName, for machine: PlacementVM) -> String? {
        if let allowed = only[machine.id], !allowed.contains(host) {
            return "it may only be on \(allowed.sorted().map(\.description).joined(separator: ", "))"
        }
        if never[machine.id]?.contains(host) == true { return "a rule keeps it off this host" }
        for rival in rivals[machine.id] ?? [] {
            if let home = homes[rival]?.first(where: { $0.host == host }) {
                return "it must not share a host with \(home.name)"
            }
        }
        return nil
    }

    /// The hosts of `hosts` that the VM may be on; `nil` for all.
    func allowed(_ machine: VirtualMachineID, of hosts: [PlacementHost]) -> [Int]? {
        if only[machine] == nil && never[machine] == nil { return nil }
        return hosts.indices.filter { place in
            let name = hosts[place].name
            return only[machine]?.contains(name) ?? true && !(never[machine]?.contains(name) ?? false)
        }
    }
}
