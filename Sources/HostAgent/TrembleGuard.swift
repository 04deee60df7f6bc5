/// Keeps a count from running backwards a little. To who reckons rates every fall is a reset, after which the whole count
/// was made anew: a count of a million that falls by one would show a million events.
///
/// A count that falls below nine tenths of what it was has been reset and is passed on; one that falls by less only
/// trembles, and is held at its height until it has passed it.
struct TrembleGuard: Sendable {
    private static let leastShare = 0.9
    private var height = -Double.infinity

    /// The value to tell in place of `value`.
    mutating func pass(_ value: Double) -> Double {
        if value < height, value >= height * Self.leastShare { return height }
        height = value
        return value
    }
}
