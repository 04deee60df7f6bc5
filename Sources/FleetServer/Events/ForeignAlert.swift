import FleetModel
import TimeSeriesStore

/// An alert that another system sent: a Prometheus, or a hardware monitor that speaks as one.
struct ForeignAlert: Hashable, Codable, Sendable {
    /// Its labels, `alertname` among them: its identity.
    var labels: Labels
    /// What it says for people, cut to what is shown (`ForeignAlertReader.shownAnnotations`).
    var annotations: [String: String] = [:]
    /// Since when it is there, by the sender's clock.
    var startsAt: Timestamp?
    /// When it ended or, while it fires, until when it holds without another word.
    var endsAt: Timestamp?
    /// Where a person can look into it.
    var generatorURL = ""
}

/// How large an alert may be: whatever is taken must fit the store of series.
struct ForeignAlertLimits: Hashable, Sendable {
    /// Alerts in a request. Prometheus sends at most 256.
    var alerts = 2000
    /// Labels of an alert.
    var labels = 56
    /// Bytes of a label's name.
    var nameBytes = 256
    /// Bytes of a label's value.
    var valueBytes = 1024
    /// Characters of an annotation that are kept.
    var annotation = 2048
    /// Alerts that are active at a time.
    var active = 10_000

    /// The defaults, or less where a store takes less. Names get longer and labels more when a series is named
    /// (`EventNames`).
    init(fitting store: StoreOptions = StoreOptions()) {
        labels = min(labels, store.maximumLabels - 5)
        nameBytes = min(nameBytes, store.maximumNameBytes)
        valueBytes = min(valueBytes, store.maximumValueBytes)
    }
}
