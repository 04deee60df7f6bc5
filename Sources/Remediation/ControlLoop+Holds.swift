import FleetModel

/// What is held until somebody lets go of it: the fleet (`evenkeel stop`), clusters where others move VMs, hosts in
/// maintenance, packs whose actions do not help.
extension ControlLoop {
    /// Why nothing new starts anywhere; `nil` when things may.
    var stopReason: String? {
        holds[.fleet].map {
            "everything is stopped by \($0.actor) since \($0.since.text) (\($0.reason)); 'evenkeel stop --resume' lets "
                + "it go on"
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
        guard reason.contains(where: { !$0.isWhitespace }) else {
            return .refused("say why \(scope) is held: whoever reads the audit log wants to know")
        }
        let isNew = holds[scope] == nil
        if isNew { keep(Hold(scope: scope, actor: actor, since: now, reason: reason)) }
        if isCancelling { cancelAll(in: scope, by: actor) }
        if case .host(let host) = scope, isNew { drain(host, reason, by: actor) }
        guard isNew || isCancelling else { return .refused("\(scope) is held already\(holdText(scope))") }
        if case .host(let host) = scope { return .done(tip: drainTip(of: host)?.number) }
        return .done()
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
        guard let hold = holds.removeValue(forKey: scope) else { return .notFound("\(scope) is not held") }
        pictures = [:]
        outbox.save(.removeHold(scope))
        audit(actor, "hold.end", "\(scope), held by \(hold.actor) since \(hold.since.text): \(hold.reason)")
        if case .host(let host) = scope, let tip = drainTip(of: host), tip.state != .running {
            step(tip.number, .dismiss, by: actor, "the maintenance of \(host) is over")
        }
        for number in tips.keys { plannedAt[number] = nil }
        planWaitingTips()
        advance()
        return .done()
    }

    /// Calls off moves and plug-ins that are under way there.
    private mutating func cancelAll(in scope: HoldScope, by actor: String) {
        for number in executions.keys.sorted() {
            guard let operation = executions[number]?.operation, !(executions[number] is StepExecution),
                concerns(scope, operation)
            else { continue }
            _ = cancel(number, by: actor)
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
        let ends = past.lastTouches
        let open = executions.values.map(\.operation)
        let claims = claims
        let findings = movers.note(report, at: now) {
            claims.isClaimed($0, by: $1)
        } isOurs: { id, host, since in
            open.contains { $0.action.virtualMachine == id && $0.touches(host) }
                || (ends[id] ?? []).contains { $0.ended >= since && $0.hosts.contains(host) }
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
        }.sorted { $0.number > $1.number }
        let useless = ended.prefix { $0.state == .ineffective }.count
        guard useless >= limits.ineffectiveTips, holds[.pack(pack)] == nil else { return }
        keep(
            Hold(
                scope: .pack(pack), actor: Actor.evenkeel, since: now,
                reason: "its last \(useless) automatic remediations did not help; its tips wait for an operator until "
                    + "'evenkeel policy resume pack:\(pack)'"))
    }

    // MARK: Maintenance

    /// The tip that empties a host, while it is open.
    func drainTip(of host: HostName) -> Tip? {
        tips.values.map(\.tip).first { $0.isDrain && $0.subject.host == host }
    }

    /// Raises the tip that empties the host: planned, carried out, watched and resumed like any other.
    private mutating func drain(_ host: HostName, _ reason: String, by actor: String) {
        guard let record = hosts[host] else { return }
        numbers.tip += 1
        let tip = Tip.draining(
            host, in: record.report.cluster, number: numbers.tip, because: reason, by: actor, at: now)
        tips[tip.number] = TipMachine(tip)
        outbox.save(tip)
        outbox.audit(
            AuditEntry(
                time: now, actor: actor, event: "tip.raised", tip: tip.number, detail: tip.title,
                authority: "operator \(actor)"))
        planWaitingTips()
        advance()
    }

    /// Who asked for the maintenance has said yes to every plan that empties the host.
    mutating func approveDrain(_ tip: Tip) {
        guard tip.isDrain, tip.state == .awaitingApproval, stopReason == nil, let host = tip.subject.host,
            let hold = holds[.host(host)]
        else { return }
        step(tip.number, .approve, by: hold.actor, "\(hold.actor) takes \(host) into maintenance: \(hold.reason)")
    }

    /// Whether nothing lives on the host any more, as far as its agent says.
    func isEmpty(_ host: HostName) -> Bool {
        guard let record = hosts[host], isFresh(record) else { return false }
        return !record.report.virtualMachines.contains { $0.state.ownsGuest || $0.state == .incoming }
    }
}

extension Tip {
    /// Who raises tips that no pack finds.
    static let ownPack = "evenkeel"
    private static let drainAlert = "HostDrain"

    /// Whether it empties a host for maintenance.
    public var isDrain: Bool { pack == Self.ownPack && alert == Self.drainAlert }

    fileprivate static func draining(
        _ host: HostName, in cluster: ClusterName, number: Int64, because reason: String, by actor: String,
        at time: Timestamp
    ) -> Tip {
        let terms = TipTerms(
            approval: .operator, coolDownSeconds: 0, expirySeconds: 30 * 86_400, verifyWithinSeconds: 600)
        return Tip(
            number: number, pack: ownPack, alert: drainAlert, subject: .host(host, cluster: cluster), level: .warning,
            title: "\(host) is taken into maintenance", body: "\(actor) takes \(host) into maintenance: \(reason)",
            knowledge: "Every VM of the host goes to another one; none comes until 'evenkeel host resume \(host)'.",
            evidence: [], remediation: "evacuate-host", terms: terms, raised: time, updated: time)
    }
}

extension TipSubject {
    /// The host that it is, if it is one.
    var host: HostName? { if case .host(let host, _) = self { host } else { nil } }
}
