import FleetModel
import Placement

/// Who wants an action.
enum Standing: Sendable {
    /// Policy, by itself.
    case policy
    /// An operator who approved a tip's plan.
    case approved
    /// An operator who named the action.
    case named
}

/// What stands against an action.
enum SafetyVerdict: Sendable, Hashable {
    /// Nothing is wrong with it, but its turn has not come.
    case later(String)
    /// Policy must not, an operator may.
    case notByPolicy(String)
    /// It must not be done on the fleet as it is.
    case never(String)

    /// In words, for whoever asked for the action by name.
    var text: String {
        switch self {
        case .later(let reason): "not now: \(reason)"
        case .notByPolicy(let reason), .never(let reason): reason
        }
    }
}

/// The safety envelope: the one place that every action passes right before it begins, whoever wants it.
///
/// | in this order                                                                  | policy | approved | named |
/// | ------------------------------------------------------------------------------ | ------ | -------- | ----- |
/// | `evenkeel stop`; the VM is busy; caps by host, cluster and fleet; hosts that have not reported since | waits | waits | no |
/// | unknown data; budgets of the hour and the day; breaker; another mover; pack held; pack's cool-down after a tip about the same; window; cool-down of the cluster and the hosts; A-B-A; the VM's own level | asks | yes | yes |
/// | source and destination as they are; ceilings; placement rules; reserve; constraints; over-commitment | no | no | no |
/// | loads of host and VM unknown                                                     | no     | no       | yes   |
extension ControlLoop {
    mutating func verdict(on action: PlannedAction, for tip: Tip?, by standing: Standing) -> SafetyVerdict? {
        // Who names an action is not kept waiting for the end of a stop.
        if standing == .named, let reason = stopReason { return .never(reason) }
        if let reason = stopReason ?? turnReason(for: action) ?? startReason(for: action, by: standing)
            ?? tip.flatMap({ unseenRoom(for: action, of: $0) })
        {
            return .later(reason)
        }
        if standing == .policy, let tip, let reason = policyObjection(to: action, for: tip) {
            return .notByPolicy(reason)
        }
        if standing == .named {
            return (endObjection(to: action) ?? constraintObjection(to: action)).map { .never($0) }
        }
        return objection(to: action, of: tip?.number ?? 0, isAutomatic: standing == .policy).map { .never($0) }
    }

    // MARK: Nobody may

    /// Why the action must not be done on the fleet as it is.
    mutating func objection(to action: PlannedAction, of tip: Int64, isAutomatic: Bool) -> String? {
        if case .plugIn(let call, _) = action.kind { return plugInObjection(to: call) }
        if let reason = constraintObjection(to: action) { return reason }
        let planner = planner
        return withPicture(for: tip) { planner.objection(to: action, on: &$0, automatic: isAutomatic) }
            ?? unknownLoad(for: action, in: snapshot(for: tip))
            ?? endObjection(to: action)
    }

    /// What the planner does not look at: whether the source can give the VM and the destination take it.
    func endObjection(to action: PlannedAction) -> String? {
        guard case .migrate(_, let from, let to) = action.kind else { return nil }
        guard let source = source(of: action) else {
            return "\(action.virtualMachineName) does not run on \(from) any more"
        }
        if source.status.manager == VirtualMachineStatus.libvirt {
            guard hosts[to]?.report.capabilities?.libvirtAddress == nil else { return nil }
            return "\(to) takes no VMs of libvirt's: its agent has no libvirt_control or no libvirt_migration_address"
        }
        guard hosts[to]?.report.migrationAddress == nil else { return nil }
        return "\(to) takes no VMs: its agent has no migration address"
    }

    /// Operators' constraints against where VMs are at this moment.
    private func constraintObjection(to action: PlannedAction) -> String? {
        guard case .migrate(let id, _, let to) = action.kind, !policy.isEmpty else { return nil }
        return constraintCheck.objection(toMoving: id, to: to, with: action.companions ?? [])
    }

    var constraintCheck: ConstraintCheck {
        let moves = executions.values.compactMap(\.operation.move).map { ($0.virtualMachine, $0.destination) }
        return ConstraintCheck(policy: policy, places: FleetPlaces(hosts.values, moves: moves))
    }

