/// Which runs of a file are merged next.
///
/// While a file grows its runs are merged in tiers: so many of a level become one of the next, which keeps their number
/// small at the cost of copying a sample once for each level. When nothing more is expected all become one.
enum MergePolicy {
    /// So many runs of a level become one of the next.
    static let fan = 12
    /// No more runs are merged at once, since a page of each is in memory.
    static let most = 24

    /// The places of the runs to merge, which lie one behind the other; `nil` when there is nothing to do. `levels` are
    /// those of a file's runs, oldest first.
    static func next(_ levels: [Int], isComplete: Bool) -> Range<Int>? {
        if let tier = tier(levels) { return tier }
        guard isComplete, levels.count > 1 else { return nil }
        return max(0, levels.count - most)..<levels.count
    }

    /// The first stretch of enough runs of one level, the lowest level first.
    private static func tier(_ levels: [Int]) -> Range<Int>? {
        for level in Set(levels).sorted() {
            var start = 0
            for place in 0...levels.count where place == levels.count || levels[place] != level {
                if place - start >= fan { return start..<min(place, start + most) }
                start = place + 1
            }
        }
        return nil
    }
}
