import FleetModel

/// Who runs VMs in each cluster and what can be done to them there, by the hosts' last reports.
public struct FleetAbilities: Sendable, Hashable {
    private struct Host: Hashable {
        var providers: Set<PackNeeds.Provider> = []
        var receives: Set<PackNeeds.Provider> = []
        /// Whether it has said what it can do; an agent that has just started has not.
        var isKnown = false
    }

    private var hosts: [ClusterName: [Host]] = [:]
    private var runBy: [VirtualMachineID: PackNeeds.Provider] = [:]
    private var readOnly: [VirtualMachineID: String] = [:]

    /// What the hosts say.
    public init(_ reports: [HostReport]) {
        for report in reports {
            var host = Host()
            if let able = report.capabilities {
                host.isKnown = true
                if able.emulatorVersion != nil { host.providers.insert(.qemu) }
                if able.libvirtAddress != nil {
                    host.providers.insert(.libvirt)
                    host.receives.insert(.libvirt)
                }
            }
            for status in report.virtualMachines {
                let provider: PackNeeds.Provider = status.manager == VirtualMachineStatus.libvirt ? .libvirt : .qemu
                host.providers.insert(provider)
                runBy[status.definition.id] = provider
                readOnly[status.definition.id] = status.readOnly
            }
            if report.migrationAddress != nil, host.providers.contains(.qemu) { host.receives.insert(.qemu) }
            hosts[report.cluster, default: []].append(host)
        }
    }

    /// Clusters that hosts have reported from, by name.
    public var clusters: [ClusterName] { hosts.keys.sorted() }

    // MARK: Needs of packs

    /// What `needs` asks for and `cluster` lacks, for a person; `nil` where it has all of it.
    public func obstacle(to needs: PackNeeds, in cluster: ClusterName) -> String? {
        guard !needs.providers.isEmpty || !needs.actions.isEmpty else { return nil }
        guard let hosts = hosts[cluster] else { return "no host of cluster \(cluster) has reported yet" }
        let there = hosts.reduce(into: Set<PackNeeds.Provider>()) { $0.formUnion($1.providers) }
        let usable = needs.providers.isEmpty ? there : there.intersection(needs.providers)
        if usable.isEmpty {
            let wanted = needs.providers.map(\.rawValue).sorted().joined(separator: " or ")
            let found = there.map(\.rawValue).sorted().joined(separator: " and ")
            return "the pack needs VMs that \(wanted.isEmpty ? "somebody" : wanted) runs, and in cluster \(cluster) "
                + (found.isEmpty ? "nobody runs any" : "\(found) runs them")
        }
        if needs.actions.contains(.migrate), !canMigrate(hosts, by: usable) {
            return "the pack needs to migrate VMs, and fewer than two hosts of cluster \(cluster) can receive any"
        }
        return nil
    }

    private func canMigrate(_ hosts: [Host], by providers: Set<PackNeeds.Provider>) -> Bool {
        providers.contains { provider in hosts.count { $0.receives.contains(provider) } >= 2 }
    }

    // MARK: Tips

    /// Why a tip about `subject` of a pack with these needs is advice, for a person; `nil` where nothing is in the way.
    public func obstacle(
        to needs: PackNeeds, _ remediation: RemediationName, for subject: TipSubject
    ) -> String? {
        if case .virtualMachine(let id, let cluster) = subject {
            if let provider = runBy[id], !needs.providers.isEmpty, !needs.providers.contains(provider) {
                let wanted = needs.providers.map(\.rawValue).sorted().joined(separator: " or ")
                return "the pack needs VMs that \(wanted) runs, and \(provider.rawValue) runs this one"
            }
            if !remediation.actions.isEmpty || !needs.actions.isEmpty, let reason = readOnly[id] {
                return "nothing is done to this VM: \(reason)"
            }
            return obstacle(to: needs, in: cluster)
        }
        return obstacle(to: needs, in: subject.cluster)
    }
}

extension RemediationName {
    /// What a provider must be able to do for it.
    var actions: Set<PackNeeds.Action> {
        switch self {
        case .relieveHost, .balanceCluster, .evacuateHost, .migrateVirtualMachine, .consolidateCluster: [.migrate]
        case .resizeVirtualMachine: [.resize]
        case .balloonVirtualMachine: [.balloon]
        case .restartVirtualMachine: [.restart]
        case .notify, .execute, .webhook: []
        }
    }
}
