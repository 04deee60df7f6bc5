import FleetModel

/// Reads statistics of all domains in one call, and now and then what libvirt keeps beside them. For the thread of a
/// ``CallQueue``.
final class StatisticsReader {
    private let link: LibvirtLink
    private let table: Locked<DomainTable>
    private let rareInterval: Duration
    private let noteDisagreement: @Sendable (VirtualMachineID) -> Void
    private var snapshots: [VirtualMachineID: Rare<[VirtualMachineStatistics.Snapshot]?>] = [:]
    private var version: Rare<String?>?

    /// Something that is read now and then.
    private struct Rare<Value> {
        var value: Value
        var read: ContinuousClock.Instant
        /// Of what it holds: the description of the domain.
        var description: DomainDescription?
    }

    /// A reader that has `noteDisagreement` called for a domain whose description in the table is too old.
    init(
        link: LibvirtLink, table: Locked<DomainTable>, rareInterval: Duration,
        noteDisagreement: @escaping @Sendable (VirtualMachineID) -> Void
    ) {
        self.link = link
        self.table = table
        self.rareInterval = rareInterval
        self.noteDisagreement = noteDisagreement
    }

    /// Statistics of all domains whose guest lives here. Of a QEMU that hangs there is little: where another call waits
    /// for it, this one does not.
    func read() throws(LibvirtError) -> [VirtualMachineStatistics] {
        try link.connected { connection throws(LibvirtError) in
            let known = table.withLock { $0.domains }
            snapshots = snapshots.filter { known[$0.key] != nil }
            let version = currentVersion(connection)
            var all: [VirtualMachineStatistics] = []
            let groups: LibvirtConnection.Groups = [
                .state, .balloon, .virtualProcessors, .interfaces, .blocks, .virtualMachine,
            ]
            try connection.eachDomain(groups, onlyActive: true, doing: "read statistics") { domain, parameters in
                guard DomainState(parameters).place(job: .unknown).state.ownsGuest else { return }
                let (values, entry) = (DomainStatistics(parameters), known[domain.id])
                var one = values.statistics(of: domain.id, description: entry?.description)
                if let entry {
                    one.snapshots = currentSnapshots(domain, entry)
                    if entry.process.map(ProcessFinder.runsInstalledProgram) == true { one.emulatorVersion = version }
                    if entry.description.map(values.disagree) == true { noteDisagreement(domain.id) }
                }
                all.append(one)
            }
            return all
        }
    }

    /// The version of the QEMU that is installed now.
    private func currentVersion(_ connection: LibvirtConnection) -> String? {
        if let version, isRecent(version.read) { return version.value }
        let value = connection.hypervisorVersion
        version = Rare(value: value, read: .now)
        return value
    }

    private func currentSnapshots(
        _ domain: LibvirtDomain, _ entry: DomainTable.Domain
    ) -> [VirtualMachineStatistics.Snapshot]? {
        if let known = snapshots[domain.id], isRecent(known.read), known.description == entry.description {
            return known.value
        }
        let documents = try? domain.snapshots()
        let value = documents?.compactMap { try? VirtualMachineStatistics.Snapshot(parsing: $0) }
        snapshots[domain.id] = Rare(value: value, read: .now, description: entry.description)
        return value
    }

    private func isRecent(_ moment: ContinuousClock.Instant) -> Bool { .now - moment < rareInterval }
}
