import FleetModel

/// Notices that the server's clock was set. Events come every second, so half a day between two of them is a clock that was
/// set ahead, or a server that slept: nobody had that time to look at a tip.
struct ClockWatch: Sendable {
    /// What is no pause between two events any more: no tip grows older by it.
    static let leap = Duration.seconds(43_200)
    /// What may be a clock that was set ahead: should it be set back, policy does not wait for that time to come.
    private static let jump = Duration.seconds(60)
    private static let mostJumps = 16

    /// The latest time that was seen: a clock that was set back shows by it. Where a clock that had been set ahead was
    /// set right, what it showed meanwhile does not count.
    private(set) var latest = Timestamp(milliseconds: 0)
    private var last: Timestamp?
    private var jumps: [(from: Timestamp, by: Duration)] = []

    /// Takes the time of an event. Returns by how much the clock was set ahead since the last one, if it was.
    mutating func note(_ now: Timestamp) -> Duration? {
        let before = last
        last = now
        while let jump = jumps.last, now < jump.from + jump.by {
            // Whatever was stamped since it lies ahead of now, so nothing old looks new.
            jumps.removeLast()
            latest = jump.from
            if now - jump.from >= Self.leap { jumps.append((jump.from, now - jump.from)) }
        }
        latest = max(latest, now)
        guard let before, now - before >= Self.jump else { return nil }
        jumps.append((before, now - before))
        if jumps.count > Self.mostJumps { jumps.removeFirst() }
        return now - before >= Self.leap ? now - before : nil
    }

    /// The last time that the clock was set ahead, or the server slept, and by how much; `nil` where it did not.
    var wentAhead: (at: Timestamp, by: Duration)? { jumps.last.map { ($0.from, $0.by) } }

    /// How long ago `time` was, without what the clock was set ahead since.
    func age(of time: Timestamp, at now: Timestamp) -> Duration {
        jumps.reduce(now - time) { age, jump in jump.by >= Self.leap && jump.from >= time ? age - jump.by : age }
    }
}
