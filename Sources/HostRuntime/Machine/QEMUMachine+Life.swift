import FleetModel
import Glibc
import Logging

/// Definition, start, stop, removal.
extension QEMUMachine {
    /// How long QEMU has to set up a VM and to take commands.
    static let startLimit = Duration.seconds(30)
    /// How long QEMU has to end once it was told to.
    static let endLimit = Duration.seconds(5)

    func define(_ definition: VirtualMachineDefinition) async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case .stopped, .crashed, nil: break
        case .running, .paused, .saved, .outgoing, .fetching:
            guard await isOurs(definition) else {
                return .refused(
                    "\(definition.name) is \(state?.rawValue ?? "") here with another definition: stop it first; "
                        + "its size can be changed while it runs")
            }
            return await advice(on: definition)
        case .incoming, .trailing, .handedOver, .unknown:
            return .refused("\(definition.name) is \(state?.rawValue ?? "unknown") here")
        }
        try check(definition)
        let accelerator = try await accelerator(for: definition.accelerator)
        try await checkNames(in: definition, accelerator)
        let settled = await settled(definition.forStart, accelerator)
        try folder.make()
        var changed = record ?? MachineRecord(definition: settled)
        changed.definition = settled
        try folder.write(changed)
        record = changed
        return await advice(on: definition)
    }

    func launchDefined() async throws -> HostTaskAnswer {
        guard let record else { return .refused("this host does not know the VM \(id)") }
        if case .advised(let notes) = try await start(record.definition) {
            // What best practice says was said when it was defined.
            return notes.first == Self.ranAlready ? .advised([Self.ranAlready]) : .done
        }
        return .done
    }

    private static let ranAlready = "it ran already"

    func start(_ definition: VirtualMachineDefinition) async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case .running, .paused, .outgoing:
            guard await isOurs(definition) else {
                return .refused("\(definition.name) runs here with another definition: stop it first")
            }
            return .advised([state == .paused ? "it is paused: resume it" : Self.ranAlready])
        case .saved:
            return .refused("\(definition.name) is saved here: restore it, or stop it by force to give its memory up")
        case .incoming, .handedOver, .unknown, .fetching, .trailing:
            return .refused("\(definition.name) is \(state?.rawValue ?? "unknown") here")
        case .stopped, .crashed, nil:
            break
        }
        try await startAnew(definition, failures: nil)
        return await advice(on: definition)
    }

    /// Starts a VM that has no process. `failures` are those that it still has to answer for.
    func startAnew(_ definition: VirtualMachineDefinition, failures: [Timestamp]?) async throws {
        let definition = definition.forStart
        try checkRoom(for: definition)
        let accelerator = try await accelerator(for: definition.accelerator)
        try await checkNames(in: definition, accelerator)
        let earlier = record
        var new = MachineRecord(definition: await settled(definition, accelerator), accelerator: accelerator)
        new.failures = failures
        new.restarts = earlier?.restarts
        new.lastFailure = earlier?.lastFailure
        do {
            try await launch(new)
            folder.removeMemory()
        } catch {
            await endProcess()
            let reason = explained(error, definition)
            if let earlier {
                // One that was stopped is still stopped: nothing has failed but the wish to start it.
                let isFailure = failures != nil || earlier.problem != nil
                record = try keep(earlier, because: isFailure ? reason : nil)
            } else {
                forget()
            }
            throw reason
        }
    }

    /// Whether the VM is what `definition` says, as far as that is not a matter of names or of what was added to it.
    private func isOurs(_ definition: VirtualMachineDefinition) async -> Bool {
        guard let record else { return false }
        if record.definition == definition { return true }
        let accelerator = record.accelerator ?? .tcg
        return await settled(record.definition.forStart, accelerator) == settled(definition.forStart, accelerator)
    }

    /// A VM that was known before stays known, with the reason why it does not run where it should.
    private func keep(_ earlier: MachineRecord, because error: (any Error)?) throws -> MachineRecord {
        var kept = earlier
        kept.process = nil
        kept.problem = error.map { "\($0)" }
        process = nil
        dropShares()
        folder.removeSockets()
        try folder.write(kept)
        return kept
    }

    private func accelerator(for choice: AcceleratorChoice) async throws(HostRuntimeError) -> Accelerator {
        switch choice {
        case .tcg: return .tcg
        case .kvm:
            try requireKVM()
            return .kvm
        case .auto: return await probe().accelerator
        }
    }

    /// An explicit wish for KVM is tried as it is; only what can be known beforehand refuses it.
    func requireKVM() throws(HostRuntimeError) {
        if let problem = AcceleratorProbe(qemu: host.qemu, folder: host.folder).deviceProblem() {
            throw .accelerator(problem)
        }
    }

    func stop(force: Bool) async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case nil: return .refused("this host does not know the VM \(id)")
        case .stopped: return .advised(["it was stopped already"])
        case .saved: return force ? try await giveUpSaved() : .done
        case .crashed:
            try update {
                $0.problem = nil
                $0.restartAt = nil
            }
            return .done
        case .incoming: return .refused("the VM's guest is not here: abandon the migration")
        case .outgoing, .fetching, .trailing: return .refused("the VM is being migrated: cancel that first")
        case .handedOver: return .refused("the VM was handed over to another host")
        case .unknown where !force: return .refused("the VM's QEMU does not answer: stop it by force")
        case .running, .paused, .unknown: break
        }
        endIsWanted.withLock { $0 = true }
        var notes: [String] = []
        if !force, state == .running {
            try await command("system_powerdown")
            if await process?.ended(within: .seconds(host.shutdownSeconds)) == false {
                log.notice("did not shut down in \(host.shutdownSeconds) s: ending it", metadata: ["vm": "\(id)"])
                notes.append("the guest did not shut down within \(host.shutdownSeconds) s, so its power was cut")
            }
        }
        guard await endProcess() else { return .failed("the VM's QEMU cannot be ended: it hangs in the kernel") }
        settleEnd()
        // Who stops by force what ended unseen says that it is over here.
        if hasEndedUnseen {
            try update {
                $0.incoming = nil
                $0.problem = nil
            }
        }
        return notes.isEmpty ? .done : .advised(notes)
    }

    /// Gives up the memory of a saved VM, which then is as if it had been stopped by force when it was saved.
    private func giveUpSaved() async throws -> HostTaskAnswer {
        guard await endProcess() else { return .failed("the VM's QEMU cannot be ended: it hangs in the kernel") }
        settleEnd()
        try update { $0.saved = nil }
        folder.removeMemory()
        return .done
    }

    func pause() async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case .running: try await command("stop")
        case .paused: return .advised(["it was paused already"])
        default: return .refused("the VM is \(state?.rawValue ?? "not known") here, not running")
        }
        return .done
    }

    func resume() async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case .paused: try await command("cont")
        case .running: return .advised([Self.ranAlready])
        default: return .refused("the VM is \(state?.rawValue ?? "not known") here, not paused")
        }
        return .done
    }

    func remove() async throws -> HostTaskAnswer {
        switch await look() {
        case nil: break
        case .saved:
            guard await endProcess() else { return .failed("the VM's QEMU cannot be ended: it hangs in the kernel") }
            forget()
        case .stopped, .crashed: forget()
        case .some(let state): return .refused("the VM is \(state.rawValue): stop it first")
        }
        return .done
    }

    /// Ends the process: by asking, then by force. False when even that does not help.
    @discardableResult
    func endProcess() async -> Bool {
        if isReleased { return false }
        guard let process, process.isAlive else { return true }
        _ = try? await command("quit", within: .seconds(2))
        if await !process.ended(within: Self.endLimit) {
            process.signal(SIGKILL)
            guard await process.ended(within: Self.endLimit) else { return false }
        }
        // What is left of a child of ours goes away when its status is asked for.
        _ = process.howItEnded()
        return true
    }
}
