import FleetModel

/// A VM whose record cannot be read. Nothing is done to it; while its process lives it is reported with what the
/// process's arguments show, since its memory and processors are in use whether there is a record or not.
struct UnreadableMachine: Sendable {
    let id: VirtualMachineID
    /// Why the record cannot be read.
    let reason: String
    let process: ProcessHandle?

    /// For a report; `nil` where no process lives.
    func status() -> VirtualMachineStatus? {
        guard let process, process.isAlive, let definition = definition(from: process.arguments) else { return nil }
        return VirtualMachineStatus(
            definition: definition, state: .unknown, residentMemory: process.residentMemory,
            process: process.identifier, problem: reason)
    }

    /// To look at it is answered with what is known; all else is refused.
    func answer(to task: HostTask) -> HostTaskAnswer {
        if case .inspect = task { return .state(.unknown) }
        return .refused(reason)
    }

    /// The inverse of ``QEMUCommandLine`` for what a host needs to count; disks and kernel stay out of it.
    private func definition(from arguments: [String]) -> VirtualMachineDefinition? {
        func value(_ option: String, _ key: String = "") -> String? {
            guard let place = arguments.firstIndex(of: option), place + 1 < arguments.count else { return nil }
            let text = arguments[place + 1]
            return text.hasPrefix(key) ? String(text.dropFirst(key.count).prefix { $0 != "," }) : nil
        }
        guard let name = value("-name", "guest=").flatMap(Name<VirtualMachineKind>.init),
            let processors = value("-smp").flatMap(Int.init),
            let mebibytes = value("-m", "size=").flatMap({ Int64($0.dropLast()) })
        else { return nil }
        return VirtualMachineDefinition(
            id: id, name: name, virtualProcessors: processors, memory: .mebibytes(mebibytes))
    }
}
