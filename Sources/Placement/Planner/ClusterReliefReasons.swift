import FleetModel

/// Says for a person why hosts of a cluster stay over a target: what keeps their VMs where they are.
struct ClusterReliefReasons {
    let prepared: PreparedCluster
    let target: Double

    private var compiled: CompiledCluster { prepared.compiled }
    private var limits: PlannerLimits { prepared.check.limits }

    /// Hosts that are explained, VMs of each, and destinations of each VM: what a person reads.
    private static let mostHosts = 5
    private static let mostMachines = 5
    private static let mostDestinations = 3

    /// Adds why the hosts are not relieved, and which hosts take nothing.
    func add(_ stuck: [Int], to assembly: inout Assembly) {
        let check = prepared.capped(at: target).check
        let closed = zip(compiled.hosts, compiled.loads).map { check.objection(toUsing: $0, $1) }
        let open = closed.indices.filter { closed[$0] == nil }.sorted {
            (compiled.loads[$0].pressure, $0) < (compiled.loads[$1].pressure, $1)
        }
        var reserve = prepared.reserveGuard
        for place in stuck.prefix(Self.mostHosts) {
            let movers = compiled.hosts[place].virtualMachines.sorted {
                ($0.processorUse ?? 0, $1.name) > ($1.processorUse ?? 0, $0.name)
            }
            for machine in movers.prefix(Self.mostMachines) {
                explain(machine, on: place, open.filter { $0 != place }, check, &reserve, &assembly)
            }
        }
        for (host, reason) in zip(compiled.hosts, closed) {
            if let reason { assembly.reject("any VM", host.name, reason) }
        }
    }

    private func explain(
        _ machine: PlacementVM, on origin: Int, _ open: [Int], _ check: MoveCheck,
        _ reserve: inout ReserveGuard?, _ assembly: inout Assembly
    ) {
        let source = compiled.hosts[origin]
        if let reason = check.objection(toMoving: machine, from: source) ?? check.caution(aboutMoving: machine)
            ?? check.caution(aboutTouching: source)
        {
            return assembly.reject(machine.name, nil, reason)
        }
        let load = MachineLoad(machine, on: source, limits: limits)
        for place in open.prefix(Self.mostDestinations) {
            let host = compiled.hosts[place]
            let reason =
                check.objection(to: host, for: machine, from: source)
                ?? check.caution(aboutReturning: machine, to: host.name)
                ?? check.limitBroken(by: load, on: compiled.loads[place])
                ?? reserve?.objection(toMoving: machine.id, to: host.name)
            guard let reason else {
                let left = compiled.loads[origin].without(load).processorShare
                return assembly.reject(machine.name, host.name, self.left(at: left, of: source.name))
            }
            assembly.reject(machine.name, host.name, reason)
        }
    }

    /// Why a move that could be made is not: it alone does not do.
    private func left(at share: Double?, of host: HostName) -> String {
        guard let share, share.isFinite, share > target else { return "other VMs take its room" }
        return "it would leave \(host) at \(Wording.percent(share)), and no choice of VMs was found that is enough"
    }
}
