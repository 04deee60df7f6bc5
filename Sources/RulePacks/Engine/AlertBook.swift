import FleetModel

/// Which alerts have been there since when: the part of rule evaluation that lasts from round to round, as a
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
        /// Since when the element has been there.
        var activeSince: Timestamp
        /// Whether it fires; else it is pending.
        var isFiring = false
        /// Since when the element has been gone while the alert is kept firing.
        var goneSince: Timestamp?
    }

    /// By rule, sorted by labels.
    private var entries: [String: [Entry]] = [:]

    /// The alerts of a rule.
    func alerts(of rule: String) -> [Entry] { entries[rule] ?? [] }

    /// Takes in what a rule found at `moment`: each element's alert labels, once each, with the element.
    mutating func receive(
        _ found: [Labels: InstantSample], of rule: String, holdFor: Duration, keepFiringFor: Duration,
        at moment: Timestamp
    ) {
        var next: [Entry] = []
        let known = Dictionary(alerts(of: rule).map { ($0.labels, $0) }, uniquingKeysWith: { first, _ in first })
        for (labels, sample) in found {
            var entry = known[labels] ?? Entry(labels: labels, element: sample.labels, value: 0, activeSince: moment)
            entry.element = sample.labels
            entry.value = sample.value
            entry.goneSince = nil
            entry.isFiring = entry.isFiring || moment - entry.activeSince >= holdFor
            next.append(entry)
        }
        for (labels, entry) in known where found[labels] == nil && entry.isFiring && keepFiringFor > .zero {
            var entry = entry
            let gone = entry.goneSince ?? moment
            entry.goneSince = gone
            if moment - gone < keepFiringFor { next.append(entry) }
        }
        entries[rule] = next.isEmpty ? nil : next.sorted { $0.labels < $1.labels }
    }

    /// Moves the past by the time in which nobody looked: that time proves nothing about an alert that was pending.
    mutating func skip(_ gap: Duration) {
        guard gap > .zero else { return }
        for (rule, list) in entries {
            entries[rule] = list.map { entry in
                var entry = entry
                if !entry.isFiring { entry.activeSince = entry.activeSince + gap }
                entry.goneSince = entry.goneSince.map { $0 + gap }
                return entry
            }
        }
    }

    /// Forgets the alerts of rules that are no more.
    mutating func keep(rules: Set<String>) {
        entries = entries.filter { rules.contains($0.key) }
    }
}
