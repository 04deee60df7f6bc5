import FleetModel

/// Which foreign alerts are active, as a synchronous value: what is kept between restarts.
///
/// An alert is active from the first word of it until `endsAt`; one that names no end until nothing was heard of it for
/// five minutes, as with Alertmanager (`resolve_timeout`). When it started by its sender's clock is shown, not decided by.
struct EventBook: Hashable, Sendable {
    /// How long an alert that names no end lasts after the last word.
    static let patience: Duration = .seconds(300)

    /// An alert that was heard of.
    struct Event: Hashable, Codable, Sendable {
        /// What was said last; `startsAt` is the earliest that was said.
        var alert: ForeignAlert
        /// When anything was heard of it first.
        var firstHeard: Timestamp
        /// When it was heard of last.
        var lastHeard: Timestamp

        /// From when on it is over.
        var end: Timestamp { alert.endsAt ?? lastHeard + EventBook.patience }
    }

    /// By labels.
    private(set) var events: [Labels: Event] = [:]
    /// The series that were written and not ended since.
    private(set) var written: Set<Labels> = []

    /// What came of a batch.
    struct Receipt: Hashable {
        /// Alerts that began or ended with it; others were heard of again.
        var changes = 0
        /// Alerts that were not taken since there are too many.
        var refused = 0
    }

    /// Takes in what was said at `now`; of an alert that is in it twice the last word counts.
    mutating func receive(_ alerts: [ForeignAlert], at now: Timestamp, atMost limit: Int) -> Receipt {
        forgetEnded(at: now)
        var receipt = Receipt()
        for alert in alerts {
            let known = events[alert.labels]
            var event = Event(alert: alert, firstHeard: known?.firstHeard ?? now, lastHeard: now)
            if let start = known?.alert.startsAt { event.alert.startsAt = min(start, alert.startsAt ?? start) }
            guard event.end > now else {
                if events.removeValue(forKey: alert.labels) != nil { receipt.changes += 1 }
                continue
            }
            if known == nil {
                guard events.count < limit else {
                    receipt.refused += 1
                    continue
                }
                receipt.changes += 1
            }
            events[alert.labels] = event
        }
        return receipt
    }

    /// Puts away what is over by `now`.
    mutating func forgetEnded(at now: Timestamp) { events = events.filter { $0.value.end > now } }

    /// What is active at `now`, by labels.
    func active(at now: Timestamp) -> [Event] {
        events.values.filter { $0.end > now }.sorted { $0.alert.labels < $1.alert.labels }
    }

    // MARK: Series

    /// The samples to write at `moment`: 1 for each active alert, and a staleness marker for each series that has none
    /// any more.
    func samples(at moment: Timestamp, naming names: EventNames) -> [SeriesSamples] {
        let current = series(at: moment, naming: names)
        let samples = current.map { ($0, 1) } + written.subtracting(current).map { ($0, Staleness.marker) }
        return samples.sorted { $0.0 < $1.0 }.map { labels, value in
            SeriesSamples(labels: labels, samples: SampleColumns(times: [moment.milliseconds], values: [value]))
        }
    }

    /// Takes note that `samples` were written.
    mutating func note(written samples: [SeriesSamples]) {
        written = Set(samples.filter { !$0.samples.values.allSatisfy(Staleness.isMarker) }.map(\.labels))
    }

    private func series(at moment: Timestamp, naming names: EventNames) -> Set<Labels> {
        Set(active(at: moment).map { names.series(of: $0.alert.labels) })
    }
}

/// Encoded as lists: labels are no keys of JSON.
extension EventBook: Codable {
    private enum Keys: String, CodingKey { case events, written }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        for event in try values.decode([Event].self, forKey: .events) { events[event.alert.labels] = event }
        written = Set(try values.decode([Labels].self, forKey: .written))
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        try values.encode(events.values.sorted { $0.alert.labels < $1.alert.labels }, forKey: .events)
        try values.encode(written.sorted(), forKey: .written)
    }
}
