import FleetModel
import Logging

/// The source's side of a migration.
extension DomainControl {
    /// How long a cancelled migration has to stop.
    static let cancelLimit = Duration.seconds(10)
    /// How long a stream that broke in post-copy is tried again, and how long to wait between two tries.
    private static let (resumeLimit, resumePause) = (Duration.seconds(60), Duration.seconds(1))
    /// How long libvirt's word of the end may take, once the guest has gone.
    private static let wordLimit = Duration.milliseconds(500)
    /// How long the daemon may be out of sight while a domain is being sent: it may be started anew meanwhile.
    private static let outageLimit = Duration.seconds(15)

    /// Begins to send, or joins a migration that is under way; the answer is there when that has ended.
    func send(
        _ migration: OutgoingMigration, _ progress: @escaping @Sendable (MigrationProgress) -> Void
    ) async throws(LibvirtError) -> HostTaskAnswer {
        let (id, asked) = (migration.virtualMachine, ContinuousClock.now)
        guard let sight = try await sight(id) else { return Self.notKnown(id) }
        let isTorn = sight.place == .trailing && sight.state.isTorn
        switch sight.place {
        case .running, .paused: break
        case .outgoing, .handedOver, .trailing: if !isTorn { return try await watch(migration, since: asked, progress) }
        default: return Self.refused(sight.place)
        }
        let address: LibvirtAddress
        do throws(LibvirtAddress.Objection) {
            address = try LibvirtAddress(migration.destination, allowsPlain: configuration.allowsPlainMigration)
        } catch {
            return .refused(error.description)
        }
        switch sendings.begin(id, asked: asked) {
        case .cancelled: return .refused("sending was cancelled before it began")
        case .begun: begin(migration, to: address, sight, isTorn: isTorn)
        case .underWay: break
        }
        return try await watch(migration, since: asked, progress)
    }

    /// Has libvirt send the domain. The call lasts as long as the migration, whoever still waits for it.
    private func begin(_ migration: OutgoingMigration, to address: LibvirtAddress, _ sight: DomainSight, isTorn: Bool) {
        Task {
            let id = migration.virtualMachine
            let deadline = ContinuousClock.now + Self.resumeLimit
            var result = await order(migration, to: address, isPersistent: sight.isPersistent, isTorn: isTorn)
            while isTorn, case .failure = result, ContinuousClock.now < deadline {
                // QEMU may not have noticed yet that the stream is broken, or the network not be back.
                _ = try? await domain(id, "cut off the stream of") { domain throws(LibvirtError) in try domain.cutOff()
                }
                try? await Task.sleep(for: Self.resumePause)
                guard (try? await self.sight(id))??.state.isTorn == true else { break }
                result = await order(migration, to: address, isPersistent: sight.isPersistent, isTorn: true)
            }
            sendings.end(id, result)
        }
    }

