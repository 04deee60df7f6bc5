import Delivery
import FleetModel
import Logging

/// The VMs that libvirt runs on this host: what there is to know of them, and what happens to them, as it happens.
///
/// Unless its configuration gives it control it only looks: its connection is read-only, and every step is refused.
/// With control, steps go over connections of their own (``LibvirtConfiguration/control``). libvirt's library is loaded
/// when a runtime is made; nothing of it is needed to build Evenkeel, and a host without it gets an error that says so.
///
/// Who owns a guest follows from libvirt's state and the reason that it gives (``VirtualMachineState``): in a migration
/// the destination from the moment that its guest runs, the source no more from the moment that its guest is halted for
/// good. Lists are kept current by libvirt's events; ``run()`` serves them.
public final class LibvirtRuntime: VirtualMachineProvider {
    /// Why Evenkeel only looks at what libvirt runs.
    static let readOnly = "run by libvirt, whose VMs Evenkeel watches and does not control (libvirt_control is off)"

    private let configuration: LibvirtConfiguration
    private let log: Logger
    private let table: Locked<DomainTable>
    private let failure: Locked<LibvirtError?>
    private let lists: CallQueue<DomainLister>
    private let readings: StatisticsCalls
    /// What does steps; `nil` where it only looks.
    private let control: DomainControl?
    private let waker: Waker
    private let isServed = Locked(false)
    private let report: AsyncStream<Void>.Continuation

    /// Yields after VMs came, went or changed, so that it need not wait for the next round; several changes may be one.
    /// For one listener.
    public let changes: AsyncStream<Void>

    /// Loads libvirt's library; throws where this host has none. Whether the daemon answers shows in the first call.
    public convenience init(_ configuration: LibvirtConfiguration = LibvirtConfiguration(), log: Logger)
        throws(LibvirtError)
    {
        try self.init(configuration, log: log, library: LibvirtLibrary.name)
    }

    init(_ configuration: LibvirtConfiguration, log: Logger, library: String) throws(LibvirtError) {
        try LibvirtLibrary.load(library)
        let control = configuration.control ? DomainControl(configuration, log: log) : nil
        let table = Locked(DomainTable(readOnly: control == nil ? Self.readOnly : nil))
        let (failure, waker) = (Locked<LibvirtError?>(nil), Waker())
        let (changes, report) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.configuration, self.log, self.table, self.failure) = (configuration, log, table, failure)
        (self.waker, self.changes, self.report, self.control) = (waker, changes, report, control)
        let uri = configuration.uri
        let link = LibvirtLink(uri: uri) { event in
            table.withLock { $0.hear(event) }
            if case .jobEnded(let id, let values) = event {
                control?.sendings.hear(id, JobReading(type: 3, values))
            }
            if event == .closed {
                failure.withLock { $0 = .unreachable(uri: uri, reason: "it has closed the connection") }
                report.yield()
            }
            waker.ring()
        }
        lists = CallQueue(
            uri: uri, limit: configuration.callLimit,
            state: DomainLister(link: link, table: table, processFolder: configuration.processFolder))
        readings = StatisticsCalls {
            let reader = StatisticsReader(
                link: LibvirtLink(uri: uri), table: table, rareInterval: configuration.rareInterval
            ) { id in
                table.withLock { $0.hear(.changed(id)) }
                waker.ring()
            }
            return CallQueue(uri: uri, limit: configuration.callLimit, state: reader)
        }
    }

    /// Keeps the list of VMs current until it is cancelled: by libvirt's events, by a look of its own now and then, and
    /// by connecting again, at growing intervals, when the daemon has gone. To be run once, beside the agent's others.
    public func run() async {
        let backoff = Backoff(first: .milliseconds(500), longest: .seconds(15))
        var generator = SystemRandomNumberGenerator()
        var failures = 0
        isServed.withLock { $0 = true }
        defer { isServed.withLock { $0 = false } }
        while !Task.isCancelled {
            do {
                try await list()
                if failures > 0 { log.notice("libvirt at \(configuration.uri) answers again") }
                failures = 0
            } catch {
                if failures == 0 { log.warning("\(error)") }
                failures += 1
            }
            let pause = backoff.span(failures: failures, using: &generator)
            await waker.wait(upTo: failures > 0 ? pause : listPause)
        }
        _ = try? await lists.call("close the connection") { $0.close() }
        control?.calls.close()
    }

    /// After how long to look without being told to.
    private var listPause: Duration {
        table.withLock { table in
            // What lacks its process has no time of its own until that is found.
            let longest = table.lacksProcess ? .seconds(1) : configuration.listInterval
            return table.pause(at: .now, longest: min(longest, configuration.listInterval))
        }
    }

    /// Every VM that libvirt knows on this host, running or not, by identity, from the list that ``run()`` keeps; without
    /// it, from a list of its own. Throws ``LibvirtError`` while libvirt does not answer.
    public func virtualMachines() async throws -> [VirtualMachineStatus] {
        try await makeSureOfList()
        var machines = table.withLock { $0.statuses }
        for place in machines.indices {
            machines[place].residentMemory = machines[place].process.flatMap(ProcessFinder.residentMemory)
        }
        return machines
    }

    /// Statistics of all VMs whose guest lives here, in one call to libvirt. A VM whose QEMU hangs costs one such call,
    /// and from then on only its own figures. Throws ``LibvirtError`` while libvirt does not answer.
    public func statistics() async throws -> [VirtualMachineStatistics] {
        try await makeSureOfList()
        do throws(LibvirtError) {
            return try await readings.read()
        } catch {
            // Whether the daemon is at fault or one QEMU shows when it is asked for a list.
            waker.ring()
            throw error
        }
    }

    /// Does one step, where the configuration gives control, and refuses it otherwise.
    public func perform(
        _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async -> HostTaskAnswer {
        let id = task.virtualMachine
        guard let control else {
            return .refused("\(id): \(Self.readOnly); use virsh, or whatever manages it there")
        }
        let answer = await control.perform(task, progress: progress)
        // Not all that is done to a domain is told by an event.
        table.withLock { $0.hear(.changed(id)) }
        waker.ring()
        return answer
    }

    /// What VMs can be made of here; `nil` without control, or while libvirt does not say.
    public func capabilities() async -> HostCapabilities? { await control?.capabilities() }

    /// The terminal or socket of a domain's first serial port. Without control nobody may type there.
    public func console(of id: VirtualMachineID) async throws -> ConsolePlace {
        guard let control else { throw NoConsole(Self.readOnly) }
        return try await control.console(of: id)
    }

    /// Throws where the list is known not to be current; takes one where nobody keeps it.
    private func makeSureOfList() async throws(LibvirtError) {
        let isServed = isServed.withLock { $0 }
        if isServed, let failure = failure.withLock({ $0 }) { throw failure }
        if !isServed || table.withLock({ $0.lists }) == 0 { try await list() }
    }

    /// Takes a list, and tells whoever listens if it is another than before. What went wrong is kept for those who ask
    /// next, until a list is taken.
    private func list() async throws(LibvirtError) {
        let (before, failed) = (table.withLock { $0.domains }, failure.withLock { $0 })
        do throws(LibvirtError) {
            try await lists.call("list its domains") { lister throws(LibvirtError) in try lister.list() }
            failure.withLock { $0 = nil }
            if failed != nil || before != table.withLock({ $0.domains }) { report.yield() }
        } catch {
            failure.withLock { $0 = error }
            if failed == nil { report.yield() }
            throw error
        }
    }
}
