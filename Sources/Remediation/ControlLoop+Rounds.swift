import FleetModel
import RulePacks

/// What a round of rules says, arranged for looking up.
private struct Findings {
    /// Alerts that fire and lead to a tip, critical ones first.
    var firing: [(key: AlertKey, tip: RenderedTip, since: Timestamp)] = []
    /// Alerts that are there, pending ones as well.
    private var present: Set<AlertKey> = []
    private let healthy: Set<AlertKey>
    private var firingKeys: Set<AlertKey> = []
    private var failed: Set<String> = []
    private let unmeasured: Set<AlertKey>
    private let resting: [String: Set<ClusterName>]

    init(_ round: AlertRound) {
        healthy = Set(round.healthy)
        resting = round.resting
        unmeasured = round.unmeasured
        for alert in round.alerts {
            guard let tip = alert.tip else { continue }
            let key = AlertKey(pack: alert.pack, alert: alert.alert, subject: tip.subject)
            if present.insert(key).inserted, alert.isFiring { firing.append((key, tip, alert.activeSince)) }
        }
        firing = firing.filter { $0.tip.level == .critical } + firing.filter { $0.tip.level != .critical }
        firingKeys = Set(firing.map(\.key))
        for failure in round.failures { failed.insert(Self.name(failure.pack, failure.rule)) }
    }

    /// Whether the subject is known to be well: measured where the pack says how, else by the silence of an alert whose
    /// rule had something to look at.
    func showsHealth(of tip: Tip) -> Bool {
        let key = tip.key
        if resting[tip.pack]?.contains(tip.subject.cluster) == true { return false }
        if tip.terms.hasVerification { return healthy.contains(key) }
        if isUnmeasured(key) { return false }
        return !present.contains(key) && !failed.contains(Self.name(tip.pack, tip.alert))
    }

    /// Whether nothing is known of the subject, neither that it is well nor that it is not.
    func isUnmeasured(_ key: AlertKey) -> Bool { unmeasured.contains(key) }

    func isFiring(_ key: AlertKey) -> Bool { firingKeys.contains(key) }

    private static func name(_ pack: String, _ rule: String) -> String { "\(pack)/\(rule)" }
}

extension Tip {
    /// The finding that the tip is about.
    public var key: AlertKey { AlertKey(pack: pack, alert: alert, subject: subject) }
}

extension ControlLoop {
    mutating func take(_ round: ControlRound) {
        readings = trusted(round.readings)
        packAlerts = round.packs ?? packAlerts
        if let readings, demand.isDue(at: readings.time) {
            let sizes = machineSizes
            demand.add(readings, sizes: sizes)
        }
        let lastRound = self.lastRound
        self.lastRound = round.alerts.time
        let findings = Findings(round.alerts)
        let open = Dictionary(tips.values.map { ($0.tip.key, $0.tip.number) }, uniquingKeysWith: max)
        for (key, rendered, since) in findings.firing {
            if let number = open[key] {
                refresh(number, rendered)
            } else if !isQuiet(key, findings) {
                raise(key, rendered, since: since)
            }
        }
        measureEffects()
        for number in tips.keys.sorted() {
            noteMeasuring(number, findings.isUnmeasured, since: lastRound ?? round.alerts.time)
            judge(number, findings, roundTime: round.alerts.time)
        }
        planWaitingTips()
        advance()
    }

    /// Virtual processors of the VMs that hosts report.
    private var machineSizes: [VirtualMachineID: Int] {
        var sizes: [VirtualMachineID: Int] = [:]
        for record in hosts.values {
            for status in record.report.virtualMachines {
                sizes[status.definition.id] = status.definition.virtualProcessors
            }
        }
        return sizes
    }

    /// What a host says of a VM counts where the host reports that VM, or had it inside the window: no host can make
    /// up load for a VM that is another's.
    private func trusted(_ readings: LoadReadings) -> LoadReadings {
        if readings.virtualMachineShares.isEmpty { return readings }
        var places: [VirtualMachineID: Set<HostName>] = [:]
        for record in hosts.values {
            for status in record.report.virtualMachines {
                places[status.definition.id, default: []].insert(record.report.host)
            }
        }
        let ended = past.moves(endedFrom: readings.time - readings.window)
        for move in executions.values.compactMap({ RecentMove($0.operation) }) + ended {
            places[move.virtualMachine, default: []].formUnion([move.source, move.destination])
        }
        return readings.counting { places[$0]?.contains($1) == true }
    }

