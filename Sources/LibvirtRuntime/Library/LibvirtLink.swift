import FleetModel
import Glibc

/// The one connection of a runtime, made when it is needed and dropped when it fails. Everything here blocks: it is for
/// the thread of a ``CallQueue``.
final class LibvirtLink {
    private let configuration: LibvirtConfiguration
    private let table: Locked<DomainTable>
    private let listener: LibvirtListeners.Listener
    private var connection: LibvirtConnection?
    /// Whether the connection has ended by itself.
    private let isClosed = Locked(false)
    private var snapshots: [VirtualMachineID: Rare<[VirtualMachineStatistics.Snapshot]?>] = [:]
    private var version: Rare<String?>?

    /// Something that is read now and then.
    private struct Rare<Value> {
        var value: Value
        var read: ContinuousClock.Instant
    }

    init(
        _ configuration: LibvirtConfiguration, table: Locked<DomainTable>,
        listener: @escaping LibvirtListeners.Listener
    ) {
        self.configuration = configuration
        self.table = table
        self.listener = listener
    }

    /// Lists all domains into the table, and reads again those that are new or that an event told of.
    func list() throws(LibvirtError) {
        try connected { connection throws(LibvirtError) in
            let stale = table.withLock { $0.beginList() }
            let known = table.withLock { $0.domains }
            for id in stale { snapshots[id] = nil }
            var finder = ProcessFinder(folder: configuration.processFolder)
            var list: [DomainTable.Domain] = []
            try connection.eachDomain([.state], onlyActive: false, doing: "list its domains") { domain, parameters in
                let state = DomainState(parameters)
                var entry = DomainTable.Domain(id: domain.id, title: domain.name, state: state)
                if let old = known[domain.id], old.title == domain.name, old.state == state, !stale.contains(domain.id),
                    old.problem == nil, old.process != nil || !state.hasProcess
                {
                    (entry.description, entry.process) = (old.description, old.process)
                } else {
                    if state.hasProcess { entry.process = finder.process(of: domain.id, name: domain.name) }
                    guard describe(&entry, domain) else { return }
                }
                entry.job = job(domain, state, process: entry.process)
                list.append(entry)
            }
            snapshots = snapshots.filter { id, _ in list.contains { $0.id == id } }
            table.withLock { [list] in $0.take(list) }
        }
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

    /// Reads statistics of all domains whose guest lives here.
    func statistics() throws(LibvirtError) -> [VirtualMachineStatistics] {
        try connected { connection throws(LibvirtError) in
            let known = table.withLock { $0.domains }
            let version = currentVersion(connection)
            var all: [VirtualMachineStatistics] = []
            let groups: LibvirtConnection.Groups = [
                .state, .balloon, .virtualProcessors, .interfaces, .blocks, .virtualMachine,
            ]
            try connection.eachDomain(groups, onlyActive: true, doing: "read statistics") { domain, parameters in
                guard DomainState(parameters).place(job: .unknown).state.ownsGuest else { return }
                let entry = known[domain.id]
                let values = DomainStatistics(parameters)
                var one = values.statistics(of: domain.id, description: entry?.description)
                if let description = entry?.description, values.disagree(with: description) {
                    listener(.changed(domain.id))
                }
                if let process = entry?.process, ProcessFinder.runsInstalledProgram(process) {
                    one.emulatorVersion = version
                }
                one.snapshots = currentSnapshots(domain)
                all.append(one)
            }
            return all
        }
    }

    private func currentVersion(_ connection: LibvirtConnection) -> String? {
        if let version, isRecent(version.read) { return version.value }
        let value = connection.hypervisorVersion
        version = Rare(value: value, read: .now)
        return value
    }

    private func currentSnapshots(_ domain: LibvirtDomain) -> [VirtualMachineStatistics.Snapshot]? {
        if let known = snapshots[domain.id], isRecent(known.read) { return known.value }
        let documents = try? domain.snapshots()
        let value = documents?.compactMap { try? VirtualMachineStatistics.Snapshot(parsing: $0) }
        snapshots[domain.id] = Rare(value: value, read: .now)
        return value
    }

    private func isRecent(_ moment: ContinuousClock.Instant) -> Bool {
        .now - moment < configuration.rareInterval
    }

    /// Drops the connection.
    func close() {
        connection = nil
        snapshots = [:]
        version = nil
        table.withLock { $0.forget() }
    }

    /// Runs `body` with the connection, made anew where there is none; after a failure there is none.
    private func connected<Value>(
        _ body: (LibvirtConnection) throws(LibvirtError) -> Value
    ) throws(LibvirtError) -> Value {
        if isClosed.withLock({ $0 }) { close() }
        do throws(LibvirtError) {
            if let connection { return try body(connection) }
            return try body(connect())
        } catch {
            close()
            throw error
        }
    }

    private func connect() throws(LibvirtError) -> LibvirtConnection {
        isClosed.withLock { $0 = false }
        let made = try LibvirtConnection(uri: configuration.uri) { [isClosed, listener] event in
            if event == .closed { isClosed.withLock { $0 = true } }
            listener(event)
        }
        connection = made
        return made
    }
}

extension DomainState {
    /// What `state.state` and `state.reason` say; a state that is missing is none.
    init(_ parameters: [Parameter]) {
        func value(_ name: String) -> Int64 { parameters.first { $0.name == name }?.count ?? 0 }
        self.init(state: value("state.state"), reason: value("state.reason"))
    }
}
