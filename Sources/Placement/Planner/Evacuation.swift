import FleetModel

/// evacuate-host: every VM of a host to another one, for maintenance; or, where that will do, as many as can leave.
struct Evacuation {
    let source: PlacementHost
    /// Whether a part is better than nothing.
    let takesPart: Bool
    let snapshot: FleetSnapshot
    let limits: PlannerLimits
    let cluster: PreparedCluster

    init(source: PlacementHost, takesPart: Bool, _ fleet: inout PreparedFleet) {
        self.source = source
        self.takesPart = takesPart
        snapshot = fleet.snapshot
        limits = fleet.limits
        cluster = fleet.cluster(source.cluster, isAutomatic: false)
    }

    /// Moves that are tried, in all orders together.
    private static let tries = 4000

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
        let units = EvacuationUnit.units(of: machines, on: host, fleet) { compiled.machines[$0].traits.priority }
        // The most urgent leave first: nobody knows how long the host has.
        var books = cluster.books
        books.tries = Self.tries
        let found = Emptying(fleet: fleet, host: host, units: units).best(books)
        let moves = found.moves
            .enumerated().sorted { ($0.element.unit.priority, $1.offset) > ($1.element.unit.priority, $0.offset) }
            .map(\.element)
        var assembly = Assembly(cluster)
        for move in moves {
            let before = assembly
            let isWhole = move.unit.machines.allSatisfy { machine in
                assembly.add(
                    DenseMove(machine: machine, from: host, to: move.target), isAutomatic: false,
                    with: move.unit.machines.filter { $0 != machine })
            }
            if !isWhole { assembly = before }
        }
        let gone = Set(assembly.actions.compactMap(\.virtualMachine))
        let stuck = source.virtualMachines.filter { !gone.contains($0.id) }
        for machine in stuck { explain(machine, source, compiled, check, &assembly) }
        return outcome(assembly, stuck, isCut: found.isCut)
    }

    /// Says for each host why the VM cannot go there.
    private func explain(
        _ machine: PlacementVM, _ source: PlacementHost, _ compiled: CompiledCluster, _ check: MoveCheck,
        _ assembly: inout Assembly
    ) {
        if let reason = check.objection(toMoving: machine, from: source, alone: false) {
            return assembly.reject(machine.name, nil, reason)
        }
        let company = check.rules.company(of: machine.id)
        for mate in source.virtualMachines where company.contains(mate.id) {
            guard let reason = check.objection(toMoving: mate, from: source, alone: false) else { continue }
            return assembly.reject(machine.name, nil, "it must share a host with \(mate.name): \(reason)")
        }
        var reserve = cluster.reserveGuard
        for (place, (host, load)) in zip(compiled.hosts, compiled.loads).enumerated()
        where host.name != source.name && !assembly.rejections.isFull {
            let reason =
                check.objection(to: host, for: machine, from: source) ?? check.unknown(of: load)
                ?? check.limitBroken(by: MachineLoad(machine, on: source, limits: limits), on: load)
                ?? reserve?.objection(toMoving: machine.id, to: host.name)
            let later = assembly.objection(to: place, for: machine, from: source).map { "with the others there, \($0)" }
            assembly.reject(
                machine.name, host.name, reason ?? later ?? "other VMs of \(source.name) take its room or the reserve's"
            )
        }
    }

    private func outcome(_ assembly: Assembly, _ stuck: [PlacementVM], isCut: Bool) -> PlanOutcome {
        let rejected = assembly.rejections.list
        let shortfall = stuck.isEmpty ? nil : shortfall(stuck, rejected) + (isCut ? "." + ReliefWriter.cutShort : "")
        if let shortfall, !takesPart || assembly.actions.isEmpty {
            return .impossible(reason: shortfall, rejected: rejected)
        }
        let actions = PlanSchedule(cluster).arrange(assembly.actions)
        let waves = (actions.compactMap(\.wave).max() ?? 0) + 1
        let what = shortfall.map { $0 + (isCut ? "" : ".") + " What can leave does" } ?? "\(source.name) is emptied"
        return .plan(
            Plan(
                actions: actions,
                explanation: "\(what) by \(Wording.count(actions.count, "move")), those with "
                    + "the highest priority first, each to a host that stays under its ceilings. None "
                    + (actions.contains { $0.companions != nil } ? "but those that go together " : "")
                    + "needs another one first; at most \(limits.movesAtATime) at a time on each host make "
                    + "\(Wording.count(waves, "wave"))."
                    + together(actions),
                rejected: rejected, shortfall: shortfall, snapshotVersion: snapshot.version))
    }

    /// Who stays; where a part is taken also why, of those of which there is one reason for all hosts.
    private func shortfall(_ stuck: [PlacementVM], _ rejected: [RejectedCandidate]) -> String {
        let shown = stuck.prefix(Self.mostNamed).map { machine in
            let reasons = Set(rejected.lazy.filter { $0.virtualMachine == machine.name }.map(\.reason))
            guard takesPart, reasons.count == 1, let reason = reasons.first else { return machine.name }
            return "\(machine.name): \(reason)"
        }
        let names = shown.joined(separator: takesPart ? "; " : ", ") + (stuck.count > shown.count ? " and others" : "")
        let part = stuck.count == 1 ? "stays where it is" : "stay where they are"
        let verb = takesPart ? part : "would have to stay"
        return "\(source.name) cannot be emptied: \(Wording.count(stuck.count, "VM")) \(verb) (\(names))"
    }

    private static let mostNamed = 5

    /// What becomes of VMs that must share a host.
    private func together(_ actions: [PlannedAction]) -> String {
        let names = actions.filter { $0.companions != nil }.map(\.virtualMachineName)
        if names.isEmpty { return "" }
        return
            " \(names.joined(separator: ", ")) must share a host with others that go the same way, one right after the "
            + "other: until the last of them has arrived they are apart."
    }
}
