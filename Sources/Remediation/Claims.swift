import FleetModel

/// Which hosts say that a guest lives on them: one each, while all is well.
struct Claims: Sendable {
    private var owners: [VirtualMachineID: Set<HostName>] = [:]
    private var machines: [HostName: Set<VirtualMachineID>] = [:]
    /// VMs that more than one host claims.
    private var contested: Set<VirtualMachineID> = []
    private var told: [VirtualMachineID: Set<HostName>] = [:]

    /// Takes what a host says instead of what it said before.
    mutating func note(_ report: HostReport) {
        let before = machines[report.host] ?? []
        let after = Set(report.virtualMachines.filter(\.state.ownsGuest).map(\.definition.id))
        machines[report.host] = after
        for id in before.subtracting(after) { change(id) { $0.remove(report.host) } }
        for id in after.subtracting(before) { change(id) { $0.insert(report.host) } }
    }

    /// Takes back all that a host said.
    mutating func forget(_ host: HostName) {
        for id in machines.removeValue(forKey: host) ?? [] { change(id) { $0.remove(host) } }
    }

    private mutating func change(_ id: VirtualMachineID, _ body: (inout Set<HostName>) -> Void) {
        var hosts = owners[id] ?? []
        body(&hosts)
        owners[id] = hosts.isEmpty ? nil : hosts
        if hosts.count > 1 {
            contested.insert(id)
        } else {
            contested.remove(id)
            told[id] = nil
        }
    }

    /// Whether `host` says that the guest lives there.
    func isClaimed(_ id: VirtualMachineID, by host: HostName) -> Bool { owners[id]?.contains(host) == true }

    /// The VMs that `host` and others claim, by identity, each with all who do.
    func contested(with host: HostName) -> [(id: VirtualMachineID, owners: Set<HostName>)] {
        if contested.isEmpty { return [] }
        return contested.sorted().compactMap { id in
            guard let hosts = owners[id], hosts.contains(host) else { return nil }
            return (id, hosts)
        }
    }

    /// Whether it is news that these hosts claim the VM.
    mutating func tell(_ hosts: Set<HostName>, of id: VirtualMachineID) -> Bool {
        told.updateValue(hosts, forKey: id) != hosts
    }
}
