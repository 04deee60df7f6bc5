import FleetModel
import Glibc
import Logging

/// Where a VM's virtual processors run, and with what weight. Neither is QEMU's to know: the kernel keeps both for the
/// threads of the process.
extension QEMUMachine {
    /// What a process is given once it takes commands.
    func settleIn(hasScope: Bool) async throws(HostRuntimeError) {
        try await pinProcessors()
        // In a scope systemd has seen to it.
        guard let shares = record?.definition.shares, !hasScope, let process else { return }
        if let problem = ShareGroup(id, surroundings).take(process.identifier, shares: shares) {
            log.notice("the VM has no shares of its own: \(problem)", metadata: ["vm": "\(id)"])
        }
    }

    /// Confines each virtual processor's thread to its logical processors. Done again by the next run of the agent and
    /// after processors were added.
    func pinProcessors() async throws(HostRuntimeError) {
        guard let pinning = record?.definition.pinning, !pinning.isEmpty, let process else { return }
        let answer = try await command("query-cpus-fast")
        for processor in answer.fewItems {
            guard let number = processor["cpu-index"]?.whole.flatMap({ Int(exactly: $0) }),
                let thread = processor["thread-id"]?.whole.flatMap({ Int32(exactly: $0) }),
                // What answers may be no QEMU of ours any more: only a thread of the process itself is touched.
                unsafe access("/proc/\(process.identifier)/task/\(thread)", F_OK) == 0
            else { throw .monitor(.incomplete(command: "query-cpus-fast", missing: "thread-id")) }
            let wanted = pinning.count == 1 ? pinning[0] : pinning.indices.contains(number) ? pinning[number] : []
            if !wanted.isEmpty { try Affinity.confine(thread: thread, to: wanted) }
        }
    }

    /// Throws for the first field that cannot be run on this host.
    func check(_ definition: VirtualMachineDefinition) throws(HostRuntimeError) {
        try DefinitionCheck(host: host, surroundings: surroundings).check(host.placed(definition))
    }

    /// Throws where this host cannot have the VM, as it is now.
    func checkRoom(for definition: VirtualMachineDefinition) throws(HostRuntimeError) {
        try check(definition)
        if let problem = memory.objection(to: definition.memory, for: id) {
            throw .definition(field: "memory", problem: problem)
        }
    }

    /// What the VM had of the host is free again: its process has ended.
    func dropShares() {
        memory.forget(id)
        if record?.definition.shares != nil { ShareGroup(id, surroundings).remove() }
    }
}
