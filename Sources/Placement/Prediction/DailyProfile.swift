/// What a VM usually wants at each time of day, in half hours.
public struct DailyProfile: Sendable, Hashable, Codable {
    /// Parts of a day.
    public static let slots = 48
    private static let secondsOfSlot = 86_400 / slots
    /// Readings after which old days begin to weigh less.
    private static let memory: Float = 60

    private var means = [Float](repeating: 0, count: slots)
    private var counts = [Float](repeating: 0, count: slots)
    /// How often a new day has begun.
    private var days = 0
    private var lastSlot = -1

    /// Nothing was seen yet.
    public init() {}

    /// The slot of a second of the day; seconds beyond a day count from its start.
    static func slot(_ second: Int) -> Int { ((second % 86_400 + 86_400) % 86_400) / secondsOfSlot }

    mutating func add(_ demand: Double, at second: Int) {
        let slot = Self.slot(second)
        if slot < lastSlot { days += 1 }
        lastSlot = slot
        counts[slot] = min(counts[slot] + 1, Self.memory)
        means[slot] += (Float(demand) - means[slot]) / counts[slot]
    }

    /// Whether two whole days were seen, and the time of day explains at least a fifth of `variance`.
    func isTelling(variance: Double) -> Bool {
        guard days >= 2, !counts.contains(0), variance > 0 else { return false }
        return spread >= 0.2 * variance
    }

    private var mean: Double { Double(means.reduce(0, +)) / Double(Self.slots) }

    /// Variance of the slots' means.
    private var spread: Double {
        let mean = mean
        return means.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(Self.slots)
    }

    /// How far a stretch of the day is above the whole day's mean, and the variance inside it.
    func stretch(from second: Int, seconds: Int) -> (offset: Double, variance: Double, explained: Double) {
        let first = Self.slot(second)
        let count = max(
            1, min(Self.slots, (min(86_400, max(0, seconds)) + Self.secondsOfSlot - 1) / Self.secondsOfSlot))
        let values = (0..<count).map { Double(means[(first + $0) % Self.slots]) }
        let level = values.reduce(0, +) / Double(count)
        let variance = values.reduce(0) { $0 + ($1 - level) * ($1 - level) } / Double(count)
        return (level - mean, variance, spread)
    }
}