    /// Who approves a tip trusts its prediction: without loads there is none. An operator may still move a VM by name.
    private func unknownLoad(for action: PlannedAction, in picture: FleetSnapshot) -> String? {
        guard case .migrate(let id, let source, let destination) = action.kind else { return nil }
        for host in [source, destination] where picture.host(host)?.processorUse == nil {
            return "the load of \(host) is unknown"
        }
        let isKnown = picture.locate(id)?.machine.processorUse != nil
        return isKnown ? nil : "the load of \(action.virtualMachineName) is unknown"
    }

    // MARK: Not now

    /// Why an action cannot begin just now, though nothing is wrong with it; `nil` when its turn has come.
    private func turnReason(for action: PlannedAction) -> String? {
        guard case .migrate(let id, let source, let destination) = action.kind else { return nil }
        if let reason = busyReason(id) { return reason }
        let underWay = executions.values.map(\.operation).filter { $0.move != nil }.sorted { $0.number < $1.number }
        let leaving = underWay.filter { $0.move?.source == source }
        if let first = leaving.first, leaving.count >= limits.outgoingPerHost {
            return "operation \(first.number) moves a VM off \(source)"
        }
        let coming = underWay.filter { $0.move?.destination == destination }
        if let first = coming.first, coming.count >= limits.incomingPerHost {
            return "operation \(first.number) moves a VM to \(destination)"
        }
        if underWay.count >= limits.concurrentMigrations {
            return "\(underWay.count) migrations are under way, which is the limit"
        }
        let cluster = hosts[source]?.report.cluster
        let near = underWay.count { $0.move.flatMap { hosts[$0.source]?.report.cluster } == cluster }
        if let cluster, near >= limits.concurrentPerCluster {
            return "\(near) migrations are under way in cluster \(cluster), which is the limit"
        }
        for host in [source, destination] {
            guard let record = hosts[host], let end = past.lastEnd(on: host), record.received <= end else { continue }
            return "\(host) has not reported since its last operation ended at \(end.text)"
        }
        return nil
    }

    /// What was approved before a restart waits until the fleet is known again, rather than being refused for want of
    /// what is about to come.
    private func startReason(for action: PlannedAction, by standing: Standing) -> String? {
        guard standing != .named, let startedAt, now - startedAt < settings.readingsAgeLimit,
            let move = action.migration
        else { return nil }
        for host in [move.from, move.to] {
            if let record = hosts[host], record.received < startedAt {
                return "\(host) has not reported since the server started at \(startedAt.text)"
            }
            if hosts[host] != nil, readings?.hostProcessorUse[host] == nil {
                return "\(host) has not been measured since the server started at \(startedAt.text)"
            }
        }
        return nil
    }

    /// Where an earlier step of the tip's plan made the room that this one needs, loads have to show it first: they are
    /// averages, and a host looks as full as before for a while.
    private func unseenRoom(for action: PlannedAction, of tip: Tip) -> String? {
        guard let move = action.migration, let readings else { return nil }
        let made = tip.operations.compactMap { past.operations[$0] }.last { operation in
            operation.state == .succeeded && operation.move?.source == move.to
                && operation.ended.map { $0 > readings.time - readings.window } == true
        }
        return made.map { "the loads of \(move.to) do not show operation \($0.number) yet" }
    }

    // MARK: Not by policy

    /// Why policy must not do this now, though an operator may; `nil` when it may.
    func policyObjection(to action: PlannedAction, for tip: Tip) -> String? {
        stopReason ?? ignorance ?? budgetObjection ?? breakerObjection ?? holdObjection(for: tip)
            ?? restObjection(for: tip) ?? calendar.objection(in: tip.subject.cluster, at: now)
            ?? machineLevelObjection(to: action)
            ?? coolDownObjection(to: action, for: tip) ?? returnObjection(to: action)
    }

    /// What policy does not know it does not act on.
    private var ignorance: String? {
        if latest - now > settings.readingsAgeLimit {
            return "the server's clock was set back by \((latest - now).text), so what was measured lately is unknown: "
                + "policy goes on once that time has passed, or after a restart of the server"
        }
        if let lastRound, SnapshotBuilder.isFresh(lastRound, at: now, limit: settings.readingsAgeLimit) { return nil }
        let since = lastRound.map { " since \($0.text)" } ?? ""
        return "nothing was measured\(since), and policy does not act on what it does not know"
    }

