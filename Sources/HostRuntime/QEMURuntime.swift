import FleetModel
import FoundationEssentials
import Glibc
import Logging

/// Runs VMs on this host as QEMU processes that outlive it: each in a session of its own, with a folder from which the
/// next run of the agent takes it over.
///
/// What holds when the agent is dead: VMs go on; a migration that QEMU has begun goes on to its end; a destination
/// whose source breaks off ends by itself. A destination that no source ever connects to waits, without guest and
/// almost without memory, until an agent is back, which ends it when its time is over.
public final class QEMURuntime: VirtualMachineProvider {
    /// How many VMs are asked for their statistics at a time.
    private static let mostAsked = 16
    /// How often the memory of each VM is looked at.
    private static let surveyInterval = Duration.seconds(60)
    /// How often it is seen to whose turn that is.
    private static let surveyRound = Duration.seconds(5)
    /// How long each of them has. One that hangs keeps one of those places for this long and no other VM.
    private static let statisticsLimit = Duration.seconds(2)

    private let configuration: RuntimeConfiguration
    private let surroundings: HostSurroundings
    private let clock: any Clock
    private let log: Logger
    private let memory: MemoryBook
    private let lock: FileDescriptor
    private let machines: Locked<[VirtualMachineID: QEMUMachine]>
    /// VMs whose record cannot be read: nothing is done to them.
    private let unreadable: Locked<[VirtualMachineID: UnreadableMachine]>
    private let probe: ProbeOnce
    private let signals: AsyncStream<QEMUMachine.Signal>
    private let report: AsyncStream<Void>.Continuation

    /// Yields after a VM has changed its state, so that it need not wait for the next round; several changes may be one.
    /// For one listener.
    public let changes: AsyncStream<Void>
    private let signal: @Sendable (QEMUMachine.Signal) -> Void

    /// Takes over the VMs in the configured folder. Throws where the folder cannot be had, QEMU is missing, or another
    /// agent holds the folder. A VM whose record cannot be read is left alone, and reported as far as its process shows.
    public init(
        _ configuration: RuntimeConfiguration, log: Logger, clock: any Clock = WallClock(),
        surroundings: HostSurroundings = HostSurroundings()
    ) throws(HostRuntimeError) {
        self.configuration = configuration
        self.surroundings = surroundings
        self.log = log
        self.clock = clock
        memory = MemoryBook(share: configuration.memory, surroundings)
        guard unsafe access(configuration.qemu, X_OK) == 0 else { throw .missingQEMU(path: configuration.qemu) }
        let sample = "\(configuration.folder)/00000000-0000-0000-0000-000000000000/console.sock"
        guard sample.utf8.count <= 107 else { throw .socketPathTooLong(sample) }
        lock = try Self.lock(configuration.folder)
        probe = ProbeOnce(
            configuration.accelerator, AcceleratorProbe(qemu: configuration.qemu, folder: configuration.folder))
        let (signals, continuation) = AsyncStream.makeStream(
            of: QEMUMachine.Signal.self, bufferingPolicy: .bufferingNewest(10_000))
        self.signals = signals
        signal = { continuation.yield($0) }
        (changes, report) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        machines = Locked([:])
        unreadable = Locked([:])
        try adopt()
    }

