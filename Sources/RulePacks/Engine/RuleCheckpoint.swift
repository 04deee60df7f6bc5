import FleetModel

/// What a rule engine keeps from run to run of the server.
public struct RuleCheckpoint: Sendable, Hashable, Codable {
    /// The round that it was made after.
    var time: Timestamp?
    /// Alerts that are pending or firing, by their rules' keys.
    var alerts: [String: AlertBook]

    /// Nothing so far.
    public init() {
        self.init(time: nil, alerts: [:])
    }

    init(time: Timestamp?, alerts: [String: AlertBook]) {
        self.time = time
        self.alerts = alerts
    }
}
