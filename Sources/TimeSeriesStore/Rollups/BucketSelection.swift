import FleetModel

/// The series that a selection of buckets found: what files of rollups have of them, and for days that are not rolled up
/// as they stand, the samples themselves.
struct BucketSelection: BucketSet {
    /// The series and their samples, from the beginning of the first bucket.
    let samples: Selection
    let rollups: RollupReader
    /// Days whose buckets in the files are as good as their samples.
    let freshDays: Set<Int64>
    /// Fresh days of which the samples are there as well.
    let openDays: Set<Int64>
    /// When the buckets end.
    let span: ClosedRange<Int64>
    /// The stretches of days whose buckets are made of samples.
    private let stretches: [Selection]

    init(
        samples: Selection, rollups: RollupReader, freshDays: Set<Int64>, openDays: Set<Int64>,
        span: ClosedRange<Int64>
    ) {
        self.samples = samples
        self.rollups = rollups
        self.freshDays = freshDays
        self.openDays = openDays
        self.span = span
        stretches = Self.stretches(of: samples, except: freshDays)
    }

    var count: Int { samples.count }

    func labels(at index: Int) -> Labels { samples.labels(at: index) }

    func read(_ index: Int, _ parts: BucketParts, into columns: inout BucketColumns) throws {
        columns.removeAll()
        let ordinal = samples.ordinals[index]
        let late = lateDays(of: index)
        let fresh = late.isEmpty ? freshDays : freshDays.subtracting(late)
        if ordinal != SeriesIndex.none, !fresh.isEmpty {
            try rollups.read(ordinal, parts, in: span.lowerBound...span.upperBound + 1, into: &columns)
            columns.keep(days: fresh)
        }
        var found = SampleColumns()
        for stretch in late.isEmpty ? stretches : Self.stretches(of: samples, except: fresh) {
            try stretch.read(index, into: &found)
            BucketFold.fold(found, parts, into: &columns)
        }
        columns.restoreOrder()
        BucketFold.joinParts(&columns)
        columns.trim(to: span)
    }

    /// The days that are rolled up and for which memory has samples that are not.
    private func lateDays(of index: Int) -> Set<Int64> {
        guard let newest = openDays.max() else { return [] }
        let end = (newest + 1) * BlockFile.dayMilliseconds - 1
        guard end >= samples.span.lowerBound else { return [] }
        var columns = SampleColumns()
        for (memory, arena) in zip(samples.memory(of: index), samples.arenas) {
            memory.read(from: samples.span.lowerBound, through: end, arena: arena, into: &columns)
        }
        return openDays.intersection(columns.times.map { BlockFile.day(of: $0) })
    }

    /// The samples in stretches of days that lie one behind the other, without some days.
    private static func stretches(of samples: Selection, except days: Set<Int64>) -> [Selection] {
        var stretches: [Selection] = []
        var start = samples.span.lowerBound
        for day in days.sorted() {
            let first = day * BlockFile.dayMilliseconds
            let end = first + BlockFile.dayMilliseconds
            if end <= start { continue }
            if first > samples.span.upperBound { break }
            if first > start { stretches.append(samples.narrowed(to: start...first - 1)) }
            start = end
        }
        if start <= samples.span.upperBound { stretches.append(samples.narrowed(to: start...samples.span.upperBound)) }
        return stretches
    }
}

extension Selection {
    /// The same series in a part of the span.
    func narrowed(to part: ClosedRange<Int64>) -> Selection {
        let days = reader.days.compactMap { day -> StoredDay? in
            let runs = day.runs.filter { $0.span.overlaps(part) }
            return runs.isEmpty ? nil : StoredDay(file: day.file, runs: runs)
        }
        return Selection(
            labels: labels, ordinals: ordinals, memory: memory, arenas: arenas,
            reader: DiskReader(days, cache: reader.cache), span: part)
    }
}

extension BucketFold {
    /// Appends the buckets of samples, with the columns that `parts` name and those that come with them.
    static func fold(_ samples: SampleColumns, _ parts: BucketParts, into buckets: inout BucketColumns) {
        var whole = BucketColumns()
        fold(samples, into: &whole)
        buckets.times.append(contentsOf: whole.times)
        buckets.count.append(contentsOf: whole.count)
        if parts.contains(.sum) { buckets.sum.append(contentsOf: whole.sum) }
        if !parts.isDisjoint(with: [.minimum, .growth]) { buckets.minimum.append(contentsOf: whole.minimum) }
        if parts.contains(.maximum) { buckets.maximum.append(contentsOf: whole.maximum) }
        if !parts.isDisjoint(with: [.last, .growth, .maximum]) {
            buckets.last.append(contentsOf: whole.last)
            buckets.lastValue.append(contentsOf: whole.lastValue)
        }
        if parts.contains(.growth) {
            buckets.firstValue.append(contentsOf: whole.firstValue)
            buckets.resets.append(contentsOf: whole.resets)
        }
    }
}

extension BucketColumns {
    /// Leaves the buckets of some days.
    mutating func keep(days: Set<Int64>) {
        let kept = times.indices.filter { days.contains(BlockFile.day(of: times[$0] - 1)) }
        if kept.count < times.count { keep(kept) }
    }

    /// Leaves the buckets that end inside a span.
    mutating func trim(to span: ClosedRange<Int64>) {
        let kept = times.indices.filter { span.contains(times[$0]) }
        if kept.count < times.count { keep(kept) }
    }

    /// Leaves the buckets at some places.
    mutating func keep(_ places: [Int]) {
        eachColumn { column in column = places.map { column[$0] } }
        times = places.map { times[$0] }
    }
}

extension StoreState {
    /// The series that satisfy every matcher with the buckets that end in a span.
    mutating func selectBuckets(
        _ matchers: [LabelMatcher], in span: ClosedRange<Int64>, cache: PageCache, limit: Int
    ) throws(StoreError) -> BucketSelection {
        let oldest = span.lowerBound - BucketColumns.width + 1
        let samples = try select(matchers, in: oldest...span.upperBound, cache: cache, limit: limit, keepsAll: true)
        let files = rollups.compactMap { file -> StoredDay? in
            let runs = file.runs.filter { $0.span.overlaps(span.lowerBound...span.upperBound + 1) }
            return runs.isEmpty ? nil : StoredDay(file: file.file, runs: runs)
        }
        let newestRuns = Dictionary(
            days.map { ($0.file.day, $0.runs.last?.number ?? .min) }, uniquingKeysWith: { max($0, $1) })
        var fresh: Set<Int64> = []
        var open: Set<Int64> = []
        for file in rollups {
            for (day, rolled) in file.rolled {
                guard rolled.isGone || rolled.run >= newestRuns[day] ?? .min else { continue }
                fresh.insert(day)
                if !rolled.isGone, newestRuns[day] != nil { open.insert(day) }
            }
        }
        return BucketSelection(
            samples: samples, rollups: RollupReader(files: files, cache: cache), freshDays: fresh, openDays: open,
            span: span)
    }

    /// From when on samples are kept: `Int64.min` while none were dropped.
    var samplesBegin: Int64 {
        let oldestRolled = rollups.flatMap { $0.rolled.keys }.min() ?? .max
        guard let day = days.first(where: { !isGone($0.file.day) })?.file.day else {
            return oldestRolled == .max ? .min : oldestInMemory
        }
        return oldestRolled < day ? day * BlockFile.dayMilliseconds : .min
    }

    private func isGone(_ day: Int64) -> Bool { rollups.contains { $0.rolled[day]?.isGone == true } }
}