    private func order(
        _ migration: OutgoingMigration, to address: LibvirtAddress, isPersistent: Bool, isTorn: Bool
    ) async -> Result<Void, LibvirtError> {
        let id = migration.virtualMachine
        do throws(LibvirtError) {
            try await calls.call("migrate \(id)", lasts: true) { connection throws(LibvirtError) in
                guard let domain = try connection.domain(id) else {
                    throw .call(
                        doing: "migrate \(id)", uri: connection.uri, reason: "it has gone",
                        code: LibvirtFailure.noDomain)
                }
                let order = MigrationOrder(
                    migration, to: address, isPersistent: isPersistent,
                    localDisks: try domain.description().localDisks, clientVersion: connection.clientVersion)
                try domain.migrate(isTorn ? order.resumed : order)
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// What is seen of a domain that is being sent.
    private struct Look: Sendable {
        var sight: DomainSight
        var reading: JobReading?
    }

    private func look(_ id: VirtualMachineID) async throws(LibvirtError) -> Look? {
        try await domain(id, "watch the sending of") { domain throws(LibvirtError) in
            let sight = try domain.sight()
            // Of a domain that ends just now there is nothing to be read.
            return Look(sight: sight, reading: sight.state.hasProcess ? try? domain.jobReading() : nil)
        }
    }

    private func watch(
        _ migration: OutgoingMigration, since began: ContinuousClock.Instant,
        _ progress: @Sendable (MigrationProgress) -> Void
    ) async throws(LibvirtError) -> HostTaskAnswer {
        let id = migration.virtualMachine
        var watch = OutgoingWatch(migration, since: began)
        var seen = ContinuousClock.now
        while true {
            // Asked before the look: what ended since is seen in the next.
            let sending = sendings[id]
            let look: Look?
            do throws(LibvirtError) {
                look = try await self.look(id)
                seen = .now
            } catch {
                if let result = sending?.result { return await ended(id, result, watch, since: began) }
                if ContinuousClock.now - seen > Self.outageLimit { throw error }
                try? await Task.sleep(for: Self.lookPause)
                continue
            }
            let reading = look?.reading ?? JobReading(type: 0, [])
            if reading.isUnderWay, reading.job == .sending { progress(reading.progress) }
            let place = look?.sight.place ?? .stopped
            let step = watch.receive(
                reading, place, isCancelled: sending?.isCancelled ?? false, at: .now)
            if let sending {
                if let result = sending.result { return await ended(id, result, watch, since: began) }
            } else if !Self.isSending(look) {
                return try await joinedEnd(id, look?.sight, watch, since: began)
            }
            if case .giveUp(let reason) = step { return .failed(reason) }
            await take(step, id, migration, &watch)
            try? await Task.sleep(for: Self.lookPause)
        }
    }

    private static func isSending(_ look: Look?) -> Bool {
        guard let look, !look.sight.state.isTorn else { return false }
        return look.sight.job == .sending
    }

    /// Does what the watch asks for. What libvirt refuses here is said by the end of sending, or asked for again.
    private func take(
        _ step: OutgoingWatch.Step, _ id: VirtualMachineID, _ migration: OutgoingMigration, _ watch: inout OutgoingWatch
    ) async {
        do throws(LibvirtError) {
            switch step {
            case .wait, .giveUp: break
            case .limitDowntime:
                try await domain(id, "limit the downtime of") { domain throws(LibvirtError) in
                    try domain.setDowntime(milliseconds: max(1, migration.downtimeLimitMilliseconds))
                }
            case .abort:
                try await domain(id, "stop sending") { domain throws(LibvirtError) in try domain.abortJob() }
            case .goOnThere:
                try await domain(id, "go on at the destination with") { domain throws(LibvirtError) in
                    try domain.startPostCopy()
                }
            }
        } catch {
            if step == .goOnThere { watch.staysHere() }
            log.info("\(error)", metadata: ["vm": "\(id)"])
        }
    }

    /// The end of a sending that this process had begun.
    private func ended(
        _ id: VirtualMachineID, _ result: Result<Void, LibvirtError>, _ watch: OutgoingWatch,
        since began: ContinuousClock.Instant
    ) async -> HostTaskAnswer {
        defer { sendings.forget(id) }
        switch result {
        case .failure(let error):
            return .failed(watch.tooLate ?? error.description)
        case .success:
            let deadline = ContinuousClock.now + Self.wordLimit
            while sendings[id]?.last == nil, ContinuousClock.now < deadline {
                try? await Task.sleep(for: .milliseconds(10))
            }
            return .sent(watch.figures(sendings[id]?.last, since: began, at: .now))
        }
    }

    /// The end of a sending that an earlier agent had begun: of a guest that has left nothing is here.
    private func joinedEnd(
        _ id: VirtualMachineID, _ sight: DomainSight?, _ watch: OutgoingWatch, since began: ContinuousClock.Instant
    ) async throws(LibvirtError) -> HostTaskAnswer {
        switch sight?.place {
        case nil, .stopped, .handedOver:
            return .sent(watch.figures(nil, since: began, at: .now))
        case .trailing:
            return .failed("the stream broke after the guest had gone on at the destination")
        case .some(let place):
            let ended = try? await domain(id, "ask for the end of sending") { domain throws(LibvirtError) in
                try domain.jobReading(hasEnded: true)
            }
            return .failed(
                watch.tooLate ?? ended?.problem
                    ?? "sending has ended without handing the guest over: it is \(place.rawValue) here")
        }
    }

    func cancelSend(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        // Noted before looking: sending that begins during the look finds it.
        sendings.cancel(id)
        let deadline = ContinuousClock.now + Self.cancelLimit
        while true {
            let place = try await sight(id)?.place
            let isBegun = sendings[id].map { $0.result == nil } ?? false
            guard place == .outgoing || (isBegun && place?.ownsGuest == true), ContinuousClock.now < deadline else {
                return .state(place)
            }
            sendings.cancellationServed(id)
            if place == .outgoing {
                do throws(LibvirtError) {
                    try await domain(id, "stop sending") { domain throws(LibvirtError) in try domain.abortJob() }
                } catch {
                    // It may just have ended; the next look tells.
                    log.info("\(error)", metadata: ["vm": "\(id)"])
                }
            }
            try? await Task.sleep(for: Self.lookPause)
        }
    }

    func releaseSource(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        // libvirt itself ends the process and forgets the domain; that may still be under way.
        let sight = try await sight(id, within: Self.cancelLimit) { sight in
            sight == nil || sight?.job != .sending || sight?.state.isTorn == true
        }
        guard let sight else { return .done }
        switch sight.place {
        case .handedOver where sight.job == .sending: return .failed("libvirt has not ended the migration yet")
        case .trailing where !sight.state.isTorn: return .refused("the rest of the guest's memory is still here")
        case .handedOver, .trailing, .stopped, .crashed: break
        default: return .refused("the VM is \(sight.place.rawValue) here, not handed over")
        }
        try await end(id)
        try await domain(id, "forget") { domain throws(LibvirtError) in
            if try domain.sight().isPersistent { try domain.undefine() }
        }
        return .done
    }

    func resumeSource(_ id: VirtualMachineID) async throws(LibvirtError) -> HostTaskAnswer {
        // Where libvirt itself lets the guest go on, that may still be under way.
        let sight = try await sight(id, within: Self.cancelLimit) { $0?.place != .handedOver || $0?.job != .sending }
        switch sight?.place {
        case nil: return Self.notKnown(id)
        case .running: return .done
        case .paused, .handedOver:
            try await domain(id, "resume") { domain throws(LibvirtError) in try domain.resume() }
            return .done
        case .some(let place): return .refused("the VM is \(place.rawValue) here, not handed over")
        }
    }
}
