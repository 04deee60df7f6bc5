/// What a guest's ticks say about it, from one console or, across a live migration, from two: the longest time in which
/// it gave no sign of life, and whether one followed on the other.
public struct PulseTicks: Hashable, Sendable {
    /// How many ticks were heard.
    public private(set) var count = 0
    /// The highest number heard; `nil` before the first.
    public private(set) var last: Int64?
    /// The longest time between two ticks that followed each other.
    public private(set) var longestGap = Duration.zero
    /// How many ticks did not carry a number higher than the one before: a guest that ran twice, or from the past.
    public private(set) var repetitions = 0
    /// How many numbers were left out, as when nobody was listening.
    public private(set) var missing: Int64 = 0
    private var lastHeard: ContinuousClock.Instant?

    /// No ticks yet.
    public init() {}

    /// Takes a tick and when it was heard, in the order of hearing.
    public mutating func hear(_ number: Int64, at moment: ContinuousClock.Instant) {
        count += 1
        if let lastHeard { longestGap = max(longestGap, moment - lastHeard) }
        lastHeard = moment
        guard let last else {
            self.last = number
            return
        }
        if number > last {
            missing += number - last - 1
            self.last = number
        } else {
            repetitions += 1
        }
    }
}
