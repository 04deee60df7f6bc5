import FleetModel

/// The columns of a series' buckets as they are kept in a file of rollups.
///
/// A file `rollup-N.db` holds 32 days, N periods of 32 days after 1970-01-01, in the tables of every block file (drawn at
/// `BlockFile`) and one more:
///
///     rolled  day | run: the newest run of the day's raw file that went in | gone: 1 when the raw file was dropped
///
/// A run is what one pass over a day gave, or a merge of several; where two have a bucket the newer run's counts. Its
/// pages are those of `PageBuilder`, in which an ordinal is `series << 3 | aspect` and a time the end of a bucket
/// (milliseconds; one more for the part of a bucket that belongs to the next day, see `BucketFold`). All columns of a
/// series share their time column. What follows from the others is left out, and the reader fills it in:
///
///     aspect         has an entry for                                 where it has none it is
///     0 last         every bucket
///     1 minimum      every bucket
///     2 maximum      every bucket; of a counter where it differs      the last value
///     3 sum          every bucket
///     4 count        every bucket
///     5 resets       of a counter, where it is not zero               zero
///     6 firstValue   of a counter, where it differs                   the minimum
///     7 lastValue    where `last` is a staleness marker               `last`
///
/// A pass that replaces buckets of an earlier one leaves nothing out, so that nothing of the earlier one shows through.
enum RollupAspect: UInt32, CaseIterable {
    case last
    case minimum
    case maximum
    case sum
    case count
    case resets
    case firstValue
    case lastValue

    static let bits: UInt32 = 3
    /// Series with a number from here on have no room beside the aspect.
    static let endOfOrdinals: UInt32 = 1 << (32 - bits)

    /// The number under which a page has the aspect of a series.
    func ordinal(_ series: UInt32) -> UInt32 { series << Self.bits | rawValue }

    /// What is kept of buckets that have all columns; `isWhole` leaves nothing out that means something.
    func entries(of buckets: BucketColumns, isCounter: Bool, isWhole: Bool) -> SampleColumns {
        switch self {
        case .last: SampleColumns(times: buckets.times, values: buckets.last)
        case .minimum: SampleColumns(times: buckets.times, values: buckets.minimum)
        case .sum: SampleColumns(times: buckets.times, values: buckets.sum)
        case .count: SampleColumns(times: buckets.times, values: buckets.count)
        case .maximum:
            select(buckets, buckets.maximum) { isWhole || !isCounter || !same(buckets.maximum, buckets.lastValue, $0) }
        case .resets: select(buckets, buckets.resets) { isCounter && (isWhole || buckets.resets[$0] != 0) }
        case .firstValue:
            select(buckets, buckets.firstValue) {
                isCounter && (isWhole || !same(buckets.firstValue, buckets.minimum, $0))
            }
        case .lastValue: select(buckets, buckets.lastValue) { isWhole || !same(buckets.lastValue, buckets.last, $0) }
        }
    }

    private func same(_ one: [Double], _ other: [Double], _ place: Int) -> Bool {
        one[place].bitPattern == other[place].bitPattern
    }

    private func select(
        _ buckets: BucketColumns, _ values: [Double], where isKept: (Int) -> Bool
    ) -> SampleColumns {
        var kept = SampleColumns()
        for place in values.indices where isKept(place) { kept.append(buckets.times[place], values[place]) }
        return kept
    }
}