    /// A tip is updated, not repeated, until something is done about it: from then on it keeps what that was done for.
    /// The news is stored with the tip's next step.
    private mutating func refresh(_ number: Int64, _ rendered: RenderedTip) {
        guard tips[number]?.tip.operations.isEmpty == true else { return }
        if tips[number]?.tip.terms.obstacle != rendered.terms.obstacle { plannings[number] = nil }
        tips[number]?.update { tip in
            tip.title = rendered.title
            tip.body = rendered.body
            tip.evidence = rendered.evidence
            tip.terms = rendered.terms
            tip.updated = now
        }
    }

    /// Whether a finding raises no tip: an operator wants none for a while, or it was resolved, is measured healthy still,
    /// and only its alert has not fallen silent yet.
    private func isQuiet(_ key: AlertKey, _ findings: Findings) -> Bool {
        if let end = past.quietEnd(of: key), end > now { return true }
        guard let last = past.lastActed(on: key), last.restEnd > now else { return false }
        return last.state == .resolved && findings.showsHealth(of: last)
    }

    /// What rounds are to measure the health of: findings with an open tip, and those that rest.
    public var watchedFindings: Set<AlertKey> {
        past.restingFindings(at: now).union(tips.values.lazy.map(\.tip.key))
    }

    private mutating func raise(_ key: AlertKey, _ rendered: RenderedTip, since: Timestamp) {
        var tip = Tip(
            number: numbers.tip + 1, pack: key.pack, alert: key.alert, subject: key.subject, level: rendered.level,
            title: rendered.title, body: rendered.body, knowledge: rendered.knowledge, evidence: rendered.evidence,
            remediation: rendered.remediation, terms: rendered.terms, raised: now, updated: now)
        guard level(for: tip) != .off, !isCovered(tip) else { return }
        tip.since = since
        tip.story = story(of: tip)
        numbers.tip += 1
        let worsened = tips.values.map(\.tip).filter { $0.level < tip.level && $0.sharesRemedy(with: tip) }
        for other in worsened.sorted(by: { $0.number < $1.number }) {
            step(other.number, .supersede, by: Actor.evenkeel, "tip \(tip.number) is about the same, and worse")
        }
        tips[tip.number] = TipMachine(tip)
        outbox.save(tip)
        gatherStory(of: tip)
        outbox.audit(
            AuditEntry(
                time: now, actor: Actor.evenkeel, event: "tip.raised", tip: tip.number, detail: tip.title,
                evidence: tip.evidence))
    }

    /// Whether another tip does the same for the same object already: one that is at least as bad, or that is acting.
    private func isCovered(_ tip: Tip) -> Bool {
        tips.values.contains { other in
            other.tip.sharesRemedy(with: tip)
                && (other.tip.level >= tip.level || other.tip.state == .running || other.tip.state == .verifying)
        }
    }

    /// Closes a tip whose subject is well again, and one that did not get well in time.
    private mutating func judge(_ number: Int64, _ findings: Findings, roundTime: Timestamp) {
        guard let tip = tips[number]?.tip, !endedWithMaintenance(tip), !endedWithSubject(tip) else { return }
        let drained = tip.isDrain ? tip.subject.host.map(isEmpty) : nil
        let isWell = drained ?? findings.showsHealth(of: tip)
        switch tip.state {
        case .verifying:
            guard roundTime > tip.inStateSince else { return }
            if isWell {
                step(number, .recover, by: Actor.evenkeel, "measured healthy\(loadText(of: tip))")
            } else if let left = leftToDrain(tip) {
                goOn(number, because: left)
            } else if let promises = tip.promises {
                judgePart(number, promises, roundTime: roundTime)
            } else if clock.age(of: tip.inStateSince, at: roundTime) > .seconds(tip.terms.verifyWithinSeconds) {
                let limit = Duration.seconds(tip.terms.verifyWithinSeconds)
                step(
                    number, .runOut, by: Actor.evenkeel,
                    "not measured healthy within \(limit.text)\(doubt(of: tip) ?? loadText(of: tip))")
                fallBackWhereUseless(tip.pack)
            }
        case .raised, .planned, .awaitingApproval, .approved:
            if level(for: tip) == .off {
                step(number, .dismiss, by: Actor.policy, "tips are switched off here")
            } else if isWell, !findings.isFiring(tip.key) {
                let what =
                    tip.terms.hasVerification || tip.isDrain ? "healthy again by itself" : "its rule finds it no more"
                step(number, .recover, by: Actor.evenkeel, "\(what)\(loadText(of: tip))")
            }
        case .running:
            if isWell, !hasOperation(tip), let last = past.lastEnd(ofTip: number), roundTime > last {
                step(number, .finishActions, by: Actor.evenkeel, "healthy before every action was needed")
                step(number, .recover, by: Actor.evenkeel, "measured healthy\(loadText(of: tip))")
            }
        default: break
        }
    }

    /// Whether an operation of the tip is under way.
    func hasOperation(_ tip: Tip) -> Bool { tip.operations.contains { executions[$0] != nil } }
}
