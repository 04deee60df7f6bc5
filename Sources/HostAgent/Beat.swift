import FleetModel

/// How an interval is divided: it is looked at by the second, and told at its end.
struct Beat: Hashable, Sendable {
    /// Looks in an interval, the one at its end included.
    let looks: Int
    /// Time between two looks.
    let span: Duration

    /// The division of `interval`: whole parts of it of a second or a little less.
    init(_ interval: Duration) {
        looks = max(1, Int((interval.inSeconds).rounded(.up)))
        span = interval / looks
    }
}
