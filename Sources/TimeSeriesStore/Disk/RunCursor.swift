/// An entry of a page, as it is moved from run to run.
struct EntryPiece {
    let page: Page
    let entry: Int
    let times: [Int64]

    var first: Int64 { times.first ?? 0 }
    var last: Int64 { times.last ?? 0 }
    var count: Int { times.count }
}

/// Walks through the entries of a run in order. A page that cannot be read is noted and passed over.
struct RunCursor {
    let file: BlockFile
    let run: Run
    private var nextPage = 0
    private var page: Page?
    private var entry = 0
    /// How many pages were read so far.
    private(set) var pagesRead = 0
    /// What could not be read.
    private(set) var damages: [StoreError] = []

    /// Stands before the first entry of a run; throws where the file cannot be read at all.
    init(_ file: BlockFile, _ run: Run) throws(StoreError) {
        self.file = file
        self.run = run
        try load()
    }

    /// The series that the next entry belongs to; `nil` at the end.
    var ordinal: UInt32? { page.map { $0.entryOrdinals[entry] } }

    /// The page that the next entry begins, if it is the first of one.
    var wholePage: Page? { entry == 0 ? page : nil }

    /// Takes the entries of a series, which must be the next.
    mutating func take(_ ordinal: UInt32, into pieces: inout [EntryPiece]) throws(StoreError) {
        while let page, page.entryOrdinals[entry] == ordinal {
            pieces.append(EntryPiece(page: page, entry: entry, times: page.times(of: entry)))
            entry += 1
            if entry == page.entryOrdinals.count { try load() }
        }
    }

    /// Goes on to the first entry of a series, or of the first one behind it.
    mutating func seek(_ wanted: UInt32) throws(StoreError) {
        while let page, page.entryOrdinals[entry] < wanted {
            if let last = page.entryOrdinals.last, last < wanted {
                nextPage = max(nextPage, run.pages(of: wanted).lowerBound)
                try load()
            } else {
                entry += 1
            }
        }
    }

    /// Passes over the rest of the page.
    mutating func passPage() throws(StoreError) { try load() }

    private mutating func load() throws(StoreError) {
        page = nil
        entry = 0
        while page == nil, nextPage < run.pageFirsts.count {
            let index = nextPage
            nextPage += 1
            pagesRead += 1
            do throws(StoreError) {
                let found = try file.page(run, index)
                if !found.entryOrdinals.isEmpty { page = found }
            } catch {
                guard case .damaged = error else { throw error }
                damages.append(error)
            }
        }
    }
}
