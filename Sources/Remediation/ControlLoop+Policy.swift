import FleetModel
import Placement

/// What operators want of the fleet.
extension ControlLoop {
    /// Makes a new version of the policy, writes it down, and plans anew under it.
    mutating func changePolicy(_ change: PolicyChange, version: Int64?, by actor: String) -> ControlReply {
        if let version, version != policy.version {
            return .refused(
                "the policy is at version \(policy.version) now, not at \(version): somebody changed it; look again")
        }
        let next: FleetPolicy
        do throws(PolicyProblem) {
            next = try policy.applying(change)
        } catch {
            return .refused("\(error)")
        }
        if let objection = next.windows.lazy.compactMap(PolicyCalendar.objection).first { return .refused(objection) }
        let known = Set(policyWarnings)
        policy = next
        outbox.save(.savePolicy(PolicyVersion(policy: next, time: now, actor: actor, change: change.text)))
        outbox.audit(
            AuditEntry(
                time: now, actor: actor, event: "policy.set", detail: change.text,
                authority: "operator \(actor)", outcome: "version \(next.version)"))
        for number in tips.keys { plannings[number] = nil }
        planWaitingTips()
        advance()
        // What this change brought about comes first.
        let warnings = policyWarnings
        let old = warnings.filter(known.contains).map { "as before: \($0)" }
        return .changed(version: next.version, warnings: warnings.filter { !known.contains($0) } + old)
    }

    /// What of the policy is broken as things are, or names what nobody knows.
    public var policyWarnings: [String] {
        let check = constraintCheck
        return check.broken() + reserveWarnings + check.unknown() + packWarnings
    }

    /// Levels of packs and rules that the server does not have.
    private var packWarnings: [String] {
        guard let packAlerts else { return [] }
        return policy.automation.compactMap { rule in
            switch rule.scope {
            case .pack(let pack):
                return packAlerts[pack] == nil ? "\(rule.scope): the server has no pack \(pack)" : nil
            case .rule(let pack, let alert):
                guard let alerts = packAlerts[pack] else { return "\(rule.scope): the server has no pack \(pack)" }
                return alerts.contains(alert) ? nil : "\(rule.scope): pack \(pack) has no alert \(alert)"
            case .fleet, .cluster, .machine: return nil
            }
        }
    }

    private var reserveWarnings: [String] {
        let picture = pictureOfNow
        return policy.clusters.keys.sorted().compactMap { cluster in
            let failures = policy.reserve(of: cluster)
            guard failures > 0, hosts.values.contains(where: { $0.report.cluster == cluster }) else { return nil }
            let report = planner.reserve(of: cluster, failures: failures, on: picture)
            return report.holds
                ? nil : "the reserve of \(failures) of cluster \(cluster) \(report.verdict) now: \(report.reason)"
        }
    }

    /// The windows that it is the time of, by name.
    public func currentWindows(at time: Timestamp) -> [String] { calendar.current(at: time) }

    /// The limits in force by their names, those that nobody set included.
    public var limitsInForce: [String: Double] {
        func minutes(_ span: Duration) -> Double { (span / limits.hour * 60 * 1000).rounded() / 1000 }
        let values: [LimitName: Double] = [
            .actionsPerHour: Double(limits.actionsPerHour), .actionsPerDay: Double(limits.actionsPerDay),
            .failuresPerHour: Double(limits.failuresPerHour), .machineCoolDownMinutes: minutes(limits.machineCoolDown),
            .hostCoolDownMinutes: minutes(limits.hostCoolDown),
            .clusterCoolDownMinutes: minutes(limits.clusterCoolDown), .returnHours: minutes(limits.returnTime) / 60,
            .ineffectiveTips: Double(limits.ineffectiveTips),
            .concurrentMigrations: Double(limits.concurrentMigrations),
            .concurrentPerCluster: Double(limits.concurrentPerCluster),
            .outgoingPerHost: Double(limits.outgoingPerHost), .incomingPerHost: Double(limits.incomingPerHost),
        ]
        return Dictionary(uniqueKeysWithValues: values.map { ($0.key.rawValue, $0.value) })
    }

    /// The fleet as the planner sees it, for reading.
    public var pictureOfNow: FleetSnapshot {
        var copy = self
        return copy.snapshot(for: nil)
    }

    /// Whether a cluster's reserve holds at `time`, or that of `failures` hosts, with at most `most` lines of where VMs
    /// would start, after so many `looks` at VMs.
    public func reserve(
        of cluster: ClusterName, failures: Int?, at time: Timestamp, witnessing most: Int = 0,
        looks: Int = ReserveCheck.usualLooks, shouldStop: () -> Bool = { false }
    ) -> ReserveReport {
        var copy = self
        copy.now = time
        return planner.reserve(
            of: cluster, failures: failures ?? max(1, policy.reserve(of: cluster)), on: copy.snapshot(for: nil),
            witnessing: most, looks: looks, shouldStop: shouldStop)
    }

    /// Whether a cluster can lose just these hosts at `time`; `nil` where one of them is none of its hosts.
    public func reserve(of cluster: ClusterName, losing hosts: [HostName], at time: Timestamp) -> ReserveReport? {
        var copy = self
        copy.now = time
        return planner.reserve(of: cluster, losing: hosts, on: copy.snapshot(for: nil))
    }

    /// How well the hosts of a cluster would do for a new VM at `time`, the best first.
    public func rate(_ machine: NewMachine, in cluster: ClusterName, at time: Timestamp) -> [HostRating] {
        var copy = self
        copy.now = time
        return planner.rate(machine, in: cluster, on: copy.snapshot(for: nil))
    }

    // MARK: How far Evenkeel goes by itself

    /// What place, pack and VM each allow, with where that is set: the narrower scope of a kind wins.
    private func rules(for tip: Tip) -> [AutomationRule] {
        let place =
            policy.automation(.cluster(tip.subject.cluster)) ?? policy.automation(.fleet)
            ?? AutomationRule(scope: .fleet, level: settings.standardLevel)
        let pack = policy.automation(.rule(pack: tip.pack, alert: tip.alert)) ?? policy.automation(.pack(tip.pack))
        var own: AutomationRule?
        if case .virtualMachine(let id, _) = tip.subject { own = policy.automation(.machine(id)) }
        return [place, pack, own].compactMap(\.self)
    }

    /// How far Evenkeel goes with a tip by itself: the least of what its place, its pack or rule, and its VM allow.
    public func level(for tip: Tip) -> AutomationLevel {
        // An operator asked for it by name.
        if tip.isDrain { return .operator }
        return rules(for: tip).map { $0.level(for: tip.level) }.min() ?? settings.standardLevel
    }

    /// What decided that.
    func levelText(for tip: Tip) -> String {
        let level = level(for: tip)
        let rule = rules(for: tip).first { $0.level(for: tip.level) == level }
        return "\(rule?.text ?? "the standard"), policy version \(policy.version)"
    }

    /// How far Evenkeel goes by itself in `cluster`, or in the fleet, where nothing narrower is set.
    public func level(in cluster: ClusterName?) -> AutomationLevel {
        (cluster.flatMap { policy.automation(.cluster($0)) } ?? policy.automation(.fleet))?.level
            ?? settings.standardLevel
    }
}
