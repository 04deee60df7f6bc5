import FleetModel

/// Answers requests over a snapshot: pure, without a clock; the same answer for the same input.
public struct Planner: Sendable {
    /// What every plan keeps to.
    public let limits: PlannerLimits

    /// A planner that keeps to `limits`.
    public init(limits: PlannerLimits = PlannerLimits()) {
        self.limits = limits
    }

    /// The fewest actions that reach what is asked, or why there are none. Every host that an action touches stays
    /// under its ceilings after that action and while the VM's memory is held on both sides.
    public func plan(_ request: PlanRequest, on snapshot: FleetSnapshot) -> PlanOutcome {
        var fleet = prepare(snapshot)
        return plan(request, on: &fleet)
    }

    /// The picture, ready for any number of plans and re-checks.
    public func prepare(_ snapshot: FleetSnapshot) -> PreparedFleet { PreparedFleet(snapshot, limits: limits) }

    /// The same, where an earlier picture was prepared already: a cluster in which nothing has changed is taken over.
    public func prepare(_ snapshot: FleetSnapshot, keeping old: PreparedFleet?) -> PreparedFleet {
        old.map { PreparedFleet(snapshot, limits: limits, keeping: $0) } ?? prepare(snapshot)
    }

    /// The same on a picture that was prepared by a planner with these limits.
    public func plan(_ request: PlanRequest, on fleet: inout PreparedFleet) -> PlanOutcome {
        let outcome = outcome(of: request, on: &fleet)
        guard case .plan(var plan) = outcome, case .migrate(_, let source, _) = plan.actions.first?.kind,
            let cluster = fleet.snapshot.host(source)?.cluster, let caveat = fleet.reserveCaveat(of: cluster)
        else { return outcome }
        plan.explanation += " \(caveat)"
        return .plan(plan)
    }

    private func outcome(of request: PlanRequest, on fleet: inout PreparedFleet) -> PlanOutcome {
        switch request {
        case .relieveHost(let name, let resource, let target):
            guard let source = fleet.snapshot.host(name) else { return Self.noHost(name) }
            return Relief(source: source, resource: resource, target: target, &fleet).plan()
        case .balanceCluster(let cluster, let aggressiveness):
            return Balance(cluster: cluster, aggressiveness: aggressiveness, &fleet).plan()
        case .evacuateHost(let name), .drainHost(let name):
            guard let source = fleet.snapshot.host(name) else { return Self.noHost(name) }
            return Evacuation(source: source, takesPart: request == .drainHost(name), &fleet).plan()
        case .relieveCluster(let cluster, let target):
            return ClusterRelief(cluster: cluster, target: target, &fleet).plan()
        case .consolidateCluster(let cluster): return Consolidation(cluster: cluster, &fleet).plan()
        case .migrate(let id, let destination): return migrate(id, to: destination, on: &fleet)
        }
    }

    private static func noHost(_ name: HostName) -> PlanOutcome {
        .impossible(reason: "the fleet has no host \(name)", rejected: [])
    }

    /// The re-check right before `action`: why it must not be done on the fleet as it is now; `nil` when it may.
    ///
    /// With `automatic`, anything unknown and the VM's cool-down are objections too. A host's own cool-down is not:
    /// the second action of a plan comes right after the first.
    public func objection(to action: PlannedAction, on snapshot: FleetSnapshot, automatic: Bool) -> String? {
        var fleet = prepare(snapshot)
        return objection(to: action, on: &fleet, automatic: automatic)
    }

    /// The same on a picture that was prepared by a planner with these limits.
    public func objection(to action: PlannedAction, on fleet: inout PreparedFleet, automatic: Bool) -> String? {
        guard case .migrate(let id, let from, let to) = action.kind else { return "it is not a migration" }
        guard let (source, machine) = fleet.snapshot.locate(id) else {
            return "no host reports VM \(action.virtualMachineName) any more"
        }
        guard source.name == from else { return "VM \(machine.name) is on \(source.name) now, not on \(from)" }
        return objection(
            toMoving: machine, from: source, to: to, on: &fleet, automatic: automatic, with: action.companions ?? [])
    }

    // MARK: One named move

    private func migrate(_ id: VirtualMachineID, to name: HostName, on fleet: inout PreparedFleet) -> PlanOutcome {
        let snapshot = fleet.snapshot
        guard let (source, machine) = snapshot.locate(id) else {
            return .impossible(reason: "no host reports a VM \(id)", rejected: [])
        }
        if let reason = objection(toMoving: machine, from: source, to: name, on: &fleet, automatic: false) {
            let rejected = RejectedCandidate(virtualMachine: machine.name, destination: name, reason: reason)
            return .impossible(reason: reason, rejected: [rejected])
        }
        guard let destination = snapshot.host(name) else { return Self.noHost(name) }
        var forecast = Forecast(limits: limits)
        let action = forecast.move(machine, from: source, to: destination)
        return .plan(
            Plan(
                actions: [action], explanation: explanation(of: action, machine, from: source, to: destination),
                snapshotVersion: snapshot.version))
    }

    private func objection(
        toMoving machine: PlacementVM, from source: PlacementHost, to name: HostName,
        on fleet: inout PreparedFleet, automatic: Bool, with companions: [VirtualMachineID] = []
    ) -> String? {
        let check = fleet.check(in: source.cluster)
        if let reason = check.objection(toMoving: machine, from: source, with: companions) {
            return "VM \(machine.name): \(reason)"
        }
        if automatic, let reason = check.caution(aboutMoving: machine) { return "VM \(machine.name): \(reason)" }
        guard let destination = fleet.snapshot.host(name) else { return "the fleet has no host \(name)" }
        let load = HostLoad(destination, limits: limits)
        let machineLoad = MachineLoad(machine, on: source, limits: limits)
        let reason =
            check.objection(to: destination, for: machine, from: source)
            ?? (automatic ? check.unknown(of: load) ?? check.caution(aboutReturning: machine, to: name) : nil)
            ?? check.limitBroken(by: machineLoad, on: load)
            ?? reserveObjection(toMoving: machine, to: destination, on: &fleet)
        return reason.map { "\(name): \($0)" }
    }

    private func reserveObjection(
        toMoving machine: PlacementVM, to destination: PlacementHost, on fleet: inout PreparedFleet
    ) -> String? {
        var reserve = fleet.reserveGuard(of: destination.cluster)
        return reserve?.objection(toMoving: machine.id, to: destination.name)
    }

    private func explanation(
        of action: PlannedAction, _ machine: PlacementVM, from source: PlacementHost, to destination: PlacementHost
    ) -> String {
        let move = "\(machine.name) moves from \(source.name) to \(destination.name), as asked."
        guard let change = action.prediction.destinationProcessor else {
            return "\(move) What that does to the processors cannot be predicted: a load is unknown."
        }
        return "\(move) \(destination.name)'s processor is expected to go from \(Wording.percent(change.before)) to "
            + "\(Wording.percent(change.after)) busy."
    }
}
