import FleetModel

/// Notices that the server's clock was set. Events come every second, so half a day between two of them is a clock that was
/// set ahead, or a server that slept: nobody had that time to look at a tip.
struct ClockWatch: Sendable {
    /// What is no pause between two events any more.
    static let leap = Duration.seconds(43_200)
    private static let mostLeaps = 16

    /// The latest time that was seen: a clock that was set back shows by it. Where a clock that had been set ahead was
    /// set right, what it showed meanwhile does not count.
    private(set) var latest = Timestamp(milliseconds: 0)
    private var last: Timestamp?
    private var leaps: [(from: Timestamp, by: Duration)] = []

    /// Takes the time of an event. Returns by how much the clock was set ahead since the last one, if it was.
    mutating func note(_ now: Timestamp) -> Duration? {
        let before = last
        last = now
        while let leap = leaps.last, now - leap.from < leap.by / 2 {
            leaps.removeLast()
            latest = leap.from
        }
        latest = max(latest, now)
        guard let before, now - before >= Self.leap else { return nil }
        leaps.append((before, now - before))
        if leaps.count > Self.mostLeaps { leaps.removeFirst() }
        return now - before
    }

    /// How long ago `time` was, without what the clock was set ahead since.
    func age(of time: Timestamp, at now: Timestamp) -> Duration {
        leaps.reduce(now - time) { age, leap in leap.from >= time ? age - leap.by : age }
    }
}
