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
        switch request {
        case .relieveHost(let name, let resource, let target):
            guard let source = snapshot.host(name) else {
                return .impossible(reason: "the fleet has no host \(name)", rejected: [])
            }
            return Relief(source: source, resource: resource, target: target, snapshot: snapshot, limits: limits).plan()
        case .balanceCluster(let cluster, let aggressiveness):
            return Balance(cluster: cluster, aggressiveness: aggressiveness, snapshot: snapshot, limits: limits).plan()
        case .evacuateHost(let name):
            guard let source = snapshot.host(name) else {
                return .impossible(reason: "the fleet has no host \(name)", rejected: [])
            }
            return Evacuation(source: source, snapshot: snapshot, limits: limits).plan()
        case .relieveCluster(let cluster, let target):
            return ClusterRelief(cluster: cluster, target: target, snapshot: snapshot, limits: limits).plan()
        case .consolidateCluster(let cluster):
            return Consolidation(cluster: cluster, snapshot: snapshot, limits: limits).plan()
        case .migrate(let id, let destination):
            return migrate(id, to: destination, on: snapshot)
        }
    }

    /// The re-check right before `action`: why it must not be done on the fleet as it is now; `nil` when it may.
    ///
    /// With `automatic`, anything unknown and the VM's cool-down are objections too. A host's own cool-down is not:
    /// the second action of a plan comes right after the first.
    public func objection(to action: PlannedAction, on snapshot: FleetSnapshot, automatic: Bool) -> String? {
        guard case .migrate(let id, let from, let to) = action.kind else { return "it is not a migration" }
        guard let (source, machine) = snapshot.locate(id) else {
            return "no host reports VM \(action.virtualMachineName) any more"
        }
        guard source.name == from else { return "VM \(machine.name) is on \(source.name) now, not on \(from)" }
        return objection(toMoving: machine, from: source, to: to, on: snapshot, automatic: automatic)
    }

    // MARK: One named move

    private func migrate(_ id: VirtualMachineID, to name: HostName, on snapshot: FleetSnapshot) -> PlanOutcome {
        guard let (source, machine) = snapshot.locate(id) else {
            return .impossible(reason: "no host reports a VM \(id)", rejected: [])
        }
        if let reason = objection(toMoving: machine, from: source, to: name, on: snapshot, automatic: false) {
            let rejected = RejectedCandidate(virtualMachine: machine.name, destination: name, reason: reason)
            return .impossible(reason: reason, rejected: [rejected])
        }
        guard let destination = snapshot.host(name) else {
            return .impossible(reason: "the fleet has no host \(name)", rejected: [])
        }
        var forecast = Forecast(snapshot: snapshot, limits: limits)
        let action = forecast.move(machine, from: source, to: destination)
        return .plan(
            Plan(
                actions: [action], explanation: explanation(of: action, machine, from: source, to: destination),
                snapshotVersion: snapshot.version))
    }

    private func objection(
        toMoving machine: PlacementVM, from source: PlacementHost, to name: HostName, on snapshot: FleetSnapshot,
        automatic: Bool
    ) -> String? {
        let check = MoveCheck(source.cluster, of: snapshot, limits: limits)
        if let reason = check.objection(toMoving: machine, from: source) { return "VM \(machine.name): \(reason)" }
        if automatic, let reason = check.caution(aboutMoving: machine) { return "VM \(machine.name): \(reason)" }
        guard let destination = snapshot.host(name) else { return "the fleet has no host \(name)" }
        let load = HostLoad(destination, limits: limits)
        let machineLoad = MachineLoad(machine, on: source, limits: limits)
        let reason =
            check.objection(to: destination, for: machine, from: source)
            ?? (automatic ? check.unknown(of: load) ?? check.caution(aboutReturning: machine, to: name) : nil)
            ?? check.limitBroken(by: machineLoad, on: load)
            ?? ReserveGuard(source.cluster, of: snapshot, limits: limits)?.objection(
                toMoving: machine.id, to: destination.name)
        return reason.map { "\(name): \($0)" }
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
