import FleetModel

/// Where every VM is as far as anybody knows right now, and where those that move may end up: what constraints are
/// checked against, apart from any plan.
struct FleetPlaces: Sendable {
    /// The hosts that a VM is on; two while it moves.
    private(set) var homes: [VirtualMachineID: Set<HostName>] = [:]
    private(set) var names: [VirtualMachineID: String] = [:]
    private(set) var clusters: [HostName: ClusterName] = [:]
    private let reports: [HostName: HostReport]

    init(_ records: some Collection<HostRecord>, moves: [(virtualMachine: VirtualMachineID, to: HostName)]) {
        reports = Dictionary(records.map { ($0.report.host, $0.report) }, uniquingKeysWith: { first, _ in first })
        for record in records {
            let host = record.report.host
            clusters[host] = record.report.cluster
            for status in record.report.virtualMachines {
                names[status.definition.id] = status.definition.name.text
                guard status.state.ownsGuest || status.state == .incoming else { continue }
                homes[status.definition.id, default: []].insert(host)
            }
        }
        for move in moves { homes[move.virtualMachine, default: []].insert(move.to) }
    }

    func name(of machine: VirtualMachineID) -> String { names[machine] ?? machine.text }

    func hosts(of cluster: ClusterName) -> [HostName] {
        clusters.filter { $0.value == cluster }.map(\.key).sorted()
    }

    /// Virtual processors and memory that VMs on the host may come to use, one that is to come included.
    func promised(on host: HostName, with extra: VirtualMachineID?) -> (processors: Int, memory: Bytes)? {
        guard let report = reports[host] else { return nil }
        var machines = report.virtualMachines.filter {
            homes[$0.definition.id]?.contains(host) == true && $0.definition.id != extra
        }
        for (id, places) in homes where places.contains(host) && id != extra {
            if machines.contains(where: { $0.definition.id == id }) { continue }
            if let status = status(of: id) { machines.append(status) }
        }
        if let extra, let status = status(of: extra) { machines.append(status) }
        return (
            machines.reduce(0) { $0 + $1.definition.virtualProcessors },
            machines.reduce(.zero) { $0 + $1.definition.memory }
        )
    }

    func size(of host: HostName) -> (processors: Int, memory: Bytes)? {
        reports[host].map { ($0.logicalProcessors, $0.memory) }
    }

    private func status(of machine: VirtualMachineID) -> VirtualMachineStatus? {
        for host in homes[machine] ?? [] {
            if let status = reports[host]?.virtualMachines.first(where: { $0.definition.id == machine }) {
                return status
            }
        }
        return nil
    }
}
