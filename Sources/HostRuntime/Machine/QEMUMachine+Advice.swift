import FleetModel

extension QEMUMachine {
    /// The answer to a definition that was taken: what best practice and this host's QEMU say against it.
    func advice(on definition: VirtualMachineDefinition) async -> HostTaskAnswer {
        let bridges = definition.networkInterfaces.compactMap { interface in
            if case .bridge(let name) = interface.connection { name } else { nil }
        }
        let practice = BestPractice.Host(
            memory: memory.total(), given: memory.given(besides: id),
            networks: HostNetworks(host, surroundings, bridges: Set(bridges)))
        var advice = BestPractice.advice(
            on: definition, practice,
            isGrowing: ((try? host.placed(definition)) ?? definition).disks.map(ImageGrowth.isGrowing))
        if let problem = memory.objection(to: definition.memory, for: id) { advice.append("memory: \(problem)") }
        advice += await missingFlags(of: definition)
        return advice.isEmpty ? .done : .advised(advice)
    }

    private func missingFlags(of definition: VirtualMachineDefinition) async -> [String] {
        let accelerator: Accelerator =
            switch definition.accelerator {
            case .tcg: .tcg
            case .kvm: .kvm
            case .auto: await probe().accelerator
            }
        let missing = await knowledge(of: accelerator)?.missing(for: definition.processorModel) ?? []
        if missing.isEmpty { return [] }
        return [
            "processorModel: \(missing.joined(separator: ", ")) of \(definition.processorModel) cannot be had here under "
                + "\(accelerator.rawValue.uppercased()), so the guest does without"
        ]
    }
}