    private func ownOperations(within span: Duration) -> [FleetModel.Operation] {
        (Array(past.operations.values) + executions.values.map(\.operation)).filter {
            $0.requestedBy == Actor.policy && age(of: $0.created) <= span
        }
    }

    private var budgetObjection: String? {
        let today = ownOperations(within: limits.day).filter { $0.state != .refused }
        let latest = today.count { age(of: $0.created) <= limits.hour }
        if latest >= limits.actionsPerHour {
            return "policy has used up its budget of \(limits.actionsPerHour) actions within \(limits.hour.text)"
        }
        guard today.count >= limits.actionsPerDay else { return nil }
        return "policy has used up its budget of \(limits.actionsPerDay) actions within \(limits.day.text)"
    }

    private var breakerObjection: String? {
        let failed = ownOperations(within: limits.hour).count { $0.state == .failed }
        let useless = past.tips.values.count {
            $0.state == .ineffective && $0.approval?.actor == Actor.policy && age(of: $0.updated) <= limits.hour
        }
        guard failed + useless >= limits.failuresPerHour else { return nil }
        return "\(failed + useless) automatic remediations did not help or failed within \(limits.hour.text): "
            + "an operator decides until that has passed"
    }

    private func holdObjection(for tip: Tip) -> String? {
        let hold = holds[.cluster(tip.subject.cluster)] ?? holds[.pack(tip.pack)]
        return hold.map { "\($0.scope) is held by \($0.actor) since \($0.since.text): \($0.reason)" }
    }

    /// A finding that comes back soon after something was done about it is shown, and left alone for as long as its pack
    /// says.
    private func restObjection(for tip: Tip) -> String? {
        guard let last = past.lastActed(on: tip.key), last.restEnd > now else { return nil }
        return "tip \(last.number) was about the same and ended at \(last.updated.text) (\(last.state.rawValue)); pack "
            + "\(tip.pack) leaves it alone until \(last.restEnd.text)"
    }

    private func machineLevelObjection(to action: PlannedAction) -> String? {
        guard let id = action.virtualMachine, let rule = policy.automation(.machine(id)), rule.level < .automatic else {
            return nil
        }
        return "\(action.virtualMachineName) has level '\(rule.level.rawValue)' of its own"
    }

    private func coolDownObjection(to action: PlannedAction, for tip: Tip) -> String? {
        guard let move = action.migration else { return nil }
        let others = past.operations.values.filter { $0.state == .succeeded && $0.tip != tip.number && $0.move != nil }
        for operation in others {
            guard let ended = operation.ended, let last = operation.move else { continue }
            let rest = age(of: ended)
            if rest < limits.hostCoolDown, let host = [move.from, move.to].first(where: operation.touches) {
                return
                    "operation \(operation.number) moved a VM to or from \(host) \(rest.text) ago; hosts are left alone "
                    + "for \(limits.hostCoolDown.text)"
            }
            let cluster = hosts[last.source]?.report.cluster
            if rest < limits.clusterCoolDown, cluster == tip.subject.cluster {
                return "operation \(operation.number) moved a VM in cluster \(tip.subject.cluster) \(rest.text) ago; "
                    + "clusters are left alone for \(limits.clusterCoolDown.text)"
            }
        }
        return nil
    }

    /// From A to B and back within a short time is what loops do that fight themselves, or somebody else.
    private func returnObjection(to action: PlannedAction) -> String? {
        guard let move = action.migration, let id = action.virtualMachine else { return nil }
        if let other = movers.moves[id], other.from == move.to, age(of: other.seen) < limits.returnTime {
            return "somebody else moved \(action.virtualMachineName) off \(move.to) less than "
                + "\(limits.returnTime.text) ago, and policy does not bring it back"
        }
        let back = past.operations.values.first { operation in
            guard operation.state == .succeeded, let ended = operation.ended, let last = operation.move else {
                return false
            }
            return last.virtualMachine == id && last.source == move.to && age(of: ended) < limits.returnTime
        }
        return back.map {
            "operation \($0.number) moved \(action.virtualMachineName) off \(move.to) less than "
                + "\(limits.returnTime.text) ago, and policy does not bring it back"
        }
    }
}

extension PlannedAction {
    /// From where to where; `nil` where nothing moves.
    var migration: (from: HostName, to: HostName)? {
        guard case .migrate(_, let from, let to) = kind else { return nil }
        return (from, to)
    }
}
