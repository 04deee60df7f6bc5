import FleetModel
import Glibc
import Logging

/// Saving to disk and restoring.
///
/// The record decides where the guest lives. Until it says `saved`, that is the process, whatever lies on disk; from
/// then on it is the file, until a process has loaded it: before the guest may run, the record says that the file is
/// the past, so that memory is never put on disks that are newer.
extension QEMUMachine {
    /// After how long without progress saving is given up.
    private static let stallLimit = Duration.seconds(60)

    func save() async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case nil: return .refused("this host does not know the VM \(id)")
        case .saved: return .done
        case .running, .paused: break
        case .stopped, .crashed: return .refused("the VM does not run, so there is nothing to save")
        case .outgoing, .incoming, .fetching, .trailing, .handedOver:
            return .refused("the VM is being migrated (\(state?.rawValue ?? ""))")
        case .unknown: return .refused("the VM's QEMU does not answer")
        }
        if record?.snapshot != nil { return .refused("the VM's disks are being copied") }
        if try await areDisksMoving() { return .refused("the VM is being migrated: its disks are on their way") }
        let wasRunning = state == .running
        do {
            let file = try SavedMemory(creating: folder.memory)
            try update { $0.saving = .init(wasRunning: wasRunning) }
            try await writeMemory(to: file)
            let size = try file.settle()
            try update {
                $0.saving = nil
                $0.saved = .init(bytes: size, wasRunning: wasRunning, time: clock.now)
            }
        } catch {
            await goOnUnsaved()
            throw error
        }
        return await endSaved()
    }

    /// Ends the process of a guest that lives on disk.
    func endSaved() async -> HostTaskAnswer {
        guard await endProcess() else { return .failed("the VM's QEMU cannot be ended: it hangs in the kernel") }
        settleEnd()
        return .done
    }

    /// A migration into the file: the guest runs until QEMU has measured how quick that is, is then halted for the rest,
    /// however long that takes, and is let go on by QEMU itself where that fails.
    private func writeMemory(to file: SavedMemory) async throws(HostRuntimeError) {
        try await setUpFile()
        try await command("getfd", ["fdname": "memory"], passing: file.descriptor)
        try await command("migrate", ["uri": "fd:memory"])
        var transferred = Bytes.zero
        var deadline = ContinuousClock.now + Self.stallLimit
        while true {
            let seen = changes.rings
            let reading = try await migrationOrEnd()
            if reading.status == "completed" { return }
            guard reading.isUnderWay else {
                throw .system(
                    doing: "cannot save the memory to", on: folder.memory,
                    reason: reading.problem ?? folder.lastLogLines(2))
            }
            if reading.progress.transferred != transferred {
                transferred = reading.progress.transferred
                deadline = .now + Self.stallLimit
            } else if ContinuousClock.now >= deadline {
                throw .system(doing: "cannot save the memory to", on: folder.memory, reason: "it does not go on")
            }
            await changes.wait(after: seen, upTo: .milliseconds(50))
        }
    }

    /// A file takes no TLS, and no limit of bandwidth or time.
    func setUpFile() async throws(HostRuntimeError) {
        try await setCapabilities(MigrationSetup(method: MigrationMethod()))
        try await command(
            "migrate-set-parameters",
            ["tls-creds": "", "tls-hostname": "", "max-bandwidth": .integer(1 << 40), "downtime-limit": 2_000_000])
    }

    private func migrationOrEnd() async throws(HostRuntimeError) -> MigrationReading {
        do throws(HostRuntimeError) {
            return try await migration()
        } catch {
            guard let process, await process.ended(within: .seconds(1)) else { throw error }
            throw .ended(status: process.howItEnded(), log: folder.lastLogLines())
        }
    }

    /// Has a guest go on that was not saved after all, and removes what there is of the file.
    func goOnUnsaved() async {
        folder.removeMemory()
        guard let saving = record?.saving else { return }
        do throws(HostRuntimeError) {
            _ = try? await command("closefd", ["fdname": "memory"])
            if try await migrationOrEnd().isUnderWay { try await command("migrate_cancel") }
            let deadline = ContinuousClock.now + Self.cancelLimit
            while try await migrationOrEnd().isUnderWay, ContinuousClock.now < deadline {
                await changes.wait(after: changes.rings, upTo: .milliseconds(50))
            }
            let word = try await statusWord()
            if word != "running", saving.wasRunning || RunState.state(word) == .handedOver {
                try await command("cont")
                // QEMU has no other way back for a guest that was halted before.
                if !saving.wasRunning { try await command("stop") }
            }
        } catch {
            log.error("after saving had failed: \(error)", metadata: ["vm": "\(id)"])
        }
        note { $0.saving = nil }
        if process?.isAlive == false { settleEnd() }
    }

    func restore() async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case nil: return .refused("this host does not know the VM \(id)")
        case .running, .paused: return .done
        case .saved: break
        default: return .refused("the VM is \(state?.rawValue ?? "") here, not saved")
        }
        guard let earlier = record, let saved = earlier.saved else { return .refused("nothing of the VM is saved") }
        let file = try SavedMemory(opening: folder.memory, bytes: saved.bytes)
        try checkRoom(for: earlier.definition)
        // What an agent that died in the middle has left; the guest in it never ran.
        guard await endProcess() else { return .failed("the VM's QEMU cannot be ended: it hangs in the kernel") }
        do {
            try await launch(earlier)
            try await readMemory(from: file)
        } catch {
            // A QEMU that does not take the memory ends, and its log says why.
            let ended = await process?.ended(within: .seconds(1)) == true ? process?.howItEnded() : nil
            let lines = folder.lastLogLines()
            await endProcess()
            settleEnd()
            guard let ended else { throw error }
            throw HostRuntimeError.ended(status: ended, log: lines)
        }
        try update { $0.saved?.isLoaded = true }
        try await goOnRestored()
        return .done
    }

    /// Lets a guest run whose memory was loaded, and forgets the file.
    func goOnRestored() async throws(HostRuntimeError) {
        if record?.saved?.wasRunning == true { try await command("cont") }
        try update { $0.saved = nil }
        folder.removeMemory()
    }

    private func readMemory(from file: SavedMemory) async throws(HostRuntimeError) {
        try await setUpFile()
        try await command("getfd", ["fdname": "memory"], passing: file.descriptor)
        try await command("migrate-incoming", ["uri": "fd:memory"])
        while true {
            let seen = changes.rings
            let reading = try await migrationOrEnd()
            if reading.status == "failed" {
                throw .system(
                    doing: "cannot load the memory from", on: folder.memory,
                    reason: reading.problem ?? folder.lastLogLines(2))
            }
            if reading.status == "completed", try await statusWord() != "inmigrate" { return }
            await changes.wait(after: seen, upTo: .milliseconds(50))
        }
    }
}

