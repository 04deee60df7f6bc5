/// The largest share of its memory that a VM's guest used on each of the last days.
struct MemoryPeaks: Sendable, Hashable {
    /// How many days count.
    private static let days = 7

    private struct Day: Sendable, Hashable {
        var number: Int
        var peak: Double
    }

    private var known: [Day] = []

    /// The largest share over those days; `nil` before anything was seen.
    var peak: Double? { known.lazy.map(\.peak).max() }

    /// Takes in what was seen at a second since 1970 UTC. A clock that was set back starts anew.
    mutating func add(_ share: Double, at second: Int) {
        guard share.isFinite, (0...1).contains(share) else { return }
        let number = second / 86_400
        known.removeAll { $0.number <= number - Self.days || $0.number > number }
        if let last = known.indices.last, known[last].number == number {
            known[last].peak = max(known[last].peak, share)
        } else {
            known.append(Day(number: number, peak: share))
        }
    }

    /// Whether nothing was seen over those days.
    func isOver(at second: Int) -> Bool { known.allSatisfy { $0.number <= second / 86_400 - Self.days } }
}
