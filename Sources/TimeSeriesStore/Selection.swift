import FleetModel

/// The series that a selection found, as they were at that moment: what memory held, and the runs that were on disk.
/// All of it stays as it was while the selection is in use.
struct Selection: SeriesSet {
    /// One series: its labels, its number on disk, and what memory held of it, oldest memory first.
    struct Member: Sendable {
        let labels: Labels
        let ordinal: UInt32
        let memory: [HeadSeries]
    }

    let members: [Member]
    /// The slabs that `Member.memory` points into.
    let arenas: [SampleArena]
    /// The block files and runs that touch the span.
    let days: [StoredDay]
    let cache: PageCache
    let span: ClosedRange<Int64>

    var count: Int { members.count }

    func labels(at index: Int) -> Labels { members[index].labels }

    func read(_ index: Int, into columns: inout SampleColumns) throws {
        columns.removeAll()
        let member = members[index]
        if member.ordinal != SeriesIndex.none { try readDisk(member.ordinal, into: &columns) }
        for (memory, arena) in zip(member.memory, arenas) {
            let before = columns.count
            memory.read(from: span.lowerBound, through: span.upperBound, arena: arena, into: &columns)
            columns.restoreOrder(from: before)
        }
        columns.trim(to: span)
    }

    private func readDisk(_ ordinal: UInt32, into columns: inout SampleColumns) throws(StoreError) {
        var decoder = ValueDecoder()
        for day in days {
            for run in day.runs {
                for index in run.pages(of: ordinal) {
                    let page = try cache.page(index, of: run, in: day.file)
                    let before = columns.count
                    do throws(CodecError) {
                        try page.read(ordinal, touching: span, decoder: &decoder, into: &columns)
                    } catch {
                        let reason = "page \(index) of run \(run.number): \(error.reason)"
                        throw .damaged(path: day.file.path, reason: reason)
                    }
                    columns.restoreOrder(from: before)
                }
            }
        }
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
        Selection(members: [], arenas: [], days: [], cache: cache, span: 0...0)
    }
}

extension StoreState {
    /// The series that satisfy every matcher, by labels, with all that is known of them in a span: those that may have
    /// samples there, or with `keepsAll` those without any as well.
    mutating func select(
        _ matchers: [LabelMatcher], in span: ClosedRange<Int64>, cache: PageCache, keepsAll: Bool = false
    ) throws(StoreError) -> Selection {
        var found = try index.select(matchers)
        found.removeAll { hasEnded($0, before: span.lowerBound) }
        index.sort(&found)
        let heads = [flushing, head].compactMap { $0 }.filter {
            $0.oldest <= span.upperBound && $0.newest >= span.lowerBound
        }
        let touched = days.compactMap { day -> StoredDay? in
            let runs = day.runs.filter { $0.span.overlaps(span) }
            return runs.isEmpty ? nil : StoredDay(file: day.file, runs: runs)
        }
        if heads.isEmpty && touched.isEmpty && !keepsAll { return .empty(cache: cache) }
        let members = found.map { series in
            Selection.Member(
                labels: index.labels(of: series), ordinal: ordinals[Int(series)],
                memory: heads.map { $0.snapshot(of: series) })
        }
        return Selection(members: members, arenas: heads.map(\.arena), days: touched, cache: cache, span: span)
    }

    /// Whether a series is known to have no sample at a time or later. Of a series on disk the end may be unknown.
    private func hasEnded(_ series: UInt32, before time: Int64) -> Bool {
        let end = newest[Int(series)]
        return end == .min ? ordinals[Int(series)] == SeriesIndex.none : end < time
    }
}
