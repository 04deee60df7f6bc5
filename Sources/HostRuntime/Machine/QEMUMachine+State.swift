import FleetModel
import Glibc
import Logging

/// In which state a VM is, from what can be seen: never from what was intended.
extension QEMUMachine {
    /// Looks at process and monitor; `nil` where this host does not know the VM.
    func look() async -> VirtualMachineState? {
        await lookClosely().state
    }

    /// The state, and QEMU's own word for it where it gave one.
    func lookClosely() async -> (state: VirtualMachineState?, word: String?) {
        guard let record else { return (nil, nil) }
        guard let process else {
            if record.process != nil || (record.incoming != nil && !hasEndedUnseen) { settleEnd() }
            return (restingState, nil)
        }
        guard process.isAlive else {
            settleEnd()
            return (restingState, nil)
        }
        do throws(HostRuntimeError) {
            let sendings = sendings
            let word = try await statusWord()
            let state = RunState.state(word)
            // A guest whose memory goes to disk, or comes from there, is nowhere but here.
            if record.saving != nil { return (state == .running ? .running : .paused, word) }
            if record.saved.map({ $0.isLoaded != true }) ?? false { return (.saved, word) }
            switch state {
            case .running, .paused:
                if isKnownToStay(since: sendings) { break }
                let reading = try await migration()
                noteArrival(isWhole: !reading.isPostCopy)
                if reading.isPostCopy { return (.fetching, word) }
                if reading.isUnderWay { return (.outgoing, word) }
                if record.isSending != nil, reading.status == "completed" {
                    // It was sent between the two questions, unless that is its own arrival, long ago.
                    let word = try await statusWord()
                    let state = RunState.state(word)
                    guard state == .running || state == .paused else { return (state, word) }
                }
                noteStaying(since: sendings)
                if sendings == self.sendings { staying = process.identifier }
            case .outgoing where try await migration().isPostCopy:
                return (.trailing, word)
            default: break
            }
            return (state, word)
        } catch {
            // QEMU closes its monitor a moment before it ends: who is about to be gone is not unknown.
            guard await process.ended(within: .seconds(2)) else { return (.unknown, nil) }
            if self.process === process { settleEnd() }
            return (restingState, nil)
        }
    }

    /// Whether the guest's process was seen to send and receive nothing, and nothing was begun since: there is no need to
    /// ask again.
    private func isKnownToStay(since begun: Int) -> Bool {
        guard let record, staying == process?.identifier, begun == sendings, !isAboutToSend else { return false }
        return record.isSending == nil && record.incoming == nil && record.fetchingAt == nil
    }

    /// What `query-migrate` says.
    func migration() async throws(HostRuntimeError) -> MigrationReading {
        MigrationReading(try await command("query-migrate"))
    }

    /// The VM for a report; `nil` where this host does not know it.
    func status() async -> VirtualMachineStatus? {
        let (state, word) = await lookClosely()
        guard let state, let record else { return nil }
        var status = VirtualMachineStatus(
            definition: record.definition, state: state, accelerator: process == nil ? nil : record.accelerator,
            residentMemory: process?.residentMemory, process: process?.identifier,
            problem: record.problem ?? word.flatMap(RunState.problem))
        status.emulatorVersion = process == nil ? nil : emulatorVersion
        status.localDiskSizes = await lookAtLocalDisks()
        status.survey = process == nil ? nil : survey
        status.restarts = record.restarts
        status.lastFailure = record.lastFailure
        return status
    }

    private var restingState: VirtualMachineState? {
        if hasEndedUnseen { return .unknown }
        if record?.saved != nil { return .saved }
        return record.map { $0.problem == nil ? .stopped : .crashed }
    }

    /// Whether the process that waited for the guest has ended and nobody saw whether the guest had run in it.
    var hasEndedUnseen: Bool { process == nil && record?.incoming != nil && record?.problem != nil }

