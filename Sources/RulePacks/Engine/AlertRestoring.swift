import FleetModel

/// What an outage does to alerts that were pending, as Prometheus sees it (`rules/group.go`, `RestoreForState`): the time
/// in which nobody looked proves nothing, and none of them fires right after a restart, when data may still be missing.
public struct AlertRestoring: Sendable, Hashable {
    static let metric = "ALERTS_FOR_STATE"

    /// After a longer outage every alert that was pending begins anew.
    public var outageTolerance: Duration
    /// An alert that was pending waits at least as long after a restart; one whose rule asks for less begins anew.
    public var gracePeriod: Duration

    /// After an outage no longer than this an alert that a checkpoint knows goes on waiting where it was: queries look back
    /// as far, so no data is missing.
    public var briefOutage: Duration

    /// Prometheus' defaults, an hour and ten minutes, and its look-back of five.
    public init(
        outageTolerance: Duration = .seconds(3600), gracePeriod: Duration = .seconds(600),
        briefOutage: Duration = .seconds(300)
    ) {
        self.outageTolerance = outageTolerance
        self.gracePeriod = gracePeriod
        self.briefOutage = briefOutage
    }

    /// Since when an alert counts as active at `moment`, that had been since `since` when the server went down at `down`;
    /// `nil` where it begins anew.
    func activeSince(_ since: Timestamp, holdFor: Duration, down: Timestamp, at moment: Timestamp) -> Timestamp? {
        guard holdFor >= gracePeriod, moment - down <= outageTolerance else { return nil }
        let remaining = holdFor - (down - since)
        if remaining <= .zero { return since }
        if remaining < gracePeriod { return moment + gracePeriod - holdFor }
        return since + (moment - down)
    }

    /// The same for packs that run `speed` times as fast as written.
    func scaled(by speed: Double) -> AlertRestoring {
        AlertRestoring(
            outageTolerance: outageTolerance.divided(by: speed), gracePeriod: gracePeriod.divided(by: speed),
            briefOutage: briefOutage.divided(by: speed))
    }

    // MARK: From a checkpoint

    /// What is left of a rule's alerts at `moment`: what fired goes on firing until it is looked at, and the time of the
    /// outage does not count for what was pending.
    func restored(_ entries: [AlertBook.Entry], holdFor: Duration, down: Timestamp, at moment: Timestamp) -> AlertBook {
        AlertBook(
            entries.compactMap { entry in
                var entry = entry
                if entry.isFiring {
                    entry.goneSince = entry.goneSince.map { $0 + max(.zero, moment - down) }
                    return entry
                }
                let outage = max(.zero, moment - down)
                if outage <= briefOutage {
                    entry.activeSince = entry.activeSince + outage
                    return entry
                }
                guard let since = activeSince(entry.activeSince, holdFor: holdFor, down: down, at: moment)
                else { return nil }
                entry.activeSince = since
                return entry
            })
    }

    // MARK: From series

    /// Since when alerts of `rule` count as active at `moment`, by their labels, as the series `ALERTS_FOR_STATE` of an
    /// earlier run tell. A series that had ended before the outage says nothing.
    func restored(
        _ rule: Rule, holdFor: Duration, at moment: Timestamp, _ asker: RuleAsker
    ) async throws -> [Labels: Timestamp] {
        guard holdFor >= gracePeriod else { return [:] }
        let name = TextEscape.promQL(rule.name)
        let selector = "\(Self.metric){alertname=\"\(name)\"}"
        let window = "[\(outageTolerance.milliseconds)ms]"
        guard case .matrix(let series) = try await asker.engine.instant(selector + window, at: moment).value,
            let down = series.compactMap(\.samples.times.last).max()
        else { return [:] }
        // An alert that ended has a staleness marker at the next evaluation, which a range does not show; a look
        // somewhat later does, as long as it looks back far enough.
        let later = Timestamp(milliseconds: min(moment.milliseconds, down + 299_000))
        let alive = Set(try await asker.elements(of: selector, at: later).map(\.labels))
        var known: [Labels: Timestamp] = [:]
        for one in series where one.samples.times.last == down && alive.contains(one.labels) {
            guard let seconds = one.samples.values.last, let since = Timestamp(seconds: seconds) else { continue }
            let labels = one.labels.setting(Labels.metricName, to: "")
            known[labels] = activeSince(since, holdFor: holdFor, down: Timestamp(milliseconds: down), at: moment)
        }
        return known
    }
}
