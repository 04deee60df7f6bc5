import FleetModel

/// Notices that somebody else moves VMs: a guest that lives on another host than before, though no operation of ours had
/// to do with it.
struct MoverWatch: Sendable {
    /// A VM that somebody else moved.
    struct Finding: Sendable, Hashable {
        var machine: VirtualMachineID
        var name: String
        var from: HostName
        var to: HostName
        /// Who runs the VM there.
        var manager: String?
    }

    private var homes: [VirtualMachineID: (host: HostName, since: Timestamp)] = [:]
    /// What somebody else moved last: from where, and when that was seen. Kept as long as the server runs.
    private(set) var moves: [VirtualMachineID: (from: HostName, seen: Timestamp)] = [:]

    /// Takes a host's report. `isClaimed` tells whether the host before still says that the guest lives there: then
    /// nobody has moved it yet. `isOurs` tells whether an operation that had not ended before that moment may have
    /// brought the VM here.
    mutating func note(
        _ report: HostReport, at time: Timestamp, isClaimed: (VirtualMachineID, HostName) -> Bool,
        isOurs: (VirtualMachineID, HostName, Timestamp) -> Bool
    ) -> [Finding] {
        var findings: [Finding] = []
        for status in report.virtualMachines where status.state.ownsGuest {
            let id = status.definition.id
            guard let home = homes[id] else {
                homes[id] = (report.host, time)
                continue
            }
            if home.host == report.host || isClaimed(id, home.host) { continue }
            homes[id] = (report.host, time)
            if isOurs(id, report.host, home.since) { continue }
            moves[id] = (home.host, time)
            findings.append(
                Finding(
                    machine: id, name: status.definition.name.text, from: home.host, to: report.host,
                    manager: status.manager))
        }
        return findings
    }

    /// Takes what was seen later than `time`, by a clock that was ahead, for having been seen then.
    mutating func settle(at time: Timestamp) {
        for id in homes.keys { homes[id]?.since.settle(at: time) }
        for id in moves.keys { moves[id]?.seen.settle(at: time) }
    }

    /// A host has left the fleet: what it had may turn up anywhere.
    mutating func forget(_ host: HostName) {
        homes = homes.filter { $0.value.host != host }
    }
}
