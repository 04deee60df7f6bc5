/// By which time retention goes: the clock's, unless that leaps. A clock that is months ahead for a while, or at the start
/// of the server, would cost the samples of those months; so a leap of more than a week is believed once there are
/// samples of three days behind it. Where the server was off for so long, retention waits for these days.
enum RetentionTime {
    /// Days without samples that are no leap.
    private static let gap: Int64 = 7
    /// Days with samples that are believed.
    private static let confirmation = 3

    /// The time in milliseconds, by what the clock says and by the days that have samples.
    static func trusted(_ now: Int64, days: [Int64]) -> Int64 {
        let today = BlockFile.day(of: now)
        var runs: [(end: Int64, count: Int)] = []
        for day in days.filter({ $0 <= today }).sorted() {
            if let last = runs.last, day - last.end <= gap {
                runs[runs.count - 1] = (day, last.count + 1)
            } else {
                runs.append((day, 1))
            }
        }
        if let last = runs.last, today - last.end <= gap {
            if last.count >= confirmation { return now }
            runs.removeLast()
        }
        guard let known = runs.last(where: { $0.count >= confirmation }) else { return now }
        return (known.end + 1) * BlockFile.dayMilliseconds - 1
    }
}
