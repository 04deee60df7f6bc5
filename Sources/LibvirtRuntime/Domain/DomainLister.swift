import FleetModel

/// Keeps the table of domains: lists them all in one call, and reads again what is new or what an event told of. No call
/// of its own waits for a QEMU that hangs. For the thread of a ``CallQueue``.
final class DomainLister {
    private let link: LibvirtLink
    private let table: Locked<DomainTable>
    private let processFolder: String

    init(link: LibvirtLink, table: Locked<DomainTable>, processFolder: String) {
        self.link = link
        self.table = table
        self.processFolder = processFolder
    }

    /// Lists all domains into the table; forgets them all where that fails.
    func list() throws(LibvirtError) {
        do throws(LibvirtError) {
            try link.connected { connection throws(LibvirtError) in try list(connection) }
        } catch {
            table.withLock { $0.forget() }
            throw error
        }
    }

    func close() { link.close() }

    private func list(_ connection: LibvirtConnection) throws(LibvirtError) {
        let (stale, known) = table.withLock { ($0.beginList(), $0.domains) }
        var finder = ProcessFinder(folder: processFolder)
        var list: [DomainTable.Domain] = []
        try connection.eachDomain([.state], onlyActive: false, doing: "list its domains") { domain, parameters in
            let state = DomainState(parameters)
            var entry = DomainTable.Domain(id: domain.id, title: domain.name, state: state)
            if let old = known[domain.id], old.isCurrent(entry), !stale.contains(domain.id) {
                (entry.description, entry.process, entry.isSaved) = (old.description, old.process, old.isSaved)
            } else {
                entry.isSaved = !state.hasProcess && domain.isSaved() == true
                if state.hasProcess { entry.process = finder.process(of: domain.id, name: domain.name) }
                guard describe(&entry, domain) else { return }
            }
            entry.job = job(domain, state, process: entry.process)
            list.append(entry)
        }
        table.withLock { [list] in $0.take(list, at: .now) }
    }

    /// What is under way with a domain, as far as that matters. Of one that starts its process tells, since libvirt may
    /// answer only when it has started, which takes minutes where memory is large.
    private func job(_ domain: LibvirtDomain, _ state: DomainState, process: Int32?) -> DomainState.Job {
        if state.isStarting {
            guard let process else { return .unknown }
            return ProcessFinder.wasStartedToReceive(process) ? .receiving : .other
        }
        return table.withLock { $0.needsJob(domain.id, state) } ? domain.job() : .unknown
    }

    /// Reads a domain's description; false where the domain has gone meanwhile.
    private func describe(_ entry: inout DomainTable.Domain, _ domain: LibvirtDomain) -> Bool {
        do {
            entry.description = try DomainDescription(parsing: domain.description())
        } catch let failure as LibvirtFailure {
            if failure.code == LibvirtFailure.noDomain { return false }
            entry.problem = LibvirtError.description(domain: domain.name, problem: failure.reason).description
        } catch {
            entry.problem = LibvirtError.description(domain: domain.name, problem: "\(error)").description
        }
        return true
    }
}

extension DomainTable.Domain {
    /// Whether what is known still holds for `new`, of which only the name and the state are known.
    fileprivate func isCurrent(_ new: DomainTable.Domain) -> Bool {
        title == new.title && state == new.state && problem == nil && (process != nil || !state.hasProcess)
    }
}
