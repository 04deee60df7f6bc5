import FleetModel

/// What every plan keeps to. No host that an action touches may be over a ceiling after it, in the prediction.
public struct PlannerLimits: Sendable, Hashable, Codable {
    /// Highest busy share of a host's LPs after an action. SCVMM's own host monitor calls a host hot at 0.75.
    public var processorCeiling: Double
    /// Highest used share of a host's memory while and after a VM arrives.
    public var memoryCeiling: Double
    /// Most actions in one plan.
    public var maximumMoves: Int
    /// Memory that a host keeps for itself and promises to no VM.
    public var hostReserve: Bytes
    /// How long a VM that was moved, and a host that gave or took one, is left alone.
    public var coolDown: Duration
    /// For how long a plan should hold: what a move costs is weighed against what it saves over that time.
    public var stabilityWindow: Duration = .seconds(43_200)
    /// Within which time no VM goes back to the host that it came from.
    public var returnTime: Duration = .seconds(43_200)
    /// Virtual processors that a host may carry for each LP; `nil` for any number.
    public var processorOvercommit: Double?
    /// How much of its memory a host may promise to VMs, with 1 for all of it and no more.
    public var memoryOvercommit = 1.0
    /// Share of a host's disk and network bandwidth and of its local space that may be used.
    public var bandwidthCeiling = 0.9
    /// Moves at a time that a host takes part in.
    public var movesAtATime = 2
    /// Moves at a time in one cluster.
    public var movesInCluster = 1000
    /// Memory that one plan may move; `nil` for any amount.
    public var migrationBudget: Bytes?
    /// Bytes a second that a move copies where a host does not say.
    public var usualBandwidth = 125_000_000.0
    /// From which busy share on a host's VMs are taken to want more than they get.
    public var saturation: Double
    /// How much more than it gets a VM on a saturated host is taken to want, as a share of what it gets.
    public var hiddenDemand: Double

    /// Limits; the defaults are meant for hosts of any size.
    public init(
        processorCeiling: Double = 0.75, memoryCeiling: Double = 0.9, maximumMoves: Int = 8,
        hostReserve: Bytes = .zero, coolDown: Duration = .seconds(600), saturation: Double = 0.95,
        hiddenDemand: Double = 0.15
    ) {
        self.processorCeiling = processorCeiling
        self.memoryCeiling = memoryCeiling
        self.maximumMoves = maximumMoves
        self.hostReserve = hostReserve
        self.coolDown = coolDown
        self.saturation = saturation
        self.hiddenDemand = hiddenDemand
    }
}
