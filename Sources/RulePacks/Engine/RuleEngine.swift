import FleetModel

/// Evaluates packs, one round at a time, and keeps what lasts from round to round: which alert has been there since
/// when. The state can be written down (`checkpoint`) and taken up again by another run of the server.
public struct RuleEngine: Sendable {
    /// The packs.
    public private(set) var packs: [RulePack]

    /// An engine without alerts so far.
    public init(packs: [RulePack]) {
        self.packs = packs
    }

    /// The state to write down after a round.
    public var checkpoint: RuleCheckpoint { RuleCheckpoint() }

    /// Takes up the state of an earlier run. The time in which nobody looked does not count towards any `for`.
    public mutating func restore(_ checkpoint: RuleCheckpoint, at moment: Timestamp) {}

    /// `evenkeel_parameter{pack,name,cluster}` for every parameter and every cluster: the cluster's own setting, else
    /// the fleet's, else the pack's default; one sample each, at `moment`. Settings out of range are left out.
    public func parameterSeries(
        clusters: [ClusterName], settings: [ParameterSetting], at moment: Timestamp
    ) -> [SeriesSamples] { [] }

    /// Evaluates everything as of `moment`. A rule that fails is reported and stops no other. What recording rules
    /// give, and `ALERTS`, goes to `sink` before the next rule is asked. `settings` are those of `parameterSeries`.
    public mutating func evaluate(
        at moment: Timestamp, engine: any QueryEngine, sink: (any SeriesSink)?, settings: [ParameterSetting] = []
    ) async -> AlertRound { AlertRound(time: moment) }
}

/// What a rule engine keeps from round to round.
public struct RuleCheckpoint: Sendable, Hashable, Codable {
    /// Nothing yet.
    public init() {}
}
