import FleetModel
import Glibc
import Logging

/// The destination's side of a migration.
extension QEMUMachine {
    func prepareIncoming(_ migration: IncomingMigration) async throws -> HostTaskAnswer {
        var state = await look()
        if state == .incoming, record?.definition == migration.definition {
            if let address = record?.incoming?.address {
                return record?.disksAt.map { .awaiting(address: address, disks: $0) } ?? .listening(address: address)
            }
            // An earlier attempt that was broken off before it listened: nobody was told of it.
            guard await endProcess() else { return .failed("the waiting QEMU cannot be ended: it hangs in the kernel") }
            forget()
            state = nil
        }
        guard state == nil else {
            return .refused("the VM \(migration.definition.name) is already \(state?.rawValue ?? "") on this host")
        }
        let address = MigrationAddress(host: host.migrationAddress, port: 0)
        if let problem = MigrationAddress.objection(to: host.migrationAddress) {
            throw HostRuntimeError.migrationAddress(host.migrationAddress, problem: problem)
        }
        try address.requireSafety(hasTLS: host.migrationTLS != nil)
        if migration.accelerator == .kvm { try requireKVM() }
        try await checkArrival(migration)
        let deadline = clock.now + .seconds(migration.timeLimitSeconds)
        let disks = try makeLocalDisks(for: migration)
        do {
            try checkRoom(for: migration.definition)
            try await launch(
                MachineRecord(
                    definition: migration.definition, accelerator: migration.accelerator,
                    incoming: .init(address: nil, deadline: deadline), madeDisks: disks))
            if migration.method.kind == .quick {
                let passage = try awaitPassage(migration)
                try update { $0.incoming?.address = passage }
                signal(.waiting(id, until: deadline))
                return .listening(address: passage)
            }
            let listening = try await listen(at: address, for: migration.method, disks: disks != nil)
            let disksAt = disks == nil ? nil : try await awaitDisks(of: migration.definition, at: address)
            try update {
                $0.incoming?.address = listening.text
                $0.disksAt = disksAt
            }
            signal(.waiting(id, until: deadline))
            return disksAt.map { .awaiting(address: listening.text, disks: $0) } ?? .listening(address: listening.text)
        } catch {
            await endProcess()
            forget()
            for path in disks ?? [] { unsafe _ = unlink(path) }
            throw error
        }
    }

    /// QEMU itself tries the ports, so none can be taken between a look and its use; port 0 lets the kernel choose.
    private func listen(
        at address: MigrationAddress, for method: MigrationMethod, disks: Bool
    ) async throws(HostRuntimeError) -> MigrationAddress {
        try await setUpMigration(MigrationSetup(method: method, movesDisks: disks), role: .server, peer: nil)
        let ports = host.migrationPorts.map(Array.init) ?? [0]
        var problem = HostRuntimeError.migrationAddress(address.text, problem: "no ports are configured")
        for port in ports {
            let uri = MigrationAddress(host: address.host, port: port).text
            do throws(HostRuntimeError) {
                try await command("migrate-incoming", ["uri": .string(uri)])
            } catch {
                problem = error
                guard case .monitor(.refused) = error else { throw error }
                continue
            }
            guard let listening = try await migration().address else {
                throw .monitor(.incomplete(command: "query-migrate", missing: "socket-address"))
            }
            return MigrationAddress(host: address.host, port: listening.port)
        }
        guard let range = host.migrationPorts else { throw problem }
        throw .migrationAddress(
            "\(address.host), ports \(range.lowerBound)-\(range.upperBound)",
            problem: "none of them is free (\(problem.description)): wait for other migrations, or configure more")
    }

    /// Ends a process that waits for its guest. What decides is QEMU's answer to `stop`: a guest that has not arrived
    /// will not be started after it, so ending the process cannot end a guest that has begun to run meanwhile; a guest
    /// that has arrived is halted by it, is let go on, and stays.
    func abandonIncoming() async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case nil: return .done
        case .incoming: break
        case .running, .paused, .outgoing, .fetching:
            return .refused("the guest has arrived and is \(state?.rawValue ?? "") here")
        case .crashed: return .refused("the guest arrived here and then: \(record?.problem ?? "its process ended")")
        case .stopped, .saved, .handedOver, .trailing: return .refused("the VM is \(state?.rawValue ?? "") here")
        // Whether the guest had arrived nobody saw; that it runs here no more is sure.
        case .unknown where hasEndedUnseen: return .state(.crashed)
        case .unknown: return .failed("QEMU does not answer, so nobody can say whether the guest has arrived")
        }
        try await command("stop")
        guard try await statusWord() == "inmigrate" else {
            if process?.isAlive == true { try await command("cont") }
            return .refused("the guest has just arrived here")
        }
        guard await endProcess() else { return .failed("the waiting QEMU cannot be ended: it hangs in the kernel") }
        forget()
        return .done
    }

    /// Called when a waiting VM's time is over.
    func giveUpWaiting() async {
        guard let deadline = record?.incoming?.deadline, deadline <= clock.now, !hasEndedUnseen else { return }
        let answer = await exclusively { machine in try await machine.abandonIncoming() }
        if answer == .done {
            log.warning("gave up waiting for the guest", metadata: ["vm": "\(id)"])
        } else if record?.incoming != nil, !hasEndedUnseen, !isReleased {
            // It could not be asked, or not be ended: the guest may still be on its way.
            signal(.waiting(id, until: clock.now + .seconds(10)))
        }
    }
}