    /// Looks after the VMs until it is cancelled: takes note at once of guests that arrive and processes that end, and
    /// ends destinations whose guest does not come in time. To be run once, as a service beside the agent's others.
    public func run() async {
        await takeOver()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.surveyInTurns() }
            for await signal in signals {
                switch signal {
                case .changed(let id):
                    if let machine = machines.withLock({ $0[id] }) {
                        group.addTask { [report] in
                            if await machine.noticeChange() { report.yield() }
                        }
                    }
                case .waiting(let id, let deadline):
                    guard let machine = machines.withLock({ $0[id] }) else { continue }
                    group.addTask { [clock] in
                        guard (try? await clock.sleep(until: deadline)) != nil else { return }
                        await machine.giveUpWaiting()
                    }
                case .failed(let id, let start):
                    guard let machine = machines.withLock({ $0[id] }) else { continue }
                    group.addTask { [clock] in
                        guard (try? await clock.sleep(until: start)) != nil else { return }
                        await machine.restartAfterFailure()
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// Looks at the memory of one VM after the other, for as long as the runtime is looked after.
    private func surveyInTurns() async {
        while (try? await clock.sleep(for: Self.surveyRound)) != nil {
            for machine in machines.withLock({ Array($0.values) }) where !Task.isCancelled {
                if await machine.wantsSurvey(every: Self.surveyInterval) { _ = await machine.takeSurvey() }
            }
        }
    }

    /// Looks now at how a guest that runs here writes to its memory; `nil` where that cannot be seen.
    public func survey(_ id: VirtualMachineID) async -> MemorySurvey? { await known(id)?.takeSurvey() }

    /// One that hangs holds up no other.
    private func takeOver() async {
        await withDiscardingTaskGroup { group in
            for machine in machines.withLock({ Array($0.values) }) { group.addTask { await machine.takeOver() } }
        }
    }

    /// Where a VM's first serial port is; throws where its guest does not live here.
    public func console(of id: VirtualMachineID) async throws -> ConsolePlace {
        guard let machine = known(id), let state = await machine.look() else {
            throw NoConsole("this host does not know the VM \(id)")
        }
        guard state.ownsGuest else { throw NoConsole("the VM is \(state.rawValue) here: it has no console now") }
        return .socket(path: consolePath(of: id))
    }

    /// What `auto` means on this host: what the configuration says, else what a probe guest shows. The first call runs
    /// that guest (about a second at most); later ones answer as it did.
    public func accelerator() async -> AcceleratorFinding { await probe.finding() }

    /// What VMs here can be made of, as the QEMU that new ones get says under this host's accelerator; `nil` where it does
    /// not say.
    public func capabilities() async -> HostCapabilities? {
        let accelerator = await accelerator().accelerator
        let probe = EmulatorProbe(
            qemu: configuration.qemu, accelerator: accelerator, folder: configuration.folder)
        do throws(HostRuntimeError) {
            let knowledge = try await KnownEmulators.shared.knowledge(probe)
            return HostCapabilities(
                emulatorVersion: knowledge.version, machines: knowledge.machines.map(\.name),
                processorModels: knowledge.usableModels, canPostCopy: surroundings.mayFetchPages)
        } catch {
            log.warning("what VMs here can be made of is not known: \(error)")
            return nil
        }
    }

    /// Every VM that this host knows, by identity.
    public func virtualMachines() async -> [VirtualMachineStatus] {
        let all = machines.withLock { Array($0.values) }
        let known = await withTaskGroup(of: VirtualMachineStatus?.self) { group in
            for machine in all { group.addTask { await machine.status() } }
            var known: [VirtualMachineStatus] = []
            for await status in group {
                if let status { known.append(status) }
            }
            return known
        }
        let unreadable = unreadable.withLock { $0.values.compactMap { $0.status() } }
        return (known + unreadable).sorted { $0.definition.id < $1.definition.id }
    }

    /// What QEMU says of every VM whose guest lives here, by identity. A VM that does not answer in time is left out.
    public func statistics() async -> [VirtualMachineStatistics] {
        let all = machines.withLock { Array($0.values) }
        return await withTaskGroup(of: VirtualMachineStatistics?.self) { group in
            var known: [VirtualMachineStatistics] = []
            for (place, machine) in all.enumerated() {
                if place >= Self.mostAsked, let one = await group.next() ?? nil { known.append(one) }
                group.addTask { await machine.statistics(within: Self.statisticsLimit) }
            }
            for await one in group {
                if let one { known.append(one) }
            }
            return known.sorted { $0.id < $1.id }
        }
    }

    /// Does one step; see ``HostTask``.
    public func perform(
        _ task: HostTask, progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async -> HostTaskAnswer {
        if let known = unreadable.withLock({ $0[task.virtualMachine] }) { return known.answer(to: task) }
        let machine: QEMUMachine
        do throws(HostRuntimeError) {
            machine = try self.machine(task.virtualMachine)
        } catch {
            return .refused(error.description)
        }
        switch task {
        case .define(let definition): return await machine.exclusively { try await $0.define(definition) }
        case .launch: return await machine.exclusively { try await $0.launchDefined() }
        case .pause: return await machine.exclusively { try await $0.pause() }
        case .resume: return await machine.exclusively { try await $0.resume() }
        case .save: return await machine.exclusively { try await $0.save() }
        case .restore: return await machine.exclusively { try await $0.restore() }
        case .resize(_, let processors, let memory):
            return await machine.exclusively { try await $0.resize(virtualProcessors: processors, memory: memory) }
        case .balloon(_, let size): return await machine.exclusively { try await $0.balloon(size) }
        case .snapshot(_, let folder): return await machine.snapshot(into: folder)
        case .start(let definition): return await machine.exclusively { try await $0.start(definition) }
        case .stop(_, let force): return await machine.exclusively { try await $0.stop(force: force) }
        case .remove: return await machine.exclusively { try await $0.remove() }
        case .prepareIncoming(let migration):
            return await machine.exclusively { try await $0.prepareIncoming(migration) }
        case .send(let migration): return await machine.send(migration, progress: progress)
        case .inspect: return .state(await machine.settled(within: .seconds(5)))
        case .releaseSource: return await machine.exclusively { try await $0.releaseSource() }
        case .abandonIncoming: return await machine.exclusively { try await $0.abandonIncoming() }
        case .cancelSend: return await machine.answering { try await $0.cancelSend() }
        case .resumeSource: return await machine.exclusively { try await $0.resumeSource() }
        case .recover: return await machine.exclusively { try await $0.recover() }
        case .load: return await machine.exclusively { try await $0.load() }
        case .openConsole: return .refused("a console is opened by whoever relays it")
        }
    }

    /// The Unix socket of a VM's first serial port; it is there from the VM's start, also while a destination still
    /// waits for its guest. QEMU serves one client at a time.
    public func consolePath(of id: VirtualMachineID) -> String {
        MachineFolder(root: configuration.folder, id).console
    }

    /// Lets go of every VM, which go on: for an orderly end of the agent.
    public func close() async {
        let all = machines.withLock { machines in
            defer { machines = [:] }
            return Array(machines.values)
        }
        for machine in all { await machine.release() }
        flock(lock.number, LOCK_UN)
    }

    /// The VM, if this host knows it.
    func known(_ id: VirtualMachineID) -> QEMUMachine? { machines.withLock { $0[id] } }

    private func machine(
        _ id: VirtualMachineID, record: MachineRecord? = nil
    ) throws(HostRuntimeError) -> QEMUMachine {
        try machines.withLock { machines throws(HostRuntimeError) in
            if let known = machines[id] { return known }
            let new = try QEMUMachine(
                id, record: record, host: configuration, surroundings: surroundings, clock: clock, log: log,
                memory: memory, probe: { [probe] in await probe.finding() }, signal: signal)
            machines[id] = new
            return new
        }
    }

    private func adopt() throws(HostRuntimeError) {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: configuration.folder)
        } catch {
            throw .system(doing: "cannot look for VMs in", on: configuration.folder, reason: "\(error)")
        }
        for id in names.compactMap(VirtualMachineID.init) {
            let folder = MachineFolder(root: configuration.folder, id)
            do throws(HostRuntimeError) {
                let record = try folder.read()
                guard record.definition.id == id else {
                    throw .system(doing: "cannot take over", on: "\(id)", reason: "its record is another VM's")
                }
                _ = try machine(id, record: record)
            } catch {
                log.error("left a VM alone: \(error)", metadata: ["vm": "\(id)"])
                let left = UnreadableMachine(
                    id: id, reason: error.description, process: try folder.process(recorded: nil))
                unreadable.withLock { $0[id] = left }
            }
        }
    }

    /// Two agents in one folder would both take its VMs for theirs.
    private static func lock(_ folder: String) throws(HostRuntimeError) -> FileDescriptor {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .system(doing: "cannot make the folder", on: folder, reason: "\(error)")
        }
        let path = "\(folder)/agent.lock"
        let number = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw .system(doing: "cannot open", on: path, reason: lastSystemError()) }
        let file = FileDescriptor(number)
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else { throw .folderInUse(folder) }
        return file
    }
}

/// Runs the probe when it is first needed, once, however many ask.
private actor ProbeOnce {
    private let choice: AcceleratorChoice
    private let probe: AcceleratorProbe
    private var running: Task<AcceleratorFinding, Never>?

    init(_ choice: AcceleratorChoice, _ probe: AcceleratorProbe) {
        self.choice = choice
        self.probe = probe
    }

    func finding() async -> AcceleratorFinding {
        switch choice {
        case .kvm: return AcceleratorFinding(accelerator: .kvm)
        case .tcg: return AcceleratorFinding(accelerator: .tcg, notice: "the configuration asks for TCG")
        case .auto: break
        }
        let task = running ?? Task { [probe] in await probe.find() }
        running = task
        return await task.value
    }
}
