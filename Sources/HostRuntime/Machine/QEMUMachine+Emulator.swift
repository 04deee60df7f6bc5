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

    /// Throws where this host's QEMU does not know the machine type or the CPU model, while the file is still at hand that
    /// they come from.
    func checkNames(
        in definition: VirtualMachineDefinition, _ accelerator: Accelerator
    ) async throws(HostRuntimeError) {
        guard let knowledge = await knowledge(of: accelerator) else { return }
        let here = "this host's QEMU \(knowledge.version)"
        if !knowledge.knows(machine: definition.machine) {
            let names = knowledge.machines.flatMap { [$0.name, $0.alias].compactMap(\.self) }
            let near = Spelling.nearest(to: definition.machine, among: names).map { "; did you mean '\($0)'?" } ?? ""
            throw .definition(
                field: "machine", problem: "\(here) has no machine type '\(definition.machine)'\(near)")
        }
        if knowledge.missing(for: definition.processorModel) == nil {
            let model = definition.processorModel.split(separator: ",").first.map(String.init) ?? ""
            let near = Spelling.nearest(to: model, among: knowledge.models.map(\.name))
            throw .definition(
                field: "processorModel",
                problem: "\(here) knows no CPU model '\(model)'\(near.map { "; did you mean '\($0)'?" } ?? "")")
        }
    }

    /// Throws where the guest of a migration could not go on here.
    func checkArrival(_ migration: IncomingMigration) async throws(HostRuntimeError) {
        guard let knowledge = await knowledge(of: migration.accelerator) else { return }
        if let problem = ArrivalCheck.objection(to: migration, knowledge) { throw .migration(problem) }
    }
}
