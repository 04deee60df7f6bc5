import FleetModel

/// The ticks that a guest's console shows, on whichever host it runs: when they came and from where. Pure.
struct TickRecord: Sendable {
    /// One tick as it came in.
    struct Tick: Sendable, Hashable {
        let sequence: Int64
        let host: HostName
        let time: Timestamp
    }

    /// How many are remembered: a few minutes of ticks.
    static let memory = 32_768

    private(set) var ticks: [Tick] = []

    /// Takes a tick in. One that is older than the last was late on its way and says nothing new.
    mutating func receive(_ tick: Tick) {
        if let last = ticks.last, tick.sequence <= last.sequence { return }
        if ticks.count >= Self.memory { ticks.removeFirst(Self.memory / 2) }
        ticks.append(tick)
    }

    /// The longest time between two ticks of which one lies inside the span, in milliseconds; `nil` where the span has
    /// no ticks on both sides.
    func longestGap(from first: Timestamp, through last: Timestamp) -> Int? {
        zip(ticks, ticks.dropFirst())
            .filter { $0.time <= last && $1.time >= first }
            .map { Int(($1.time - $0.time).milliseconds) }.max()
    }

    /// How many ticks came from `host` since `moment`.
    func count(from host: HostName, since moment: Timestamp) -> Int {
        ticks.lazy.filter { $0.host == host && $0.time >= moment }.count
    }
}
