import FleetModel

/// What a VM must find on a host to run there at all.
struct ReachKey: Hashable {
    let accelerator: Accelerator?
    let processorModel: String?
    let datastores: Set<String>
    let networks: Set<String>

    init(_ machine: PlacementVM) {
        accelerator = machine.accelerator
        processorModel = machine.traits.processorModel
        datastores = machine.traits.datastores
        networks = machine.traits.networks
    }

    /// Why a VM that needs this cannot run on the host; what is unknown of the host is no yes.
    func objection(to host: PlacementHost) -> String? {
        if let wanted = accelerator, wanted != host.accelerator {
            return "it runs VMs under \(host.accelerator.rawValue), the VM runs under \(wanted.rawValue)"
        }
        if let model = processorModel {
            guard let models = host.traits.processorModels else { return "its CPU models are unknown" }
            if !models.contains(model) { return "it does not have the VM's CPU model \(model)" }
        }
        return Self.missing("datastore", datastores, host.traits.datastores)
            ?? Self.missing("network", networks, host.traits.networks)
    }

    private static func missing(_ what: String, _ wanted: Set<String>, _ there: Set<String>?) -> String? {
        guard let first = wanted.min() else { return nil }
        guard let there else { return "it is unknown whether it reaches \(what) \(first)" }
        return wanted.subtracting(there).min().map { "it does not reach \(what) \($0)" }
    }
}

/// The hosts that can run a VM, worked out once for VMs that need the same.
struct HostReach {
    private let hosts: [PlacementHost]
    private var known: [ReachKey: [Int]?] = [:]

    init(_ hosts: [PlacementHost]) { self.hosts = hosts }

    /// `nil` for all.
    mutating func hosts(for machine: PlacementVM) -> [Int]? {
        let key = ReachKey(machine)
        if let known = known[key] { return known }
        let able = hosts.indices.filter { key.objection(to: hosts[$0]) == nil }
        let answer = able.count == hosts.count ? nil : able
        known[key] = .some(answer)
        return answer
    }
}
