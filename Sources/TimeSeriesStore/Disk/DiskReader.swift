import FleetModel

/// Reads the samples of one series after the other from runs.
///
/// A scan goes through the pages of every run in order, so of each run the page that was used last is kept: however many
/// runs there are and however small the cache is, a scan fetches a page once.
struct DiskReader: Sendable {
    /// The page of a run that was used last.
    private struct Held: Sendable {
        let page: Page
        /// All entries of the series between these two, both left out, lie in this page.
        let after: UInt32
        let before: UInt32
        /// Where in the page the next series is expected.
        var next = 0

        func hasAll(of ordinal: UInt32) -> Bool { ordinal > after && ordinal < before }
    }

    let days: [StoredDay]
    let cache: PageCache
    /// By run, one day after the other.
    private var held: [Held?]
    private var decoder = ValueDecoder()

    init(_ days: [StoredDay], cache: PageCache) {
        self.days = days
        self.cache = cache
        held = [Held?](repeating: nil, count: days.reduce(0) { $0 + $1.runs.count })
    }

    /// Appends the samples of a series, whole entries that touch a span, times ascending.
    mutating func read(
        _ ordinal: UInt32, touching span: ClosedRange<Int64>, into columns: inout SampleColumns
    ) throws(StoreError) {
        var slot = 0
        for day in days {
            for run in day.runs {
                if held[slot]?.hasAll(of: ordinal) == true {
                    try read(ordinal, touching: span, from: slot, in: day.file, into: &columns)
                } else {
                    for index in run.pages(of: ordinal) {
                        try hold(index, of: run, in: day.file, slot)
                        try read(ordinal, touching: span, from: slot, in: day.file, into: &columns)
                    }
                }
                slot += 1
            }
        }
    }

    private mutating func hold(_ index: Int, of run: Run, in file: BlockFile, _ slot: Int) throws(StoreError) {
        let next = index + 1
        held[slot] = Held(
            page: try cache.page(index, of: run, in: file), after: run.pageFirsts[index],
            before: next < run.pageFirsts.count ? run.pageFirsts[next] : .max)
    }

    private mutating func read(
        _ ordinal: UInt32, touching span: ClosedRange<Int64>, from slot: Int, in file: BlockFile,
        into columns: inout SampleColumns
    ) throws(StoreError) {
        guard let page = held[slot]?.page, var next = held[slot]?.next else { return }
        do throws(CodecError) {
            try page.read(ordinal, touching: span, next: &next, decoder: &decoder, into: &columns)
        } catch {
            throw .damaged(path: file.path, reason: "the page with series \(ordinal): \(error.reason)")
        }
        held[slot]?.next = next
    }
}
