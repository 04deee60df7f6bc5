import FleetModel
import Glibc
import Logging

/// Start, stop, removal.
extension QEMUMachine {
    /// How long QEMU has to set up a VM and to take commands.
    static let startLimit = Duration.seconds(30)
    /// How long QEMU has to end once it was told to.
    static let endLimit = Duration.seconds(5)

    func start(_ definition: VirtualMachineDefinition) async throws -> HostTaskAnswer {
        let state = await look()
        switch state {
        case .running, .paused, .outgoing:
            guard record?.definition == definition else {
                return .refused("\(definition.name) runs here with another definition: stop it first")
            }
            return .done
        case .incoming, .handedOver, .unknown, .saved, .fetching, .trailing:
            return .refused("\(definition.name) is \(state?.rawValue ?? "unknown") here")
        case .stopped, .crashed, nil:
            break
        }
        try DefinitionCheck.check(host.placed(definition), storage: host.storage)
        let accelerator = try await accelerator(for: definition.accelerator)
        let earlier = record
        do {
            try await launch(MachineRecord(definition: definition, accelerator: accelerator))
            return .done
        } catch {
            await endProcess()
            if let earlier { record = try keep(earlier, because: error) } else { forget() }
            throw error
        }
    }

    /// A VM that was known before stays known, with the reason why it does not run.
    private func keep(_ earlier: MachineRecord, because error: any Error) throws -> MachineRecord {
        var kept = earlier
        kept.process = nil
        kept.problem = "\(error)"
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
        case .stopped, .saved: return .done
        case .crashed:
            try update { $0.problem = nil }
            return .done
        case .incoming: return .refused("the VM's guest is not here: abandon the migration")
        case .outgoing, .fetching, .trailing: return .refused("the VM is being migrated: cancel that first")
        case .handedOver: return .refused("the VM was handed over to another host")
        case .unknown where !force: return .refused("the VM's QEMU does not answer: stop it by force")
        case .running, .paused, .unknown: break
        }
        endIsWanted.withLock { $0 = true }
        if !force, state == .running {
            try await command("system_powerdown")
            if await process?.ended(within: .seconds(host.shutdownSeconds)) == false {
                log.notice("did not shut down in \(host.shutdownSeconds) s: ending it", metadata: ["vm": "\(id)"])
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
        return .done
    }

    func remove() async throws -> HostTaskAnswer {
        switch await look() {
        case nil: break
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
