import FleetModel
import Logging

/// What another run of the agent does about a VM that it takes over.
extension QEMUMachine {
    func takeOver() async {
        _ = await exclusively { machine in
            await machine.finishWhatWasBegun()
            return .done
        }
        if let start = record?.restartAt, await look() == .crashed { signal(.failed(id, restart: start)) }
    }

    private func finishWhatWasBegun() async {
        let state = await look()
        guard let record, process?.isAlive == true else { return }
        do throws(HostRuntimeError) {
            if record.saving != nil { await goOnUnsaved() }
            if let saved = record.saved {
                if saved.isLoaded == true { try await goOnRestored() } else { _ = await endSaved() }
            }
            if record.snapshot != nil { await clearSnapshot() }
            guard state?.ownsGuest == true else { return }
            try await pinProcessors()
            try await nameMachine()
        } catch {
            log.warning("took the VM over, and: \(error)", metadata: ["vm": "\(id)"])
        }
    }

    /// Called when the monitor has said something, or ended. Whether the state is another one than the last time.
    func noticeChange() async -> Bool {
        await listenAgain()
        if hasLostDevice.withLock({ flag in
            defer { flag = false }; return flag
        }) {
            _ = await exclusively { machine in
                await machine.recountProcessors()
                return .done
            }
        }
        let state = await look()
        defer { noticed = state }
        return state != noticed
    }

    /// A VM that an earlier version has started may have a machine type without a version, which another QEMU takes for
    /// its own newest.
    private func nameMachine() async throws(HostRuntimeError) {
        guard let record, let accelerator = record.accelerator, let knowledge = await knowledge(of: accelerator),
            knowledge.versioned(record.definition.machine) != record.definition.machine
        else { return }
        let type = try await command("qom-get", ["path": "/machine", "property": "type"]).plainText(limit: 200)
        guard let type, type.hasSuffix("-machine") else { return }
        try update { $0.definition.machine = String(type.dropLast("-machine".count)) }
    }
}