    /// Takes note that the guest is here: from now on the end of its process is the end of the VM.
    private func noteArrival(isWhole: Bool) {
        guard let incoming = record?.incoming else {
            if isWhole, record?.fetchingAt != nil { note { $0.fetchingAt = nil } }
            return
        }
        log.info("the guest has arrived\(isWhole ? "" : ", its memory follows")", metadata: ["vm": "\(id)"])
        note {
            $0.incoming = nil
            $0.madeDisks = nil
            $0.fetchingAt = isWhole ? nil : incoming.address
        }
    }

    /// Takes note that the guest runs here and nothing is being sent: from now on it is nowhere else.
    private func noteStaying(since begun: Int) {
        if isAboutToSend || begun != sendings { return }
        dropPassage()
        if record?.isSending != nil { note { $0.isSending = nil } }
    }

    /// Draws the conclusions from the end of the process. It does not suspend, so they are drawn once.
    func settleEnd() {
        guard !isReleased, !isLaunching, let record else { return }
        let how = process?.howItEnded() ?? "while no agent was looking"
        let lines = folder.lastLogLines()
        if let saved = record.saved, saved.isLoaded != true || hasGuestRun() == false { return settleSaved(how) }
        let hasRun = hasGuestRun(of: record)
        dropMonitor()
        process = nil
        dropShares()
        if hasRun == false {
            log.warning("QEMU ended (\(how)) before its guest arrived: \(lines)", metadata: ["vm": "\(id)"])
            return forget()
        }
        folder.removeSockets()
        var problem: String? = HostRuntimeError.ended(status: how, log: lines).description
        if hasRun == nil {
            problem = "\(Self.unseenEnd) (\(how)): find out, then stop it here by force"
        } else if endIsWanted.withLock({ $0 }) {
            problem = nil
        }
        if let problem { log.error("\(problem)", metadata: ["vm": "\(id)"]) }
        note {
            $0.process = nil
            $0.problem = problem
            if hasRun != nil { $0.incoming = nil }
            $0.saving = nil
            $0.saved = nil
            $0.snapshot = nil
        }
        if record.saving != nil { folder.removeMemory() }
        for file in record.snapshot?.files ?? [] { unsafe _ = unlink(file) }
        if problem != nil, hasRun == true { planRestart(after: record) }
    }

    /// Draws the conclusions from the end of a process whose guest lies saved on disk: none.
    private func settleSaved(_ how: String) {
        if process != nil { log.info("QEMU ended (\(how)); the VM is saved", metadata: ["vm": "\(id)"]) }
        dropMonitor()
        process = nil
        dropShares()
        folder.removeSockets()
        note {
            $0.process = nil
            $0.saved?.isLoaded = nil
        }
    }

    static let unseenEnd = "nobody saw whether the guest arrived here before its QEMU ended"

    /// Whether the guest ran in the process that has ended; `nil` where nobody can know. To take "it did not arrive" for
    /// granted would let the source go on with old memory on newer disks.
    private func hasGuestRun(of record: MachineRecord) -> Bool? {
        guard let incoming = record.incoming else { return true }
        // Without an address no source was ever told where to send.
        return incoming.address == nil ? false : hasGuestRun()
    }

    /// Takes note of what was seen. Where that cannot be written, as on a full disk, it still holds for this run, and
    /// the next run of the agent sees the same.
    func note(_ change: (inout MachineRecord) -> Void) {
        do throws(HostRuntimeError) {
            try update(change)
        } catch {
            log.error("\(error)", metadata: ["vm": "\(id)"])
        }
    }

    /// Waits until the incoming side has made up its mind: the guest is here, or its process has ended, or nothing is
    /// on its way. At most `limit`.
    func settled(within limit: Duration) async -> VirtualMachineState? {
        let deadline = ContinuousClock.now + limit
        while true {
            let seen = changes.rings
            let state = await look()
            if state?.ownsGuest == true { await closeDisks() }
            let remaining = deadline - ContinuousClock.now
            guard state == .incoming, remaining > .zero, let reading = try? await migration(), reading.isUnderWay,
                reading.status != "setup"
            else { return state }
            await changes.wait(after: seen, upTo: min(remaining, .milliseconds(200)))
        }
    }
}
