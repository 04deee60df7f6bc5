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
