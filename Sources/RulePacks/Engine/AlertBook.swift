import FleetModel

/// Which alerts of a rule have been there since when: the part of rule evaluation that lasts from round to round, as a
/// synchronous value. Follows Prometheus (`rules/alerting.go`): an element that appears is pending, fires once it has
/// been there in every evaluation for as long as its rule asks, and goes on firing for `keepFiringFor` after it was
/// seen last.
struct AlertBook: Sendable, Hashable, Codable {
    /// An alert that is pending or firing.
    struct Entry: Sendable, Hashable, Codable {
        /// The alert's labels: its identity within its rule.
        var labels: Labels
        /// The labels of the element it came from, for templates.
        var element: Labels
        /// The element's value when it was seen last.
        var value: Double
        /// The annotations, filled in when the element was seen last.
        var annotations: [String: String] = [:]
        /// Since when the element has been there.
        var activeSince: Timestamp
        /// Whether it fires; else it is pending.
        var isFiring = false
        /// Since when the element has been gone while the alert is kept firing.
        var goneSince: Timestamp?
    }

    /// Sorted by labels.
    private(set) var entries: [Entry] = []

    init(_ entries: [Entry] = []) { self.entries = entries }

    /// Takes in what the rule found at `moment`: an entry for each element, their labels once each, with the times of
    /// an alert that begins now.
    mutating func receive(
        _ found: [Entry], holdFor: Duration, keepFiringFor: Duration, at moment: Timestamp
    ) {
        let known = Dictionary(entries.map { ($0.labels, $0) }, uniquingKeysWith: { first, _ in first })
        var next = found.map { entry in
            var entry = entry
            if let before = known[entry.labels] {
                // No later than now: a clock that was ahead would else keep it waiting until that time has come.
                entry.activeSince = min(before.activeSince, moment)
                entry.isFiring = before.isFiring
            }
            entry.isFiring = entry.isFiring || moment - entry.activeSince >= holdFor
            return entry
        }
        let seen = Set(found.map(\.labels))
        for (labels, entry) in known where !seen.contains(labels) && entry.isFiring && keepFiringFor > .zero {
            var entry = entry
            let gone = min(entry.goneSince ?? moment, moment)
            entry.goneSince = gone
            if moment - gone < keepFiringFor { next.append(entry) }
        }
        entries = next.sorted { $0.labels < $1.labels }
    }

    /// Forgets every alert: the rule gave more than its group allows.
    mutating func removeAll() { entries = [] }
}

extension AlertBook {
    /// Prometheus' two series of every alert: `ALERTS`, which is 1, and `ALERTS_FOR_STATE`, the second since which its
    /// element has been there.
    var series: [Labels: Double] {
        var series: [Labels: Double] = [:]
        for entry in entries {
            var labels = entry.labels.setting(Labels.metricName, to: "ALERTS")
            labels["alertstate"] = entry.isFiring ? "firing" : "pending"
            series[labels] = 1
            let seconds = (entry.activeSince.seconds).rounded(.down)
            series[entry.labels.setting(Labels.metricName, to: AlertRestoring.metric)] = seconds
        }
        return series
    }
}
