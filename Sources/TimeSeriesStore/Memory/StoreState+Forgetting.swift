import FleetModel

/// Series come and go with the virtual machines that they tell of. One whose last sample is gone leaves the catalogue at
/// once; from the index, where a series' number is a place in many arrays, the gone ones are removed together when they
/// are many.
extension StoreState {
    /// Whether a series is known by its labels only: it has no number on disk, and memory holds nothing of it.
    func isForgotten(_ series: UInt32) -> Bool {
        ordinals[Int(series)] == SeriesIndex.none && isAbsentFromMemory(series)
    }

    /// Whether memory holds nothing of a series.
    func isAbsentFromMemory(_ series: UInt32) -> Bool {
        head.snapshot(of: series).isEmpty && flushing?.snapshot(of: series).isEmpty ?? true
    }

    /// How many series have samples, or may have some.
    var liveSeries: Int { index.count - forgottenSeries }

    /// How many series of the index are forgotten.
    private var forgottenSeries: Int {
        (0..<UInt32(index.count)).count { isForgotten($0) }
    }

    /// Makes the index anew without the forgotten series, if they are at least `share` of all. No flush may be under
    /// way, and no request half read: the numbers of series change.
    mutating func compact(share: Double) {
        guard flushing == nil else { return }
        let kept = (0..<UInt32(index.count)).filter { !isForgotten($0) }
        let gone = index.count - kept.count
        guard gone > 0, Double(gone) >= share * Double(index.count) else { return }
        var fresh = SeriesIndex()
        for series in kept {
            let identity = Array(index.identities.string(series))
            _ = fresh.add(index.labels(of: series), identity: unsafe identity.span.bytes)
        }
        index = fresh
        newest = kept.map { newest[Int($0)] }
        newestOnDisk = kept.map { newestOnDisk[Int($0)] }
        ordinals = kept.map { ordinals[Int($0)] }
        head.renumber(kept)
        for (series, ordinal) in ordinals.enumerated() where ordinal != SeriesIndex.none {
            seriesByOrdinal[Int(ordinal)] = UInt32(series)
        }
        counters.compactions += 1
    }
}
