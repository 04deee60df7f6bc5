/// Expects what a VM will want from all that was seen of it: a level with its variance, a trend where there plainly is
/// one, and the time of day where history shows that it matters.
public struct DemandModel: Sendable, Hashable, Codable {
    /// Level and variance.
    public private(set) var history = DemandHistory()
    private var profile = DailyProfile()
    /// The level of the latest readings.
    private var recent = 0.0
    /// Demand that 95 % of the readings stayed below, approached step by step (Robbins and Monro, 1951).
    private var peak = 0.0

    /// As how many readings the recent level is.
    private static let recentMemory = 24.0
    /// A trend counts when the recent level is so many standard errors off the long one.
    private static let significance = 3.0
    /// Readings before a peak is worth a word.
    private static let fewestForPeak = 200.0

    /// Nothing was seen yet.
    public init() {}

    /// One more reading, at a second of the day.
    public mutating func add(_ demand: Double, at second: Int) {
        guard demand.isFinite, demand >= 0 else { return }
        history.add(demand)
        profile.add(demand, at: second)
        recent += (demand - recent) / min(history.count, Self.recentMemory)
        if history.count == 1 { peak = demand }
        let step = (history.deviation + 0.01 * demand) * (0.05 + 2 / history.count.squareRoot())
        peak = max(0, peak + (demand > peak ? 0.95 : -0.05) * step)
    }

    /// Demand that it stayed below in 95 % of the time; `nil` before enough was seen.
    public var usualPeak: Double? { history.count >= Self.fewestForPeak ? peak : nil }

    /// What is to be expected over a stretch of time that begins at a second of the day; `prior` is what VMs of its size
    /// want, give or take `priorDeviation`.
    public func forecast(
        prior: Double, priorDeviation: Double, from second: Int, seconds: Int
    ) -> (mean: Double, variance: Double) {
        var (mean, variance) = history.forecast(prior: prior, priorDeviation: priorDeviation)
        if profile.isTelling(variance: variance) {
            let stretch = profile.stretch(from: second, seconds: seconds)
            mean = max(0, mean + stretch.offset)
            variance = max(0, variance - stretch.explained) + stretch.variance
        } else {
            mean = max(0, mean + trend)
        }
        return (mean, variance)
    }

    /// Half of the way from the long level to the recent one, where that is more than chance: trends go on, but not for
    /// ever.
    private var trend: Double {
        guard history.count >= 2 * Self.recentMemory else { return 0 }
        let error = history.deviation / Self.recentMemory.squareRoot()
        let distance = recent - history.mean
        return distance.magnitude > Self.significance * error && error > 0 ? distance / 2 : 0
    }
}
