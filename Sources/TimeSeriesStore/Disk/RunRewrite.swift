import FleetModel

/// Writes one run in place of several of a file: a merge, or one run without the samples that a filter leaves out.
///
/// It goes on in steps, each a transaction of its own, so that flushes and deletions get their turn between two of them.
/// The pages that are written count for nothing until the last step puts the run's row in place of the others'; whatever
/// ends it before then leaves pages that opening removes. Series by series: in memory is a page of each run, and one
/// series' short entries.
///
/// Long entries that overlap no other are copied as they are coded; short ones are decoded and coded together, which
/// takes less room. Where entries overlap, samples of one time are one: that of the older run, as everywhere.
struct RunRewrite {
    /// What a step left.
    enum Progress {
        /// There is more to do.
        case unfinished
        /// All is done; the run that counts now, `nil` when nothing was left.
        case finished(Run?)
    }

    /// An entry of at least so many samples is long.
    private static let longEntry = PageBuilder.entrySamples / 2

    let file: BlockFile
    let sources: [Run]
    private let filter: SampleFilter?
    private let newestWins: Bool
    private var cursors: [RunCursor] = []
    private var output: RunOutput
    private var decoder = ValueDecoder()
    private var pieces: [EntryPiece] = []
    private var pool = SampleColumns()
    private var codecDamages: [StoreError] = []

    /// Rewrites runs that lie one behind the other in `file`, oldest first, without the samples of `filter`. Of two
    /// samples of one time the older run's stays, or the newer's with `newestWins`.
    init(
        _ file: BlockFile, _ sources: [Run], dropping filter: SampleFilter? = nil, newestWins: Bool = false
    ) throws(StoreError) {
        self.file = file
        self.sources = sources
        self.filter = filter
        self.newestWins = newestWins
        output = RunOutput(file)
        for run in sources { cursors.append(try RunCursor(file, run)) }
    }

    /// What could not be read; its samples are not in the new run.
    var damages: [StoreError] { cursors.flatMap(\.damages) + codecDamages }

    /// How many samples were written so far.
    var samples: Int { output.samples }

    /// How many samples the sources have.
    var sourceSamples: Int { sources.reduce(0) { $0 + $1.samples } }

    /// Goes on for about so many pages. When it throws nothing has changed, and the rewriting is to be given up with
    /// `abandon`.
    mutating func step(pages limit: Int) throws(StoreError) -> Progress {
        let before = cursors.reduce(0) { $0 + $1.pagesRead }
        while output.waiting.count < limit, cursors.reduce(0, { $0 + $1.pagesRead }) - before < limit * 2 {
            guard let ordinal = cursors.compactMap(\.ordinal).min() else { return .finished(try finish()) }
            if try !copyPage() { try write(ordinal) }
        }
        try output.store()
        return .unfinished
    }

    /// Removes the pages that were written.
    func abandon() throws(StoreError) { try output.abandon() }

    private mutating func finish() throws(StoreError) -> Run? {
        guard let newest = sources.last else { return nil }
        let level = sources.count == 1 ? newest.level : (sources.map(\.level).max() ?? 0) + 1
        return try output.finish(number: newest.number, level: level, replacing: sources)
    }

    // MARK: Whole pages

    /// Copies the next page as it is where only one run is rewritten and the page loses nothing; `false` where it cannot.
    private mutating func copyPage() throws(StoreError) -> Bool {
        guard cursors.count == 1, let page = cursors[0].wholePage, filter?.touches(page) == false else { return false }
        output.append(page)
        try cursors[0].passPage()
        return true
    }

    // MARK: One series

    private mutating func write(_ ordinal: UInt32) throws(StoreError) {
        pieces.removeAll(keepingCapacity: true)
        for place in cursors.indices where cursors[place].ordinal == ordinal {
            try cursors[place].take(ordinal, into: &pieces)
        }
        let dropped = filter.flatMap { $0.contains(ordinal) ? $0.span : nil }
        if let dropped { pieces.removeAll { dropped.contains($0.first) && dropped.contains($0.last) } }
        let inOrder = pieces.sorted { $0.first < $1.first }
        if zip(inOrder, inOrder.dropFirst()).allSatisfy({ $0.last < $1.first }) {
            writeApart(ordinal, inOrder, dropped)
        } else {
            // Where times are equal the first in the pool counts.
            for piece in newestWins ? pieces.reversed() : pieces { pour(piece) }
            pool.restoreOrder(from: 0)
            flushPool(ordinal, dropping: dropped)
        }
    }

    /// Writes pieces that do not overlap: long ones as they are, short ones together.
    private mutating func writeApart(_ ordinal: UInt32, _ pieces: [EntryPiece], _ dropped: ClosedRange<Int64>?) {
        var start = 0
        while start < pieces.count {
            var end = start
            while end < pieces.count, !isCopied(pieces[end], dropped) { end += 1 }
            let isAlone = end - start == 1 && dropped.map { !pieces[start].overlaps($0) } ?? true
            if isAlone {
                copy(ordinal, pieces[start])
            } else {
                for piece in pieces[start..<end] { pour(piece) }
                flushPool(ordinal, dropping: dropped)
            }
            if end < pieces.count { copy(ordinal, pieces[end]) }
            start = end + 1
        }
    }

    private func isCopied(_ piece: EntryPiece, _ dropped: ClosedRange<Int64>?) -> Bool {
        if let dropped, piece.overlaps(dropped) { return false }
        return piece.count >= Self.longEntry
    }

    private mutating func copy(_ ordinal: UInt32, _ piece: EntryPiece) {
        output.append(ordinal, times: piece.times, coded: piece.page.coded(piece.entry))
    }

    /// Adds the samples of a piece to the pool.
    private mutating func pour(_ piece: EntryPiece) {
        do throws(CodecError) {
            try pool.append(piece, &decoder)
        } catch {
            codecDamages.append(.damaged(path: file.path, reason: "an entry of a page: \(error.reason)"))
        }
    }

    /// Writes what is in the pool as entries of about equal length.
    private mutating func flushPool(_ ordinal: UInt32, dropping dropped: ClosedRange<Int64>?) {
        if let dropped { pool.remove(dropped) }
        output.append(ordinal, pool)
        pool.removeAll()
    }
}

extension EntryPiece {
    func overlaps(_ span: ClosedRange<Int64>) -> Bool { first <= span.upperBound && last >= span.lowerBound }
}

extension SampleColumns {
    /// Takes out what lies inside a span.
    mutating func remove(_ span: ClosedRange<Int64>) {
        var kept = SampleColumns()
        for place in 0..<count where !span.contains(times[place]) { kept.append(times[place], values[place]) }
        self = kept
    }
}
