/// Samples that a rewriting leaves out: those of some series, by number on disk, in a span of time.
struct SampleFilter: Sendable {
    let ordinals: Set<UInt32>
    /// Milliseconds since the epoch, inclusive.
    let span: ClosedRange<Int64>
    /// How many low bits of a page's ordinals are no part of a series' number.
    var shift: UInt32 = 0

    /// Whether it is about an ordinal of a page.
    func contains(_ ordinal: UInt32) -> Bool { ordinals.contains(ordinal >> shift) }

    /// Whether a page has samples that go.
    func touches(_ page: Page) -> Bool {
        page.entryOrdinals.indices.contains { entry in
            guard contains(page.entryOrdinals[entry]), let first = page.times(of: entry).first,
                let last = page.times(of: entry).last
            else { return false }
            return first <= span.upperBound && last >= span.lowerBound
        }
    }
}

extension BlockFile {
    /// Whether a run has samples that a filter leaves out. Only pages that may have the series are read; one that cannot
    /// be read counts as having some, so that the rewriting reports it.
    func touches(_ run: Run, _ filter: SampleFilter) throws(StoreError) -> Bool {
        guard run.span.overlaps(filter.span) else { return false }
        var pages: Set<Int> = []
        for ordinal in filter.ordinals {
            let first = run.pages(of: ordinal << filter.shift)
            let last = run.pages(of: ordinal << filter.shift | (1 << filter.shift - 1))
            pages.formUnion(first.lowerBound..<max(first.upperBound, last.upperBound))
        }
        for index in pages.sorted() {
            do throws(StoreError) {
                if filter.touches(try page(run, index)) { return true }
            } catch {
                guard case .damaged = error else { throw error }
                return true
            }
        }
        return false
    }
}
