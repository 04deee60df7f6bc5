import FleetModel

/// Says for a person what balancing looked at and left alone: hosts that take nothing, VMs that may not move, and moves
/// that are not worth their cost or that something forbids.
struct BalanceReasons {
    let prepared: PreparedCluster

    private var compiled: CompiledCluster { prepared.compiled }
    private var limits: PlannerLimits { prepared.check.limits }

    /// Hosts of the lowest load of which each is said why it does not take a VM that none takes.
    private static let mostHosts = 3

    /// Adds the reasons to what the plan's own check rejected.
    func add(_ search: borrowing BalanceSearch, to assembly: inout Assembly) {
        for refusal in search.refusals(atMost: limits.maximumMoves) {
            let machine = compiled.machines[refusal.machine].name
            if let host = refusal.host {
                assembly.reject(machine, compiled.hosts[host].name, words(refusal.reason))
            } else {
                addObstacles(of: refusal.machine, search.coolest(), &assembly)
            }
        }
        for source in search.busiest() { addImmovable(on: source, &assembly) }
        for (host, load) in zip(compiled.hosts, compiled.loads) {
            if let reason = prepared.check.objection(toUsing: host, load) {
                assembly.reject("any VM", host.name, reason)
            }
        }
    }

    private func words(_ reason: BalanceRefusal.Reason) -> String {
        switch reason {
        case .noHost: "no host takes it"
        case .reserve:
            "with the moves before it the cluster could no longer lose "
                + (prepared.failures == 1 ? "any host" : "any \(prepared.failures) hosts")
        case .full: "it would be worth its cost, but a plan makes at most \(Wording.count(limits.maximumMoves, "move"))"
        case .notWorth(let share) where share <= 0: "it would make the balance no better"
        case .notWorth(let share):
            "over \(Wording.span(limits.stabilityWindow)) it would save \(Wording.percent(share)) of what it costs"
        }
    }

    /// What keeps a VM that finds no host off those that have most to offer.
    private func addObstacles(of number: Int, _ coolest: [Int], _ assembly: inout Assembly) {
        let machine = compiled.machines[number]
        let source = compiled.hosts[Int(compiled.fleet.places[number])]
        if compiled.fleet.isPaired(number) {
            assembly.reject(machine.name, nil, "it must share a host with others, which are not moved one by one")
            return
        }
        for place in coolest.lazy.filter({ compiled.hosts[$0].name != source.name }).prefix(Self.mostHosts) {
            let name = compiled.hosts[place].name
            let reason =
                assembly.objection(to: place, for: machine, from: source)
                ?? prepared.check.caution(aboutReturning: machine, to: name)
            assembly.reject(machine.name, name, reason ?? "it would be expected to be too busy with it")
        }
    }

    private func addImmovable(on place: Int, _ assembly: inout Assembly) {
        let host = compiled.hosts[place]
        for machine in host.virtualMachines {
            guard let number = compiled.numbers[machine.id], !compiled.fleet.isMovable[number] else { continue }
            let reason =
                prepared.check.objection(toMoving: machine, from: host) ?? prepared.check.caution(aboutMoving: machine)
                ?? prepared.check.caution(aboutTouching: host)
            assembly.reject(machine.name, nil, reason ?? "it may not move")
        }
    }
}
