import FleetModel

/// The source's side of a migration.
extension QEMUMachine {
    /// Which end of a migration's TLS connection this host is.
    enum MigrationRole: String {
        case client
        case server
    }

    /// How QEMU limits a stream when nobody says otherwise (its own default).
    static let defaultBandwidth = Bytes.mebibytes(128)
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
        let deadline = ContinuousClock.now + .seconds(migration.timeLimitSeconds)
        return await answering { machine in try await machine.sendingEnded(by: deadline, progress) }
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
        let address = try MigrationAddress(migration.destination)
        try address.requireSafety(hasTLS: host.migrationTLS != nil)
        try await setUpMigration(role: .client, peer: migration.destinationName)
        try await command(
            "migrate-set-parameters",
            [
                "max-bandwidth": .integer((migration.bandwidthLimit ?? Self.defaultBandwidth).count),
                "downtime-limit": .integer(Int64(migration.downtimeLimitMilliseconds)),
            ])
        if takeCancellation(of: asked) { return .refused("sending was cancelled before it began") }
        try await command("migrate", ["uri": .string(address.text)])
        // One that came in the meantime may have looked before there was anything to cancel.
        if takeCancellation(of: asked) { try await command("migrate_cancel") }
        return .done
    }

    /// Whether a cancellation came for the sending that was asked for at this time; it counts once.
    private func takeCancellation(of asked: ContinuousClock.Instant) -> Bool {
        guard let cancelled = cancelAsked else { return false }
        cancelAsked = nil
        return cancelled > asked - Self.cancelLead
    }

    private func sendingEnded(
        by deadline: ContinuousClock.Instant, _ progress: @Sendable (MigrationProgress) -> Void
    ) async throws(HostRuntimeError) -> HostTaskAnswer {
        var tooLate: String?
        while true {
            let seen = changes.rings
            let reading = try await readingOrEnd()
            switch reading.status {
            case "completed" where await look() == .handedOver:
                // QEMU does its sums between the last byte and this state.
                return .sent(try await readingOrEnd().figures)
            case "failed":
                return .failed("QEMU gave up sending: \(reading.problem ?? folder.lastLogLines(2))")
            case "cancelled":
                return .failed(tooLate ?? "sending was cancelled")
            case "none":
                return .failed("nothing is being sent")
            default:
                progress(reading.progress)
            }
            let now = ContinuousClock.now
            if now >= deadline, tooLate == nil {
                tooLate =
                    "it had not ended in its time limit (\(reading.progress.remaining) of memory to go), so "
                    + "it was cancelled: the guest changes its memory faster than the network takes it"
                try await command("migrate_cancel")
            } else if now >= deadline + Self.cancelLimit {
                return .failed("sending neither ended nor could be cancelled in time")
            }
            await changes.wait(after: seen, upTo: .milliseconds(200))
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

    /// Capabilities and parameters that both sides set before anything flows.
    func setUpMigration(role: MigrationRole, peer: String?) async throws(HostRuntimeError) {
        try await command(
            "migrate-set-capabilities", ["capabilities": [["capability": "events", "state": true]]])
        let name = "tls-\(role.rawValue)"
        // Read anew each time: certificates change while VMs run.
        _ = try? await command("object-del", ["id": .string(name)])
        var parameters: [String: JSONValue] = ["tls-creds": "", "tls-hostname": ""]
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
        case .running, .paused, .outgoing, .incoming, .fetching, .trailing, .saved, .unknown:
            return .refused("the VM is \(state?.rawValue ?? "") here, not handed over")
        }
        endIsWanted.withLock { $0 = true }
        guard await endProcess() else { return .failed("the VM's QEMU cannot be ended: it hangs in the kernel") }
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
        return .done
    }
}