/// The file that a guest's memory is saved in: for its owner's eyes alone.
struct SavedMemory: Sendable {
    let path: String
    let descriptor: FileDescriptor

    /// A new file, in place of what an attempt before may have left.
    init(creating path: String) throws(HostRuntimeError) {
        self.path = path
        unsafe unlink(path)
        let number = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw .system(doing: "cannot write", on: path, reason: lastSystemError()) }
        descriptor = FileDescriptor(number)
    }

    /// A file that must have this length; `nil` for any.
    init(opening path: String, bytes: Int64? = nil) throws(HostRuntimeError) {
        self.path = path
        let number = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard number >= 0 else {
            throw .migration("the saved memory cannot be read: \(path): \(lastSystemError())")
        }
        descriptor = FileDescriptor(number)
        var status = stat()
        guard unsafe fstat(number, &status) == 0, bytes == nil || Int64(status.st_size) == bytes else {
            throw .migration(
                "the saved memory is damaged: \(path) has \(status.st_size) bytes and should have \(bytes ?? 0). "
                    + "Bring the file back, or stop the VM by force to give its memory up")
        }
    }

    /// Has all of it on the disk; gives its length.
    func settle() throws(HostRuntimeError) -> Int64 {
        var status = stat()
        guard fsync(descriptor.number) == 0, unsafe fstat(descriptor.number, &status) == 0 else {
            throw .system(doing: "cannot save the memory to", on: path, reason: lastSystemError())
        }
        return Int64(status.st_size)
    }
}
