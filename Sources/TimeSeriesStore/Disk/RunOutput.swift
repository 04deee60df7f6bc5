import FleetModel

/// The pages of a run that is written in steps beside what else happens to its file. They count for nothing until
/// `finish` adds the run's row; whatever ends it before then leaves pages that opening removes.
struct RunOutput {
    let file: BlockFile
    private let base: Int64
    private var builder = PageBuilder()
    /// Pages that are full and not stored yet.
    private(set) var waiting: [PageBuilder.Finished] = []
    private var pageFirsts: [UInt32] = []
    private var span: ClosedRange<Int64>?
    /// How many samples were added.
    private(set) var samples = 0

    init(_ file: BlockFile) {
        self.file = file
        base = file.newBase()
    }

    /// Adds samples of a series as entries of about equal length; ordinals must not fall.
    mutating func append(_ ordinal: UInt32, _ columns: SampleColumns) {
        let parts = (columns.count + PageBuilder.entrySamples - 1) / PageBuilder.entrySamples
        for part in 0..<parts {
            let range = columns.count * part / parts..<columns.count * (part + 1) / parts
            let times = Array(columns.times[range])
            take(builder.append(ordinal, times: times, samples: Array(columns.values[range])))
            note(times)
        }
    }

    /// Adds an entry whose values are coded already.
    mutating func append(_ ordinal: UInt32, times: [Int64], coded: ArraySlice<UInt8>) {
        take(builder.append(ordinal, times: times, coded: coded))
        note(times)
    }

    /// Adds a page as it is.
    mutating func append(_ page: Page) {
        take(builder.finish())
        take(PageBuilder.Finished(firstOrdinal: page.entryOrdinals[0], bytes: Array(page.stored)))
        for entry in page.entryOrdinals.indices { note(page.times(of: entry)) }
    }

    /// Stores the pages that are full.
    mutating func store() throws(StoreError) {
        try file.insert(waiting, from: nextID)
        waiting.removeAll()
    }

    /// Stores the rest and makes it so, in one transaction, that the run counts in place of `sources`, and whatever
    /// `also` does. Returns the run; `nil` when it would be empty.
    mutating func finish(
        number: Int64, level: Int, replacing sources: [Run] = [], also: (Database) throws(StoreError) -> Void = { _ in }
    ) throws(StoreError) -> Run? {
        take(builder.finish())
        let run = span.map { span in
            Run(number: number, base: base, level: level, span: span, samples: samples, pageFirsts: pageFirsts)
        }
        try file.commit(run, replacing: sources, lastPages: waiting, from: nextID, also: also)
        waiting.removeAll()
        return run
    }

    /// Removes the pages that were stored.
    func abandon() throws(StoreError) {
        try file.removePages(base..<base + Int64(pageFirsts.count))
    }

    private var nextID: Int64 { base + Int64(pageFirsts.count - waiting.count) }

    private mutating func take(_ page: PageBuilder.Finished?) {
        guard let page else { return }
        waiting.append(page)
        pageFirsts.append(page.firstOrdinal)
    }

    private mutating func note(_ times: [Int64]) {
        guard let first = times.first, let last = times.last else { return }
        span = min(span?.lowerBound ?? first, first)...max(span?.upperBound ?? last, last)
        samples += times.count
    }
}

extension BlockFile {
    /// Adds pages, durably, from an id on.
    fileprivate func insert(_ pages: [PageBuilder.Finished], from first: Int64) throws(StoreError) {
        guard !pages.isEmpty else { return }
        try writer.transaction { () throws(StoreError) in try add(pages, from: first) }
    }

    /// Adds the last pages of a run and puts it in place of others, in one transaction.
    fileprivate func commit(
        _ run: Run?, replacing sources: [Run], lastPages: [PageBuilder.Finished], from first: Int64,
        also: (Database) throws(StoreError) -> Void
    ) throws(StoreError) {
        try writer.transaction { () throws(StoreError) in
            try add(lastPages, from: first)
            let delete = try Statement(writer, "DELETE FROM run WHERE number = ?")
            for source in sources { try delete.run(.integer(source.number)) }
            if let run { try BlockSchema.insert(run, writer) }
            try also(writer)
        }
    }

    private func add(_ pages: [PageBuilder.Finished], from first: Int64) throws(StoreError) {
        let insert = try Statement(writer, "INSERT INTO page VALUES (?, ?)")
        for (place, page) in pages.enumerated() {
            try insert.run(.integer(first + Int64(place)), .blob(page.bytes))
        }
    }
}
