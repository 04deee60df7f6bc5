/// Which series count towards limits: those that have samples, or got their number just now. The index keeps forgotten ones
/// for a while. Looked at only where a limit seems to be reached.
struct SeriesCensus {
    private let ordinals: [UInt32]
    private let head: Head
    private let flushing: Head?

    /// The series as they are before a request is read.
    init(_ state: borrowing StoreState) {
        ordinals = state.ordinals
        head = state.head
        flushing = state.flushing
    }

    /// How many series of the index count.
    func count(_ index: borrowing SeriesIndex) -> Int {
        (0..<UInt32(index.count)).count { isCounted($0) }
    }

    /// How many of a host.
    func count(ofHost host: String, _ index: borrowing SeriesIndex) -> Int {
        index.series(ofHost: host).count { isCounted($0) }
    }

    private func isCounted(_ series: UInt32) -> Bool {
        guard series < ordinals.count else { return true }
        return ordinals[Int(series)] != SeriesIndex.none || !head.snapshot(of: series).isEmpty
            || !(flushing?.snapshot(of: series).isEmpty ?? true)
    }
}
