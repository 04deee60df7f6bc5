import FleetModel
import Logging

/// The source's side of a migration.
extension QEMUMachine {
    /// How long a cancelled migration has to stop.
    static let cancelLimit = Duration.seconds(10)
    /// How far a cancellation may overtake the sending that it is for. Both come from one poll of the server's commands
    /// and are done at the same time; whoever sends again later than this means it.
    static let cancelLead = Duration.seconds(5)

    /// Begins to send, or joins a migration that is under way; the answer is there when that has ended.
    func send(
        _ migration: OutgoingMigration, progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async -> HostTaskAnswer {
        let asked = ContinuousClock.now
        let begun = await exclusively { machine in try await machine.beginSending(migration, asked: asked) }
        guard begun == .done else { return begun }
        return await answering { machine in
            if migration.disks != nil, let end = try await machine.disksMoved(migration, asked: asked, progress) {
                return end
            }
            return try await machine.sendingEnded(SendingWatch(migration, since: .now), progress)
        }
    }

    /// `.done` when there is an end of sending to be waited for.
    private func beginSending(
        _ migration: OutgoingMigration, asked: ContinuousClock.Instant
    ) async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case nil: return .refused("this host does not know the VM \(id)")
        case .outgoing, .trailing, .handedOver: return .done
        case .running, .paused: break
        case .stopped, .saved, .crashed, .incoming, .fetching, .unknown:
            return .refused("the VM is \(state?.rawValue ?? "") here")
        }
        if migration.disks != nil, try await areDisksMoving() { return .done }
        if record?.snapshot != nil { return .refused("the VM's disks are being copied: it can move when that is done") }
        if migration.method.kind == .quick {
            if takeCancellation(of: asked) { return .refused("sending was cancelled before it began") }
            try await beginPassage(migration)
            return .done
        }
        let address = try MigrationAddress(migration.destination)
        try address.requireSafety(hasTLS: host.migrationTLS != nil)
        let setup = MigrationSetup(method: migration.method, movesDisks: migration.disks != nil)
        try await setUpMigration(setup, role: .client, peer: migration.destinationName)
        try await command("migrate-set-parameters", .object(setup.sourceParameters(migration)))
        if takeCancellation(of: asked) { return .refused("sending was cancelled before it began") }
        if let disks = migration.disks {
            try await mirrorDisks(to: disks, migration)
            return .done
        }
        try await sendMemory(to: address)
        // One that came in the meantime may have looked before there was anything to cancel.
        if takeCancellation(of: asked) { try await command("migrate_cancel") }
        return .done
    }

    /// Lets QEMU begin.
    func sendMemory(to address: MigrationAddress) async throws(HostRuntimeError) {
        // From now on the guest may end up elsewhere, whatever becomes of us.
        isAboutToSend = true
        sendings += 1
        defer { isAboutToSend = false }
        try update { $0.isSending = true }
        try await command("migrate", ["uri": .string(address.text)])
    }

    /// Whether a cancellation came for the sending that was asked for at this time; it counts once.
    func takeCancellation(of asked: ContinuousClock.Instant) -> Bool {
        guard let cancelled = cancelAsked else { return false }
        cancelAsked = nil
        return cancelled > asked - Self.cancelLead
    }

    private func sendingEnded(
        _ watch: SendingWatch, _ progress: @Sendable (MigrationProgress) -> Void
    ) async throws(HostRuntimeError) -> HostTaskAnswer {
        var watch = watch
        while true {
            let seen = changes.rings
            let reading = try await readingOrEnd()
            if reading.status == "completed" {
                // QEMU does its sums between the last byte and this state.
                if await look() == .handedOver {
                    try settlePassage()
                    return .sent(watch.figures(of: try await readingOrEnd()))
                }
            } else if reading.isUnderWay {
                progress(reading.progress)
            }
            switch watch.receive(reading, at: .now) {
            case .wait: break
            case .cancel: try await command("migrate_cancel")
            case .goOnThere: try await command("migrate-start-postcopy")
            case .cutOff: try await command("migrate-pause", isUrgent: true)
            case .resume(let address): await takeUpAgain(address)
            case .handOverDisks: try await handOverDisks()
            case .giveUp(let reason):
                await dropMirrors()
                dropPassage()
                return .failed(reason ?? "QEMU gave up sending: \(folder.lastLogLines(2))")
            }
            await changes.wait(after: seen, upTo: SendingWatch.longestWait)
        }
    }

    /// The destination may not listen yet, or the network not be back: who asks looks again.
    private func takeUpAgain(_ address: String) async {
        do throws(HostRuntimeError) {
            try await command("migrate", ["uri": .string(address), "resume": true])
        } catch {
            log.info("the stream cannot be taken up yet: \(error)", metadata: ["vm": "\(id)"])
        }
    }

    /// What the migration does; when the process has ended, the reason of that.
    private func readingOrEnd() async throws(HostRuntimeError) -> MigrationReading {
        do throws(HostRuntimeError) {
            return try await migration()
        } catch {
            guard let process, await process.ended(within: .seconds(1)) else { throw error }
            settleEnd()
            throw .ended(status: process.howItEnded(), log: folder.lastLogLines())
        }
    }

    /// Switches on what a migration needs, and off what one before has left on.
    func setCapabilities(_ setup: MigrationSetup) async throws(HostRuntimeError) {
        let known = try await command("query-migrate-capabilities").items ?? []
        let capabilities = try setup.capabilities(
            known: Set(known.compactMap { $0["capability"]?.text }), version: emulatorVersion)
        try await command("migrate-set-capabilities", capabilities)
    }

    /// Capabilities and parameters that both sides set before anything flows.
    func setUpMigration(
        _ setup: MigrationSetup, role: MigrationSetup.Role, peer: String?
    ) async throws(HostRuntimeError) {
        try await setCapabilities(setup)
        let name = "tls-\(role.rawValue)"
        // Read anew each time: certificates change while VMs run.
        _ = try? await command("object-del", ["id": .string(name)])
        var parameters = setup.sharedParameters
        parameters["tls-creds"] = ""
        parameters["tls-hostname"] = ""
        if let folder = host.migrationTLS {
            try await command(
                "object-add",
                [
                    "qom-type": "tls-creds-x509", "id": .string(name), "dir": .string(folder),
                    "endpoint": .string(role.rawValue), "verify-peer": true,
                ])
            parameters["tls-creds"] = .string(name)
            if role == .client { parameters["tls-hostname"] = .string(peer ?? "") }
        }
        try await command("migrate-set-parameters", .object(parameters))
    }

    func cancelSend() async throws -> HostTaskAnswer {
        // Noted before looking: sending that begins during the look finds it.
        cancelAsked = .now
        let found = await look()
        guard found == .outgoing else { return .state(found) }
        cancelAsked = nil
        try await command("migrate_cancel")
        let deadline = ContinuousClock.now + Self.cancelLimit
        while true {
            let seen = changes.rings
            let state = await look()
            if state != .outgoing || ContinuousClock.now >= deadline { return .state(state) }
            await changes.wait(after: seen, upTo: .milliseconds(100))
        }
    }

    func releaseSource() async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case nil: return .done
        case .handedOver, .stopped, .crashed: break
        case .trailing:
            // Once the stream is broken, who asks knows that the other side is whole or has ended.
            guard try await migration().isCutOff else {
                return .refused("the rest of the guest's memory is still here")
            }
        case .running, .paused, .outgoing, .incoming, .fetching, .saved, .unknown:
            return .refused("the VM is \(state?.rawValue ?? "") here, not handed over")
        }
        endIsWanted.withLock { $0 = true }
        guard await endProcess() else { return .failed("the VM's QEMU cannot be ended: it hangs in the kernel") }
        putLocalDisksAway()
        dropPassage()
        forget()
        return .done
    }

    func resumeSource() async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case .running: return .done
        case .handedOver, .paused: break
        case .stopped, .saved, .crashed, .incoming, .fetching, .outgoing, .trailing, .unknown, nil:
            return .refused("the VM is \(state?.rawValue ?? "not known") here, not handed over")
        }
        try await command("cont")
        dropPassage()
        try update { $0.isSending = nil }
        return .done
    }
}
