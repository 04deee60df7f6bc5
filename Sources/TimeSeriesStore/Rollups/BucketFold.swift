import FleetModel

/// Folds samples into buckets of five minutes.
///
/// A bucket ends at a multiple of five minutes and holds what is later than the one before it and not later than itself.
/// Block files part at midnight, and the sample of midnight itself belongs to the bucket that ends there, whose other
/// samples are in the file before. So that a day is rolled up from its own file alone, that sample makes a part of a
/// bucket, whose time is one more than the bucket's; `joinParts` puts the parts together when buckets are read.
enum BucketFold {
    /// The time under which a sample is kept: its bucket's, or one more for the sample of midnight.
    @inline(__always)
    static func key(of time: Int64) -> Int64 {
        if time % BlockFile.dayMilliseconds == 0 { return time + 1 }
        let rest = time % BucketColumns.width
        return rest == 0 ? time : time - rest + (rest > 0 ? BucketColumns.width : 0)
    }

    /// Appends the buckets of samples, times ascending, all columns.
    static func fold(_ samples: SampleColumns, into buckets: inout BucketColumns) {
        var place = 0
        while place < samples.count {
            let key = key(of: samples.times[place])
            var bucket = Bucket()
            while place < samples.count, Self.key(of: samples.times[place]) == key {
                bucket.add(samples.values[place])
                place += 1
            }
            buckets.append(key, bucket)
        }
    }

    /// Puts the parts of buckets together, in the columns that are there.
    static func joinParts(_ buckets: inout BucketColumns) {
        guard buckets.times.contains(where: { $0 % BucketColumns.width == 1 }) else { return }
        var kept = 0
        for place in buckets.times.indices {
            if buckets.times[place] % BucketColumns.width == 1 { buckets.times[place] -= 1 }
            if kept > 0, buckets.times[kept - 1] == buckets.times[place] {
                buckets.join(place, into: kept - 1)
            } else {
                if kept < place { buckets.move(place, to: kept) }
                kept += 1
            }
        }
        buckets.truncate(to: kept)
    }
}

/// One bucket while it is made.
struct Bucket {
    private(set) var count = 0.0
    private var total = 0.0
    private var correction = 0.0
    private(set) var minimum = 0.0
    private(set) var maximum = 0.0
    private(set) var last = 0.0
    private(set) var lastValue = 0.0
    private(set) var firstValue = 0.0
    private(set) var resets = 0.0

    /// The sum, compensated (Neumaier 1974), as PromQL sums.
    var sum: Double { total.isInfinite ? total : total + correction }

    @inline(__always)
    mutating func add(_ value: Double) {
        last = value
        if Staleness.isMarker(value) { return }
        if count == 0 {
            (firstValue, minimum, maximum) = (value, value, value)
        } else {
            if value < minimum || minimum.isNaN { minimum = value }
            if value > maximum || maximum.isNaN { maximum = value }
            if value < lastValue { resets += lastValue }
        }
        lastValue = value
        count += 1
        let sum = total + value
        if sum.isInfinite {
            correction = 0
        } else {
            correction += abs(total) >= abs(value) ? (total - sum) + value : (value - sum) + total
        }
        total = sum
    }
}

extension BucketColumns {
    mutating func append(_ time: Int64, _ bucket: Bucket) {
        times.append(time)
        count.append(bucket.count)
        sum.append(bucket.sum)
        minimum.append(bucket.minimum)
        maximum.append(bucket.maximum)
        last.append(bucket.last)
        lastValue.append(bucket.lastValue)
        firstValue.append(bucket.firstValue)
        resets.append(bucket.resets)
    }

    /// Joins a bucket into one that is an earlier part of the same.
    fileprivate mutating func join(_ place: Int, into earlier: Int) {
        defer { count[earlier] += count[place] }
        if !last.isEmpty { last[earlier] = last[place] }
        guard count[place] > 0 else { return }
        guard count[earlier] > 0 else {
            let newest = last.isEmpty ? 0 : last[place]
            move(place, to: earlier)
            if !last.isEmpty { last[earlier] = newest }
            count[earlier] = 0
            return
        }
        if !sum.isEmpty { sum[earlier] += sum[place] }
        if !minimum.isEmpty, minimum[place] < minimum[earlier] || minimum[earlier].isNaN {
            minimum[earlier] = minimum[place]
        }
        if !maximum.isEmpty, maximum[place] > maximum[earlier] || maximum[earlier].isNaN {
            maximum[earlier] = maximum[place]
        }
        if !resets.isEmpty {
            resets[earlier] += resets[place] + (firstValue[place] < lastValue[earlier] ? lastValue[earlier] : 0)
        }
        if !lastValue.isEmpty { lastValue[earlier] = lastValue[place] }
    }

    fileprivate mutating func move(_ place: Int, to other: Int) {
        eachColumn { $0[other] = $0[place] }
        times[other] = times[place]
    }

    fileprivate mutating func truncate(to length: Int) {
        eachColumn { $0.removeLast($0.count - length) }
        times.removeLast(times.count - length)
    }

    /// Applies a change to every column of values that is there.
    mutating func eachColumn(_ change: (inout [Double]) -> Void) {
        change(&count)
        if !sum.isEmpty { change(&sum) }
        if !minimum.isEmpty { change(&minimum) }
        if !maximum.isEmpty { change(&maximum) }
        if !last.isEmpty { change(&last) }
        if !lastValue.isEmpty { change(&lastValue) }
        if !firstValue.isEmpty { change(&firstValue) }
        if !resets.isEmpty { change(&resets) }
    }

    /// Sorts the buckets by time, if they are out of order.
    mutating func restoreOrder() {
        guard zip(times, times.dropFirst()).contains(where: { $0 >= $1 }) else { return }
        let order = times.indices.sorted { times[$0] < times[$1] }
        eachColumn { column in column = order.map { column[$0] } }
        times = order.map { times[$0] }
    }
}
