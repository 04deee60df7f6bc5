import FleetModel

/// Samples that lie in the future of the store's clock and stay.
struct AheadNote: Sendable, Hashable {
    /// How many, of how many series, from when to when.
    let text: String
    /// The time of the newest, in milliseconds.
    let end: Int64
}

extension StoreState {
    /// Whether the newest sample of any series lies further ahead than a time.
    func isAhead(of time: Int64) -> Bool { newest.contains { $0 > time } }

    /// Lets series whose newest sample lies further ahead than a time go on with what comes now. Memory holds no such
    /// sample any more; what came late since is the newest that is known.
    mutating func goOn(before time: Int64) {
        for series in newest.indices where newest[series] > time {
            newest[series] = head.newestStray(of: UInt32(series)) ?? .min
        }
        isAhead = false
    }
}
