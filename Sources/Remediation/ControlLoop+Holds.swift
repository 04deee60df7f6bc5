import FleetModel

/// What is held until somebody lets go of it: the fleet (`evenkeel stop`), clusters where others move VMs, hosts in
/// maintenance, packs whose actions do not help.
extension ControlLoop {
    /// Why nothing new starts anywhere; `nil` when things may.
    var stopReason: String? {
        (holds[.fleet] ?? unstoredStop).map {
            "everything is stopped by \($0.actor) since \($0.since.text) (\($0.reason)); 'evenkeel stop --resume' lets "
                + "it go on"
        }
    }

    /// Why the action may not begin while everything is stopped. Ending a VM, and looking at one, an operator always may.
    func stopReason(for action: PlannedAction) -> String? {
        switch action.kind {
        case .step(.stop, _), .step(.openConsole, _): nil
        default: stopReason
        }
    }

    /// Hosts in maintenance.
    var heldHosts: [HostName: Hold] {
        var hosts: [HostName: Hold] = [:]
        for (scope, hold) in holds { if case .host(let host) = scope { hosts[host] = hold } }
        return hosts
    }

    mutating func hold(
        _ scope: HoldScope, _ reason: String, cancelling isCancelling: Bool, by actor: String
    ) -> ControlReply {
        if let objection = objection(toHolding: scope) { return .notFound(objection) }
        if case .host(let host) = scope, let reason = stopReason {
            return .refused("\(host) is not taken into maintenance: \(reason)")
        }
        guard reason.contains(where: { !$0.isWhitespace }) else {
            return .refused("say why \(scope) is held: whoever reads the audit log wants to know")
        }
        let isNew = holds[scope] == nil
        if isNew { keep(Hold(scope: scope, actor: actor, since: heldSince(scope), reason: reason)) }
        var called = isCancelling ? cancelAll(in: scope, by: actor) : []
        if scope == .fleet { called += takeBack("everything was stopped by \(actor): \(reason)") }
        if case .host(let host) = scope {
            if !isNew || drainTip(of: host) != nil { return drainAgain(host, by: actor) }
            drain(host, reason, by: actor)
            return .done(tip: drainTip(of: host)?.number)
        }
        if !isNew && isCancelling {
            audit(
                actor, "hold.again",
                "\(scope), held already\(holdText(scope)): what is under way is called off (\(reason))")
        }
        guard isNew || isCancelling else { return .refused("\(scope) is held already\(holdText(scope))") }
        return isCancelling || !called.isEmpty ? .stopped(cancelled: called) : .done()
    }

    /// A stop holds since it was asked for, however long the store did not take it.
    private mutating func heldSince(_ scope: HoldScope) -> Timestamp {
        guard scope == .fleet, let stop = unstoredStop else { return now }
        unstoredStop = nil
        return min(stop.since, now)
    }

    private mutating func keep(_ hold: Hold) {
        holds[hold.scope] = hold
        pictures = [:]
        outbox.save(.saveHold(hold))
        audit(hold.actor, "hold.set", "\(hold.scope): \(hold.reason)")
    }

    private func holdText(_ scope: HoldScope) -> String {
        holds[scope].map { " by \($0.actor) since \($0.since.text) (\($0.reason))" } ?? ""
    }

    private func objection(toHolding scope: HoldScope) -> String? {
        switch scope {
        case .fleet, .pack: return nil
        case .host(let host): return hosts[host] == nil ? "there is no host \(host)" : nil
        case .cluster(let cluster):
            let isKnown = hosts.values.contains { $0.report.cluster == cluster }
            return isKnown ? nil : "no host reports from cluster \(cluster)"
        }
    }

    mutating func release(_ scope: HoldScope, by actor: String) -> ControlReply {
        let unstored = scope == .fleet ? unstoredStop : nil
        guard let hold = holds.removeValue(forKey: scope) ?? unstored else {
            return .notFound("\(scope) is not held")
        }
        if scope == .fleet { unstoredStop = nil }
        pictures = [:]
        outbox.save(.removeHold(scope))
        audit(actor, "hold.end", "\(scope), held by \(hold.actor) since \(hold.since.text): \(hold.reason)")
        if case .host(let host) = scope { endDrain(of: host, by: actor) }
        for number in tips.keys { plannings[number] = nil }
        planWaitingTips()
        advance()
        return .done()
    }

    /// Calls off moves and plug-ins that are under way there. Returns which.
    private mutating func cancelAll(in scope: HoldScope, by actor: String) -> [Int64] {
        executions.keys.sorted().filter { number in
            guard let operation = executions[number]?.operation, !(executions[number] is StepExecution),
                concerns(scope, operation), case .done = cancel(number, by: actor)
            else { return false }
            return true
        }
    }

    private func concerns(_ scope: HoldScope, _ operation: FleetModel.Operation) -> Bool {
        switch scope {
        case .fleet: true
        case .host(let host): operation.touches(host)
        case .cluster(let cluster): operation.action.hosts.contains { hosts[$0]?.report.cluster == cluster }
        case .pack(let pack): operation.tip.flatMap { tip($0)?.pack } == pack
        }
    }

    // MARK: Others who move VMs

    /// A VM that moved without us: somebody else is at work in the cluster, and two who balance fight each other.
    mutating func standDownForOthers(_ report: HostReport) {
        let past = past
        let executions = executions
        let claims = claims
        let findings = movers.note(report, at: now) {
            claims.isClaimed($0, by: $1)
        } isOurs: { id, host, since in
            // Where its host bears another name meanwhile, it is our own move all the same.
            executions.values.contains {
                $0.operation.action.virtualMachine == id && ($0.operation.move != nil || $0.operation.touches(host))
            }
                || past.hasTouched(id, on: host, since: since)
        }
        guard let finding = findings.first, holds[.cluster(report.cluster)] == nil else { return }
        let who =
            finding.manager == VirtualMachineStatus.libvirt
            ? "somebody who uses libvirt" : "somebody other than Evenkeel"
        let more = findings.count > 1 ? " (and \(findings.count - 1) more)" : ""
        keep(
            Hold(
                scope: .cluster(report.cluster), actor: Actor.evenkeel, since: now,
                reason: "\(who) moved \(finding.name) from \(finding.from) to \(finding.to)\(more); policy stands down "
                    + "here until 'evenkeel cluster resume \(report.cluster)'"))
    }

    // MARK: Packs that do not help

    /// Counts the pack's automatic tips that ended last: too many in a row that did not help put it back to approval.
    mutating func fallBackWhereUseless(_ pack: String) {
        let ended = past.tips.values.filter {
            $0.pack == pack && [.resolved, .ineffective].contains($0.state) && $0.approval?.actor == Actor.policy
                && $0.unmeasuredSince == nil
        }.sorted { $0.number > $1.number }
        let useless = ended.prefix { $0.state == .ineffective }.count
        guard useless >= limits.ineffectiveTips, holds[.pack(pack)] == nil else { return }
        keep(
            Hold(
                scope: .pack(pack), actor: Actor.evenkeel, since: now,
                reason: "its last \(useless) automatic remediations did not help; its tips wait for an operator until "
                    + "'evenkeel policy resume pack:\(pack)'"))
    }
}
