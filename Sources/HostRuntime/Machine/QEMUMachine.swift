import FleetModel
import Glibc
import Logging

/// One VM on this host: its folder, its process, its monitor. What can be done to it is in the extensions beside.
///
/// Steps that change it go through a turnstile one after the other; looking at it and cancelling a migration do not
/// wait for a migration to end.
actor QEMUMachine {
    /// What the runtime must do about a VM outside of a step.
    enum Signal: Sendable {
        /// Its monitor said something, or its connection or its process ended.
        case changed(VirtualMachineID)
        /// It waits for its guest and must give up at this time.
        case waiting(VirtualMachineID, until: Timestamp)
        /// It has failed and is to be started again at this time.
        case failed(VirtualMachineID, restart: Timestamp)
    }

    nonisolated let id: VirtualMachineID
    nonisolated let folder: MachineFolder
    let host: RuntimeConfiguration
    let surroundings: HostSurroundings
    let clock: any Clock
    let log: Logger
    /// What VMs have of the host's memory.
    let memory: MemoryBook
    let probe: @Sendable () async -> AcceleratorFinding
    let signal: @Sendable (Signal) -> Void
    /// Rings whenever the monitor says something or ends.
    nonisolated let changes = Bell()

    /// `nil` while this host does not know the VM.
    var record: MachineRecord?
    var process: ProcessHandle?
    private(set) var monitor: MonitorConnection?
    /// What ``monitor`` has shown of a guest's arrival.
    private var arrival = ArrivalWatch()
    /// What the connections before showed. QEMU closes a connection only when it ends, so that is final.
    private var arrivalBefore: Bool?
    /// The guest has shut itself down, or we are stopping it: the end of its process is no crash.
    let endIsWanted = Locked(false)
    /// A device has left the guest: what the record says of its processors may be old.
    let hasLostDevice = Locked(false)
    /// The VM is another run of the agent's by now: nothing of it may be touched, and QEMU's monitor serves one client,
    /// which must not be us.
    private(set) var isReleased = false
    /// When a cancellation came that met nothing to cancel: the sending that it is for may just be on its way here.
    var cancelAsked: ContinuousClock.Instant?
    /// How large its local disks are, once that was asked.
    var localDiskSizes: [Int: Bytes]?
    /// How the guest was last seen to write to its memory.
    var survey: MemorySurvey?
    /// What that survey left for the next, and of which process.
    var surveyTrace: (process: Int32, trace: MemorySurveyor.Trace)?
    /// How often its guest was begun to be sent, so that who looks knows what came in between.
    var sendings = 0
    /// It is written down that the guest is being sent, and QEMU does not know yet.
    var isAboutToSend = false
    /// Its process is being started: an early end of that is for who starts it to judge, who still needs the log.
    var isLaunching = false
    /// The process that was last seen to send and receive nothing.
    var staying: Int32?
    /// In which state it was when its monitor last said something.
    var noticed: VirtualMachineState?
    /// What is kept for the next look at its statistics.
    var statisticsNotes: StatisticsNotes?
    private var turnstile = Turnstile()

    init(
        _ id: VirtualMachineID, record: MachineRecord?, host: RuntimeConfiguration, surroundings: HostSurroundings,
        clock: any Clock, log: Logger, memory: MemoryBook,
        probe: @escaping @Sendable () async -> AcceleratorFinding,
        signal: @escaping @Sendable (Signal) -> Void
    ) throws(HostRuntimeError) {
        self.id = id
        self.record = record
        self.host = host
        self.surroundings = surroundings
        self.clock = clock
        self.log = log
        self.memory = memory
        self.probe = probe
        self.signal = signal
        folder = MachineFolder(root: host.folder, id)
        if let record {
            process = try folder.process(recorded: record.process)
            if process != nil { memory.note(id, record.definition.memory) }
        }
        if let incoming = record?.incoming { signal(.waiting(id, until: incoming.deadline)) }
    }

    /// Runs one step that changes the VM, after those that were asked for before.
    func exclusively(_ step: @Sendable (isolated QEMUMachine) async throws -> HostTaskAnswer) async -> HostTaskAnswer {
        if !turnstile.enter() { await withCheckedContinuation { turnstile.wait($0) } }
        defer { turnstile.leave() }
        return await answering(step)
    }

    /// Runs a step and turns what it throws into an answer: refused where nothing was changed.
    func answering(_ step: @Sendable (isolated QEMUMachine) async throws -> HostTaskAnswer) async -> HostTaskAnswer {
        do {
            return try await step(self)
        } catch let error as HostRuntimeError {
            log.warning("\(error)", metadata: ["vm": "\(id)"])
            return error.changedNothing ? .refused(error.description) : .failed(error.description)
        } catch {
            return .failed("\(error)")
        }
    }

    /// Writes down a change of the record.
    func update(_ change: (inout MachineRecord) -> Void) throws(HostRuntimeError) {
        guard !isReleased, var changed = record else { return }
        change(&changed)
        record = changed
        try folder.write(changed)
    }

    /// Forgets the VM and removes its folder; its process must have ended.
    func forget() {
        if isReleased { return }
        dropMonitor()
        // What was made for a guest that never came.
        for path in record?.madeDisks ?? [] { unsafe _ = unlink(path) }
        process = nil
        survey = nil
        localDiskSizes = nil
        dropShares()
        record = nil
        folder.remove()
    }

    func dropMonitor() {
        monitor?.close()
        monitor = nil
    }

    /// Lets go of monitor and process; the VM goes on.
    func release() {
        isReleased = true
        changes.ring()
        dropMonitor()
        process = nil
    }

    // MARK: Monitor

    /// Gives QEMU a command, over the connection that there is or a new one.
    @discardableResult
    func command(
        _ name: String, _ arguments: JSONValue? = nil, passing descriptor: FileDescriptor? = nil,
        isUrgent: Bool = false, within limit: Duration = .seconds(5)
    ) async throws(HostRuntimeError) -> JSONValue {
        do throws(MonitorError) {
            return try await connected(within: limit).execute(
                name, arguments, passing: descriptor, isUrgent: isUrgent, within: limit)
        } catch {
            throw .monitor(error)
        }
    }

    /// QEMU's word for the state of the VM.
    func statusWord(within limit: Duration = .seconds(5)) async throws(HostRuntimeError) -> String {
        do throws(MonitorError) {
            let connection = try await connected(within: limit)
            let word = try await connection.execute("query-status", within: limit)["status"]?.text ?? ""
            // Only the connection that said so will show all that comes after.
            if word == "inmigrate", monitor === connection { arrival.sawWaiting() }
            return word
        } catch {
            throw .monitor(error)
        }
    }

    /// QEMU's version, as the connection that there is was greeted with.
    var emulatorVersion: String? { monitor?.emulatorVersion }

    private func connected(within limit: Duration) async throws(MonitorError) -> MonitorConnection {
        if isReleased { throw .closed }
        let connection: MonitorConnection
        if let monitor, !monitor.isBroken {
            connection = monitor
        } else {
            do throws(HostRuntimeError) { connection = try connect() } catch { throw .transport(error.description) }
        }
        // A QEMU that is slow to greet is not given up on: who starts it, or asks next, waits on this same connection.
        try await connection.ready(within: min(limit, .seconds(5)))
        return connection
    }

    private func connect() throws(HostRuntimeError) -> MonitorConnection {
        let before = hasGuestRun()
        let arrival = ArrivalWatch()
        let (id, changes, signal, endIsWanted, hasLostDevice) = (id, changes, signal, endIsWanted, hasLostDevice)
        let connection = try MonitorConnection(
            path: folder.monitor,
            heard: { event in
                // QEMU ends by itself after its guest has shut down.
                if event.name == "SHUTDOWN", event.data["guest"]?.flag == true { endIsWanted.withLock { $0 = true } }
                if event.name == "RESUME" { arrival.sawResume() }
                if event.name == "DEVICE_DELETED" { hasLostDevice.withLock { $0 = true } }
                changes.ring()
                signal(.changed(id))
            },
            ended: {
                changes.ring()
                signal(.changed(id))
            })
        monitor = connection
        self.arrival = arrival
        arrivalBefore = before
        return connection
    }

    /// Connects to a QEMU that is only about to be started: nothing of its guest will be missed.
    func connectBeforeLaunch() throws(HostRuntimeError) {
        monitor?.close()
        _ = try connect()
        arrivalBefore = nil
        arrival.sawWaiting()
    }

    /// Whether the guest has run here, as the monitor of a QEMU that has ended showed; `nil` where it cannot be known.
    func hasGuestRun() -> Bool? {
        guard arrivalBefore == nil, let monitor else { return arrivalBefore }
        let isHeardToItsEnd = monitor.isHeardToItsEnd()
        let hasRun = arrival.hasRun
        return hasRun == false && !isHeardToItsEnd ? nil : hasRun
    }
}

extension HostRuntimeError {
    /// Whether it was found before anything was done.
    fileprivate var changedNothing: Bool {
        switch self {
        case .definition, .migrationAddress, .accelerator, .missingQEMU, .socketPathTooLong, .folderInUse, .scope,
            .migration, .copies:
            true
        case .system, .ended, .monitor: false
        }
    }
}
