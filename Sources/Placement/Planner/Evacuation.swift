import FleetModel

/// evacuate-host: every VM of a host to another one, the largest first, each to where the load stays lowest.
struct Evacuation {
    let source: PlacementHost
    let snapshot: FleetSnapshot
    let limits: PlannerLimits

    func plan() -> PlanOutcome {
        if source.isSilent {
            return .impossible(
                reason: "\(source.name) is silent: nobody knows what runs there", rejected: [])
        }
        if source.virtualMachines.isEmpty {
            return .impossible(reason: "no VM runs on \(source.name)", rejected: [])
        }
        var emptying = Emptying(self)
        for machine in source.virtualMachines.sorted(by: { ($0.memory, $1.id) > ($1.memory, $0.id) }) {
            emptying.place(machine)
        }
        return outcome(emptying.actions, emptying.stuck, emptying.rejections)
    }

    private func outcome(_ actions: [PlannedAction], _ stuck: [String], _ rejections: Rejections) -> PlanOutcome {
        guard stuck.isEmpty else {
            let names = stuck.prefix(5).joined(separator: ", ") + (stuck.count > 5 ? " and others" : "")
            return .impossible(
                reason: "\(source.name) cannot be emptied: \(Wording.count(stuck.count, "VM")) would have to stay "
                    + "(\(names))",
                rejected: rejections.list)
        }
        return .plan(
            Plan(
                actions: actions,
                explanation: "\(source.name) is emptied by \(Wording.count(actions.count, "move")), the largest VM "
                    + "first, each to the host that stays least loaded. None needs another one first.",
                rejected: rejections.list, snapshotVersion: snapshot.version))
    }
}

/// An evacuation as far as it has come: what each host carries with the VMs that were given to it.
private struct Emptying {
    private let source: PlacementHost
    private let limits: PlannerLimits
    private var check: MoveCheck
    private var reserve: ReserveGuard?
    private var destinations: [(host: PlacementHost, load: HostLoad)]
    private var forecast: Forecast
    private(set) var rejections = Rejections()
    private(set) var actions: [PlannedAction] = []
    /// VMs that have to stay.
    private(set) var stuck: [String] = []

    init(_ evacuation: Evacuation) {
        let limits = evacuation.limits
        let snapshot = evacuation.snapshot
        // The host is on its way out: that it is closed to VMs does not keep its own from leaving.
        var source = evacuation.source
        source.unavailableReason = nil
        self.source = source
        self.limits = limits
        check = MoveCheck(limits: limits, time: snapshot.time, rules: RuleBook(snapshot))
        reserve = ReserveGuard(source.cluster, of: snapshot, limits: limits)
        destinations = snapshot.hosts.filter { $0.cluster == source.cluster && $0.name != source.name }
            .map { ($0, HostLoad($0, limits: limits)) }
        forecast = Forecast(snapshot: snapshot, limits: limits)
    }

    /// Gives the VM to the host that stays least loaded with it, or notes that none can have it.
    mutating func place(_ machine: PlacementVM) {
        if let reason = check.objection(toMoving: machine, from: source) {
            rejections.add(machine.name, nil, reason)
            stuck.append(machine.name)
            return
        }
        let load = MachineLoad(machine, on: source, limits: limits)
        for place in byPressure(with: load) {
            let (host, now) = destinations[place]
            let objection =
                check.objection(to: host, for: machine, from: source) ?? check.unknown(of: now)
                ?? check.limitBroken(by: load, on: now) ?? reserve?.take(machine.id, to: host.name)
            if let objection {
                rejections.add(machine.name, host.name, objection)
                continue
            }
            destinations[place].load.add(load)
            check.rules.arrived(machine, on: host.name)
            actions.append(forecast.move(machine, from: source, to: host))
            return
        }
        stuck.append(machine.name)
    }

    private func byPressure(with load: MachineLoad) -> [Int] {
        let pressures = destinations.map { $0.load.adding(load).pressure }
        return destinations.indices.sorted { (pressures[$0], $0) < (pressures[$1], $1) }
    }
}
