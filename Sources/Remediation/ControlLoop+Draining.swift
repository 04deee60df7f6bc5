import FleetModel

/// Emptying a host for maintenance: a tip like any other, that whoever asked for it has said yes to.
extension ControlLoop {
    /// The tip that empties a host, while it is open.
    func drainTip(of host: HostName) -> Tip? {
        tips.values.map(\.tip).first { $0.isDrain && $0.subject.host == host }
    }

    /// Raises the tip that empties the host: planned, carried out, watched and resumed like any other.
    mutating func drain(_ host: HostName, _ reason: String, by actor: String) {
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

    /// Asked for again: goes on with what is left, also after steps that failed. A host that is empty stays as it is.
    mutating func drainAgain(_ host: HostName, by actor: String) -> ControlReply {
        guard let tip = drainTip(of: host) else {
            if isEmpty(host) { return .done() }
            drain(host, holds[.host(host)]?.reason ?? "", by: actor)
            return .done(tip: drainTip(of: host)?.number)
        }
        plannings[tip.number] = nil
        planWaitingTips()
        if let planned = tips[tip.number]?.tip, planned.state == .awaitingApproval {
            step(tip.number, .approve, by: actor, "\(actor) asks for \(host) to be emptied again")
        }
        advance()
        return .done(tip: tip.number)
    }

    /// Who asked for the maintenance has said yes to every plan that empties the host, until steps keep failing.
    mutating func approveDrain(_ tip: Tip) {
        guard tip.isDrain, tip.state == .awaitingApproval, stopReason == nil, !needsPerson(tip),
            let host = tip.subject.host, let hold = holds[.host(host)]
        else { return }
        step(tip.number, .approve, by: hold.actor, "\(hold.actor) takes \(host) into maintenance: \(hold.reason)")
    }

    /// Whether a person has to look before anything more is tried: somebody called a move off, or moves keep failing.
    private func needsPerson(_ tip: Tip) -> Bool {
        let ended = tip.operations.compactMap { past.operations[$0] }
        guard let last = ended.max(by: { ($0.ended ?? $0.created, $0.number) < ($1.ended ?? $1.created, $1.number) }),
            let end = last.ended
        else { return false }
        let isGivenUp =
            last.state == .cancelled
            || last.state == .failed && ended.count { $0.state == .failed } > Self.mostStumbles
        return isGivenUp && (tip.approval?.time ?? end) <= end
    }

    /// A move off a host in maintenance did not succeed. The host stays held and the tip stays open: it goes on with
    /// another plan, or says why not and what to do next.
    mutating func stumbleDraining(_ number: Int64, _ operation: FleetModel.Operation, _ reason: String) {
        guard let tip = tips[number]?.tip, let host = tip.subject.host else { return }
        let proposal = proposal(for: tip)
        tips[number]?.update { $0.drop(operation.action) }
        let isGivenUp = tips[number].map { needsPerson($0.tip) } ?? false
        let next =
            isGivenUp
            ? "\(host) is not empty: 'evenkeel host drain \(host)' tries again, 'evenkeel host resume \(host)' gives up"
            : "what is left is planned anew"
        if proposal.plan == nil {
            tips[number]?.update { $0.lack(proposal) }
            let problem = proposal.problem ?? "there is nothing left to do"
            step(number, .advise, by: Actor.evenkeel, "\(reason); \(next): \(problem)")
        } else {
            adopt(proposal, for: number, because: "\(reason); \(next)")
        }
    }

    /// Why a drain that has made its moves goes on with what is left; `nil` where that is not so, or not known yet.
    func leftToDrain(_ tip: Tip) -> String? {
        guard tip.isDrain, let host = tip.subject.host, let record = hosts[host], isFresh(record),
            let end = past.lastEnd(ofTip: tip.number), record.received > end
        else { return nil }
        return tip.plan?.shortfall == nil ? "\(host) is not empty" : "all that could leave \(host) has left"
    }

    /// The maintenance of a host is over: its VMs stay, but for those that are on their way.
    mutating func endDrain(of host: HostName, by actor: String) {
        guard let tip = drainTip(of: host) else { return }
        let running = runningOperations(of: tip)
        if running > 0 {
            let begun = tip.actionsDone + running
            tips[tip.number]?.update { tip in
                if let all = tip.plan?.actions { tip.plan?.actions = Array(all.prefix(begun)) }
            }
            return note(tip.number, "the maintenance is over: what is on its way arrives, and nothing more leaves")
        }
        if tip.state == .running || tip.state == .verifying {
            step(tip.number, .advise, by: actor, "nothing more leaves")
        }
        step(tip.number, .dismiss, by: actor, "the maintenance of \(host) is over")
    }

    /// Ends a drain whose host is not in maintenance any more, once nothing is on its way.
    mutating func endedWithMaintenance(_ tip: Tip) -> Bool {
        guard tip.isDrain, let host = tip.subject.host, holds[.host(host)] == nil, !hasOperation(tip) else {
            return false
        }
        endDrain(of: host, by: Actor.evenkeel)
        return true
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

    static func draining(
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
