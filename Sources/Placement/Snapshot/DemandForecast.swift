/// What a VM is expected to want of processors over the time that a plan should hold.
public struct DemandForecast: Sendable, Hashable, Codable {
    /// Expected demand in LPs.
    public var mean: Double
    /// Standard deviation of the demand, the forecast's own error included, in LPs.
    public var deviation: Double

    /// A forecast.
    public init(mean: Double, deviation: Double) {
        self.mean = mean
        self.deviation = deviation
    }

    /// Whether both figures can be.
    var isPossible: Bool { mean.isFinite && mean >= 0 && deviation.isFinite && deviation >= 0 }
}
