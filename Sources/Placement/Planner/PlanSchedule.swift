import FleetModel

/// Which steps of a plan can be made at the same time, and which must wait for others.
///
/// A step waits for another one where its destination has room for it only once the other has left, and where the other
/// takes a VM the same way that its own must share a host with: if that fails, nothing is parted (`after`). It waits, too,
/// where one of its hosts, or the cluster, takes part in as many moves as it may already (`wave`).
struct PlanSchedule {
    private let limits: PlannerLimits
    private let check: MoveCheck
    private let compiled: CompiledCluster

    init(_ cluster: PreparedCluster) {
        limits = cluster.check.limits
        check = cluster.check
        compiled = cluster.compiled
    }

    private func host(_ name: HostName) -> PlacementHost? { compiled.places[name].map { compiled.hosts[$0] } }

    /// The same actions with what each of them waits for.
    func arrange(_ actions: [PlannedAction]) -> [PlannedAction] {
        var arranged = actions
        var used: [HostName: [Int: Int]] = [:]
        var inWave: [Int: Int] = [:]
        for place in arranged.indices {
            let after = prerequisites(of: place, in: arranged) + company(of: place, in: arranged)
            var wave = after.reduce(0) { max($0, (arranged[$1].wave ?? 0) + 1) }
            let hosts = arranged[place].hosts
            while inWave[wave] ?? 0 >= max(1, limits.movesInCluster)
                || hosts.contains(where: { (used[$0]?[wave] ?? 0) >= max(1, limits.movesAtATime) })
            { wave += 1 }
            inWave[wave, default: 0] += 1
            for host in hosts { used[host, default: [:]][wave, default: 0] += 1 }
            arranged[place].after = after
            arranged[place].wave = wave
        }
        return arranged
    }

    /// The last step before it that takes one of its companions.
    private func company(of place: Int, in actions: [PlannedAction]) -> [Int] {
        actions[..<place].indices.last { actions[$0].accompanies(actions[place]) }.map { [$0] } ?? []
    }

    /// The steps before it without which its destination would be over a limit.
    private func prerequisites(of place: Int, in actions: [PlannedAction]) -> [Int] {
        guard case .migrate(let id, let from, let to) = actions[place].kind, let destination = host(to),
            let source = host(from), let machine = source.virtualMachines.first(where: { $0.id == id })
        else { return [] }
        var load = HostLoad(destination, limits: limits)
        let own = MachineLoad(machine, on: source, limits: limits)
        var leaving: [Int] = []
        for other in actions[..<place].indices {
            guard case .migrate(let guest, let start, let end) = actions[other].kind,
                let home = host(start), let moved = home.virtualMachines.first(where: { $0.id == guest })
            else { continue }
            if end == to { load.add(MachineLoad(moved, on: home, limits: limits)) }
            if start == to { leaving.append(other) }
        }
        var needed: [Int] = []
        while check.limitBroken(by: own, on: load) != nil, let other = leaving.first {
            leaving.removeFirst()
            guard case .migrate(let guest, _, _) = actions[other].kind,
                let moved = destination.virtualMachines.first(where: { $0.id == guest })
            else { continue }
            load.remove(MachineLoad(moved, on: destination, limits: limits))
            needed.append(other)
        }
        return needed
    }
}
