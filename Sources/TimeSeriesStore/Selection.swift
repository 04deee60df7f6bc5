import FleetModel

/// The series that a selection found, as they were at that moment: what memory held, and the runs that were on disk.
/// All of it stays as it was while the selection is in use.
struct Selection: SeriesSet {
    let labels: [Labels]
    /// The numbers on disk of the series.
    let ordinals: [UInt32]
    /// What memory held of each series: one for every arena, oldest memory first, series after series.
    let memory: [HeadSeries]
    /// The slabs that `memory` points into.
    let arenas: [SampleArena]
    let span: ClosedRange<Int64>
    /// A reader of the runs that touch the span, as it begins.
    let reader: DiskReader
    /// Readers that somebody has used and nobody uses now, since different threads may read at once.
    private let idle = Locked<[DiskReader]>([])

    init(
        labels: [Labels], ordinals: [UInt32], memory: [HeadSeries], arenas: [SampleArena], reader: DiskReader,
        span: ClosedRange<Int64>
    ) {
        self.labels = labels
        self.ordinals = ordinals
        self.memory = memory
        self.arenas = arenas
        self.reader = reader
        self.span = span
    }

    var count: Int { labels.count }

    func labels(at index: Int) -> Labels { labels[index] }

    /// What memory held of a series, oldest memory first, one for every arena.
    func memory(of index: Int) -> ArraySlice<HeadSeries> { memory[index * arenas.count..<(index + 1) * arenas.count] }

    func read(_ index: Int, into columns: inout SampleColumns) throws {
        columns.removeAll()
        if ordinals[index] != SeriesIndex.none {
            var reader = idle.withLock { $0.popLast() } ?? reader
            try reader.read(ordinals[index], touching: span, into: &columns)
            idle.withLock { $0.append(reader) }
        }
        for (memory, arena) in zip(memory(of: index), arenas) {
            let before = columns.count
            memory.read(from: span.lowerBound, through: span.upperBound, arena: arena, into: &columns)
            columns.restoreOrder(from: before)
        }
        columns.trim(to: span)
    }
}

extension SampleColumns {
    /// Leaves only what lies inside a span.
    mutating func trim(to span: ClosedRange<Int64>) {
        var end = times.count
        while end > 0, times[end - 1] > span.upperBound { end -= 1 }
        var start = 0
        while start < end, times[start] < span.lowerBound { start += 1 }
        if end < times.count {
            times.removeLast(times.count - end)
            values.removeLast(values.count - end)
        }
        if start > 0 {
            times.removeFirst(start)
            values.removeFirst(start)
        }
    }
}

extension Selection {
    /// A selection of nothing.
    static func empty(cache: PageCache) -> Selection {
        Selection(
            labels: [], ordinals: [], memory: [], arenas: [], reader: DiskReader([], cache: cache), span: 0...0)
    }
}

extension StoreState {
    /// The series that satisfy every matcher, by labels, with all that is known of them in a span: those that may have
    /// samples or rollups there, or with `keepsAll` those without any as well. Throws where they are more than `limit`.
    mutating func select(
        _ matchers: [LabelMatcher], in span: ClosedRange<Int64>, cache: PageCache, limit: Int,
        keepsAll: Bool = false
    ) throws(StoreError) -> Selection {
        var found = try index.select(matchers)
        found.removeAll { hasEnded($0, before: span.lowerBound) }
        guard found.count <= limit else { throw .selectionTooLarge(series: found.count, limit: limit) }
        index.sort(&found)
        let heads = heads(in: span)
        let touched = days.compactMap { day -> StoredDay? in
            let runs = day.runs.filter { $0.span.overlaps(span) }
            return runs.isEmpty ? nil : StoredDay(file: day.file, runs: runs)
        }
        let isRolledUp = rollups.contains { file in file.runs.contains { $0.span.overlaps(span) } }
        if heads.isEmpty && touched.isEmpty && !isRolledUp && !keepsAll { return .empty(cache: cache) }
        return Selection(
            labels: found.map { index.labels(of: $0) }, ordinals: found.map { ordinals[Int($0)] },
            memory: found.flatMap { series in heads.map { $0.snapshot(of: series) } }, arenas: heads.map(\.arena),
            reader: DiskReader(touched, cache: cache), span: span)
    }

    /// Whether a series is known to have no sample at a time or later. Of a series on disk the end may be unknown.
    func hasEnded(_ series: UInt32, before time: Int64) -> Bool {
        let end = newest[Int(series)]
        return end == .min ? ordinals[Int(series)] == SeriesIndex.none : end < time
    }
}
