import FleetModel

/// What readers and the writer share, behind the store's lock: which series there are and what is in memory. Changed by
/// the writer alone.
struct StoreState: ~Copyable, Sendable {
    var index = SeriesIndex()
    var head = Head()
    /// The memory that is being written to block files right now.
    var flushing: Head?
    /// The newest time of each series, `Int64.min` where that is not known.
    var newest: [Int64] = []
    /// The value of each series' newest sample where that is on disk; not-a-number with all bits set where it is not known.
    var newestOnDisk: [Double] = []
    /// The number on disk of each series, `SeriesIndex.none` for one that is in memory only.
    var ordinals: [UInt32] = []
    /// The series with each number on disk.
    var seriesByOrdinal: [UInt32] = []
    /// The block files, oldest day first.
    var days: [StoredDay] = []
    /// The files of rollups, oldest first.
    var rollups: [StoredDay] = []
    var isClosed = false
    /// Whether samples lie so far ahead of the clock that it must have been wrong, and nobody has looked after that yet.
    var isAhead = false
    /// What lies ahead of the clock and stays; `nil` where nothing does.
    var aheadNote: AheadNote?
    /// What was found damaged; its samples are missing.
    var damages: [StoreError] = []
    /// Block files that were missed when the store was opened.
    var missingFiles: [String] = []
    var counters = StoreCounters()

    /// Makes room for the series that were added.
    mutating func extend() {
        let missing = index.count - newest.count
        guard missing > 0 else { return }
        newest.append(contentsOf: repeatElement(.min, count: missing))
        newestOnDisk.append(contentsOf: repeatElement(Self.unknownValue, count: missing))
        ordinals.append(contentsOf: repeatElement(SeriesIndex.none, count: missing))
        head.extend(to: index.count)
    }

    /// The time of the oldest sample in memory; `Int64.max` where there is none.
    var oldestInMemory: Int64 { min(head.oldest, flushing?.oldest ?? .max) }

    private static let unknownValue = Double(bitPattern: .max)

    /// Notes the last samples of series that went to disk.
    mutating func note(onDisk ends: [SeriesEnd]) {
        for end in ends where newest[Int(end.series)] == end.time { newestOnDisk[Int(end.series)] = end.value }
    }

    /// Takes staged samples into memory, in order. `example` becomes the first refused one.
    mutating func apply(
        _ staged: StagedSamples, _ range: Range<Int>, bounds: TimeBounds, example: inout String?
    ) -> WriteSummary {
        var summary = WriteSummary()
        var known = KnownSamples()
        for place in range {
            let series = staged.series[place]
            let time = staged.times[place]
            let value = staged.values[place]
            if time > newest[Int(series)], bounds.span.contains(time) {
                head.append(series, time: time, value: value)
                known.note(series, time, value)
                newest[Int(series)] = time
                summary.stored += 1
            } else {
                let fate = applyLate(series, time: time, value: value, bounds: bounds, known: &known)
                summary[keyPath: fate] += 1
                if example == nil, fate != \.stored, fate != \.duplicates {
                    example = "\(index.labels(of: series)) at \(time) ms"
                }
            }
        }
        counters.samples.add(summary)
        return summary
    }

    /// A sample that is not the newest of its series, or outside the bounds.
    private mutating func applyLate(
        _ series: UInt32, time: Int64, value: Double, bounds: TimeBounds, known: inout KnownSamples
    ) -> WritableKeyPath<WriteSummary, Int> {
        let last = newest[Int(series)]
        if time > bounds.span.upperBound { return \.tooNew }
        if time < bounds.span.lowerBound { return \.tooOld }
        if let stored = known.value(of: series, at: time, head, flushing) {
            return stored.bitPattern == value.bitPattern ? \.duplicates : \.conflicting
        }
        if time == last {
            // Read from disk when the store was opened: only its time is known, and the reader keeps that sample.
            let stored = newestOnDisk[Int(series)].bitPattern
            let isSame = stored == value.bitPattern || stored == Self.unknownValue.bitPattern
            return isSame ? \.duplicates : \.conflicting
        }
        if last > bounds.ahead { isAhead = true }
        // What a clock that was ahead wrote keeps nothing out.
        if time < min(last, bounds.span.upperBound) - bounds.outOfOrderWindow { return \.tooOld }
        head.insertStray(series, time: time, value: value)
        return \.stored
    }
}

/// What memory holds of the series whose samples come late in a request, laid out once for all of them: a sender that
/// delivers much again, or backwards, asks for each sample.
struct KnownSamples {
    private var bySeries: [UInt32: SampleColumns] = [:]

    /// Notes a sample that was appended in order.
    @inline(__always)
    mutating func note(_ series: UInt32, _ time: Int64, _ value: Double) {
        if bySeries.isEmpty { return }
        bySeries[series]?.append(time, value)
    }

    /// The value that memory holds for a series at a time, if any.
    mutating func value(of series: UInt32, at time: Int64, _ head: Head, _ flushing: Head?) -> Double? {
        if let value = head.stray(of: series, at: time) ?? flushing?.stray(of: series, at: time) { return value }
        if bySeries[series] == nil {
            var columns = flushing?.inOrder(series) ?? SampleColumns()
            let rest = head.inOrder(series)
            columns.times.append(contentsOf: rest.times)
            columns.values.append(contentsOf: rest.values)
            bySeries[series] = columns
        }
        return bySeries[series].flatMap { columns in columns.place(of: time).map { columns.values[$0] } }
    }
}

/// The last sample of a series.
struct SeriesEnd: Sendable {
    let series: UInt32
    let time: Int64
    let value: Double
}

/// A block file with its runs, oldest first.
struct StoredDay: Sendable {
    let file: BlockFile
    var runs: [Run]
    /// Of a file of rollups, how far its days are rolled up.
    var rolled: [Int64: RolledDay] = [:]
}

/// Which times a sample may have.
struct TimeBounds: Sendable {
    /// From the end of retention to the bound in the future, in milliseconds.
    let span: ClosedRange<Int64>
    /// How far behind the newest sample of its series, in milliseconds.
    let outOfOrderWindow: Int64
    /// A sample that is there already and lies beyond this time was written by a clock that was wrong, or the clock is
    /// wrong now: well beyond what any sample may lie in the future.
    let ahead: Int64

    /// The bounds for what is received at a moment.
    init(_ options: StoreOptions, received: Int64) {
        let oldest = received - options.rawRetention.milliseconds
        span = oldest...max(oldest, received + options.futureBound.milliseconds)
        outOfOrderWindow = options.outOfOrderWindow.milliseconds
        ahead = span.upperBound + 2 * options.futureBound.milliseconds
    }
}

/// What happened since the process began.
struct StoreCounters: Sendable {
    var samples = WriteSummary()
    var requests = 0
    var refusedRequests = 0
    var commits = 0
    var logBytes = 0
    var flushes = 0
    var flushFailures = 0
    var merges = 0
    var upkeepFailures = 0
    var mergedSamples = 0
    var damagedPages = 0
    var rolledDays = 0
    var rollupBuckets = 0
    var droppedRaw = 0
    var droppedRollups = 0
    var overLimit = 0
    var forgottenSeries = 0
    var compactions = 0
    var deletedSamples = 0
}
