import FleetModel

/// evacuate-host: every VM of a host to another one, for maintenance.
struct Evacuation {
    let source: PlacementHost
    let snapshot: FleetSnapshot
    let limits: PlannerLimits
    let cluster: PreparedCluster

    init(source: PlacementHost, _ fleet: inout PreparedFleet) {
        self.source = source
        snapshot = fleet.snapshot
        limits = fleet.limits
        cluster = fleet.cluster(source.cluster, isAutomatic: false)
    }

    func plan() -> PlanOutcome {
        if source.isSilent {
            return .impossible(
                reason: "\(source.name) is silent: nobody knows what runs there", rejected: [])
        }
        if source.virtualMachines.isEmpty {
            return .impossible(reason: "no VM runs on \(source.name)", rejected: [])
        }
        // The host is on its way out: that it is closed to VMs does not keep its own from leaving.
        let source = source.opened
        let check = cluster.check
        let compiled = cluster.compiled
        guard let host = compiled.places[source.name] else {
            return .impossible(reason: "\(source.name) is in no cluster", rejected: [])
        }
        let fleet = cluster.present
        let machines = source.virtualMachines.compactMap { compiled.numbers[$0.id] }
        let moves = Emptying(fleet: fleet, host: host, machines: machines.filter { fleet.isMovable[$0] })
            .best(cluster.books)
        var assembly = Assembly(cluster)
        for move in moves { assembly.add(move, isAutomatic: false) }
        let gone = Set(assembly.actions.compactMap(\.virtualMachine))
        let stuck = source.virtualMachines.filter { !gone.contains($0.id) }
        for machine in stuck { explain(machine, source, compiled, check, &assembly) }
        return outcome(assembly, stuck.map(\.name))
    }

    /// Says for each host why the VM cannot go there.
    private func explain(
        _ machine: PlacementVM, _ source: PlacementHost, _ compiled: CompiledCluster, _ check: MoveCheck,
        _ assembly: inout Assembly
    ) {
        if let reason = check.objection(toMoving: machine, from: source) {
            return assembly.reject(machine.name, nil, reason)
        }
        let reserve = cluster.reserveGuard
        for (host, load) in zip(compiled.hosts, compiled.loads)
        where host.name != source.name && !assembly.rejections.isFull {
            let reason =
                check.objection(to: host, for: machine, from: source) ?? check.unknown(of: load)
                ?? check.limitBroken(by: MachineLoad(machine, on: source, limits: limits), on: load)
                ?? reserve?.objection(toMoving: machine.id, to: host.name)
            assembly.reject(machine.name, host.name, reason ?? "other VMs of \(source.name) take its room")
        }
    }

    private func outcome(_ assembly: Assembly, _ stuck: [String]) -> PlanOutcome {
        guard stuck.isEmpty else {
            let names = stuck.prefix(5).joined(separator: ", ") + (stuck.count > 5 ? " and others" : "")
            return .impossible(
                reason: "\(source.name) cannot be emptied: \(Wording.count(stuck.count, "VM")) would have to stay "
                    + "(\(names))",
                rejected: assembly.rejections.list)
        }
        let actions = PlanSchedule(cluster).arrange(assembly.actions)
        let waves = (actions.compactMap(\.wave).max() ?? 0) + 1
        return .plan(
            Plan(
                actions: actions,
                explanation: "\(source.name) is emptied by \(Wording.count(actions.count, "move")), the largest VM "
                    + "first, each to a host that stays under its ceilings. None needs another one first; at most "
                    + "\(limits.movesAtATime) at a time on each host make \(Wording.count(waves, "wave")).",
                rejected: assembly.rejections.list, snapshotVersion: snapshot.version))
    }
}

/// Finds hosts for all VMs of one: the largest first, each to the host that stays least loaded; where some find none,
/// in other orders, and where they just fit.
private struct Emptying {
    let fleet: DenseFleet
    let host: Int
    let machines: [Int]

    private static let attempts = 64

    /// The moves of the attempt that left the fewest VMs.
    func best(_ start: ReliefBooks) -> [DenseMove] {
        var dice = Dice(seed: 1)
        var order = machines.sorted { left, right in
            let one = size(left)
            let other = size(right)
            return one == other ? left < right : one > other
        }
        var best: [DenseMove] = []
        for attempt in 0..<Self.attempts where best.count < machines.count {
            var books = start
            var stuck: [Int] = []
            var moves: [DenseMove] = []
            for machine in order {
                if let move = place(machine, packs: attempt % 2 == 1, &books) {
                    moves.append(move)
                } else {
                    stuck.append(machine)
                }
            }
            if moves.count > best.count { best = moves }
            // Those that found no room come first next time, and two others change places.
            order = stuck + order.filter { !stuck.contains($0) }
            if attempt % 2 == 1 { order.swapAt(dice.below(order.count), dice.below(order.count)) }
        }
        return best
    }

    private func size(_ machine: Int) -> Int64 { fleet.hardResources == 0 ? 0 : fleet.need(machine, 0) }

    private func place(_ machine: Int, packs: Bool, _ books: inout ReliefBooks) -> DenseMove? {
        let open = (0..<fleet.hosts).filter { $0 != host && books.canTake(machine, on: $0, fleet) }
        let rated = open.map { target in
            let discomfort = fleet.discomfort(of: machine, on: target) { Int(fleet.places[$0]) }
            let pressure = books.pressure(of: target, with: machine, fleet)
            return (target: target, discomfort: discomfort, pressure: packs ? -pressure : pressure)
        }
        let sorted = rated.sorted { ($0.discomfort, $0.pressure, $0.target) < ($1.discomfort, $1.pressure, $1.target) }
        for candidate in sorted {
            let move = DenseMove(machine: machine, from: host, to: candidate.target)
            if books.take(move, fleet) { return move }
        }
        return nil
    }
}
