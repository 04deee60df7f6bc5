import FleetModel

extension ControlLoop {
    /// Takes a new VM, or another definition of one that is stopped, to a host.
    mutating func create(
        _ definition: VirtualMachineDefinition, on wanted: HostName?, start isStarted: Bool, by actor: String
    ) -> ControlReply {
        if let reason = stopReason { return .refused(reason) }
        if let objection = definition.objection { return .refused(objection) }
        guard let wanted else { return .refused("say on which host, with --host or 'host:': \(hostNames)") }
        guard let record = hosts[wanted] else {
            let near = Spelling.nearest(to: wanted.text, among: hosts.keys.map(\.text))
            return .notFound(
                "there is no host \(wanted)\(near.map { ", did you mean \($0)?" } ?? ""); hosts are \(hostNames)")
        }
        var definition = definition
        if let reason = settle(&definition, in: record.report.cluster) { return .refused(reason) }
        if let objection = objection(to: definition, on: record) { return .refused(objection) }
        let action = PlannedAction(
            kind: .step(isStarted ? .start(definition) : .define(definition), on: wanted),
            virtualMachineName: definition.name.text, prediction: .none)
        return begin(action, on: record, by: actor)
    }

    private var hostNames: String {
        let names = hostRecords.filter(isFresh).map(\.report.host.text)
        if names.isEmpty { return "no host reports" }
        return names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", ..." : "")
    }

    /// What stands against the VM in the fleet as it is. Whether it can run there is the host's to say.
    private func objection(to definition: VirtualMachineDefinition, on record: HostRecord) -> String? {
        let report = record.report
        // One that is being made is not in any report yet.
        for operation in openOperations {
            guard case .step(let task, let host) = operation.action.kind, let other = task.made,
                other.id != definition.id, other.name == definition.name,
                hosts[host]?.report.cluster == report.cluster
            else { continue }
            return "operation \(operation.number) is making a VM called \(definition.name) on \(host): choose another "
                + "name"
        }
        for other in hostRecords {
            for status in other.report.virtualMachines {
                let isSame = status.definition.id == definition.id
                if isSame, other.report.host != report.host {
                    return
                        "a VM with the UUID \(definition.id) is on \(other.report.host) already (\(status.state.rawValue))"
                }
                if isSame, ![.stopped, .crashed].contains(status.state) {
                    return "\(definition.name) is \(status.state.rawValue) on \(report.host): stop it before it gets "
                        + "another definition"
                }
                if !isSame, other.report.cluster == report.cluster, status.definition.name == definition.name {
                    return "\(other.report.host) has a VM that is called \(definition.name): choose another name"
                }
            }
        }
        if definition.memory > report.memory {
            return "\(definition.name) has \(definition.memory) of memory and \(report.host) \(report.memory) in all"
        }
        return nil
    }

    /// Gives the VM what every host of the cluster has, silent ones as far as they were heard: the richest CPU model in
    /// place of `baseline`, and with it the newest version of its kind of machine, which no upgrade of a host changes.
    /// Returns why it cannot.
    private func settle(_ definition: inout VirtualMachineDefinition, in cluster: ClusterName) -> String? {
        guard definition.processorModel == VirtualMachineDefinition.baselineModel else { return nil }
        let records = hostRecords.filter { $0.report.cluster == cluster }
        if let silent = records.first(where: { $0.report.capabilities?.processorModels.isEmpty ?? true }) {
            return
                "the baseline of cluster \(cluster) is not known: \(silent.report.host) does not say which CPU models it "
                + "has; name one in place of 'baseline'"
        }
        let known = records.compactMap(\.report.capabilities)
        guard let model = CommonBaseline.processorModel(of: known) else {
            return "the hosts of cluster \(cluster) have no CPU model in common: name one in place of 'baseline'"
        }
        definition.processorModel = model
        definition.machine = CommonBaseline.machine(definition.machine, of: known) ?? definition.machine
        return nil
    }
}

extension HostTask {
    /// The VM that it brings to a host.
    fileprivate var made: VirtualMachineDefinition? {
        switch self {
        case .define(let definition), .start(let definition): definition
        default: nil
        }
    }
}
