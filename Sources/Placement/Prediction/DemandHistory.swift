/// What was seen of a VM's demand, in a few numbers: enough to expect what it will want.
///
/// The level is the mean of all that was seen, and follows slowly once there is much of it; what one reading is off it
/// is its variance. Before much was seen both lean on what VMs of its size usually want.
public struct DemandHistory: Sendable, Hashable, Codable {
    /// Readings so far.
    public private(set) var count = 0.0
    /// The level: mean of the readings, older ones weighing less once there are more than `memory`.
    public private(set) var mean = 0.0
    private var squares = 0.0

    /// Readings after which old ones begin to weigh less.
    private static let memory = 96.0
    /// As how many readings the prior counts.
    private static let priorWeight = 2.0

    /// Nothing was seen yet.
    public init() {}

    /// Standard deviation of what was seen.
    var deviation: Double { max(0, squares).squareRoot() }

    /// One more reading.
    public mutating func add(_ demand: Double) {
        guard demand.isFinite, demand >= 0 else { return }
        count += 1
        let weight = 1 / min(count, Self.memory)
        let distance = demand - mean
        mean += weight * distance
        squares = (1 - weight) * (squares + weight * distance * distance)
    }

    /// What is to be expected; `prior` is what VMs of its size want, give or take `priorDeviation`.
    public func forecast(prior: Double, priorDeviation: Double) -> (mean: Double, variance: Double) {
        let weight = Self.priorWeight
        let level = (mean * count + prior * weight) / (count + weight)
        let variance = (squares * count + priorDeviation * priorDeviation * weight) / (count + weight)
        return (level, variance)
    }
}
