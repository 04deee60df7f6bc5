import FleetModel
import Logging

/// What the VM's QEMU can make it of.
extension QEMUMachine {
    /// What this host's QEMU knows under an accelerator; `nil` where it does not say, which stops nobody.
    func knowledge(of accelerator: Accelerator) async -> EmulatorKnowledge? {
        do throws(HostRuntimeError) {
            return try await KnownEmulators.shared.knowledge(
                EmulatorProbe(qemu: host.qemu, accelerator: accelerator, folder: host.folder))
        } catch {
            log.warning("what QEMU can do is not known: \(error)", metadata: ["vm": "\(id)"])
            return nil
        }
    }

    /// The definition by names that mean the same on hosts with other QEMUs and processors: the machine type with its
    /// version, the CPU model without the flags that cannot be had here. What runs has these and no others, and a
    /// destination must have the same.
    func settled(
        _ definition: VirtualMachineDefinition, _ accelerator: Accelerator
    ) async -> VirtualMachineDefinition {
        guard let knowledge = await knowledge(of: accelerator) else { return definition }
        var settled = definition
        settled.machine = knowledge.versioned(definition.machine)
        settled.processorModel = knowledge.settled(definition.processorModel)
        return settled
    }

    /// Throws where the guest of a migration could not go on here.
    func checkArrival(_ migration: IncomingMigration) async throws(HostRuntimeError) {
        guard let knowledge = await knowledge(of: migration.accelerator) else { return }
        if let problem = ArrivalCheck.objection(to: migration, knowledge) { throw .migration(problem) }
    }
}
