import FleetModel

/// Guests that more than one host says it runs, though none of them is being moved: a host that bears another name by
/// now, a copy of a host's folder, a guest that was started twice.
struct DoubledMachines: Sendable {
    private var owners: [VirtualMachineID: [HostRecord]] = [:]
    private let isReporting: @Sendable (HostRecord) -> Bool

    /// `moving` are the VMs that an operation under way has to do with.
    init(
        _ hosts: [HostRecord], moving: Set<VirtualMachineID>, isReporting: @escaping @Sendable (HostRecord) -> Bool
    ) {
        self.isReporting = isReporting
        for record in hosts {
            for status in record.report.virtualMachines
            where status.state.ownsGuest && !moving.contains(status.definition.id) {
                owners[status.definition.id, default: []].append(record)
            }
        }
        owners = owners.filter { $0.value.count > 1 }
    }

    /// One line for each such VM, by name.
    var lines: [String] {
        owners.compactMap { machine, records in
            // One that is heard is told of, with the other; among equals the first by name.
            let first = records.min {
                (isReporting($0) ? 0 : 1, $0.report.host) < (isReporting($1) ? 0 : 1, $1.report.host)
            }
            guard let first, let problem = problem(of: machine, on: first.report.host) else { return nil }
            let status = first.report.virtualMachines.first { $0.definition.id == machine }
            return "VM \(status?.definition.name.text ?? machine.text) runs on \(first.report.host), and \(problem)"
        }.sorted()
    }

    /// What an operator should know of the VM on that host; `nil` where no other says that it runs the guest.
    func problem(of machine: VirtualMachineID, on host: HostName) -> String? {
        let others = (owners[machine] ?? []).filter { $0.report.host != host }.sorted {
            $0.report.host < $1.report.host
        }
        guard owners[machine]?.contains(where: { $0.report.host == host }) == true, let other = others.first else {
            return nil
        }
        if let heard = others.first(where: isReporting) {
            return "\(heard.report.host) reports it running as well: it is moved from neither"
        }
        let name = other.report.host
        return
            "\(name), which is silent, reported it running as well: policy leaves it where it is until \(name) reports "
            + "again, or is forgotten ('evenkeel host rm \(name)')"
    }
}
