import FleetModel

/// Rolls a day up: reads its raw file series by series and writes the buckets to a file of rollups, in steps as a
/// `RunRewrite` does.
///
/// The first time all series are read. Later, when samples came late, only those with samples in the runs that are new
/// since. When the raw file had been dropped in the meantime, and the late samples are all that it has, buckets that are
/// there already stay as they are.
struct RollupJob {
    /// What a step left.
    enum Progress {
        case unfinished
        /// All is done; the run that was written, `nil` when there were no samples.
        case finished(Run?, RolledDay)
    }

    let raw: StoredDay
    let target: StoredDay
    private let before: RolledDay?
    /// Which series are counters, by number on disk.
    private let isCounter: [Bool]
    private let existing: RollupReader?
    /// The series to read; otherwise it is those with samples in new runs.
    private let only: [UInt32]?
    private var nextOnly = 0
    private var cursors: [RunCursor] = []
    private var output: RunOutput
    private var decoder = ValueDecoder()
    private var pieces: [EntryPiece] = []
    private var samples = SampleColumns()
    private var buckets = BucketColumns()
    private var codecDamages: [StoreError] = []
    /// How many buckets were made.
    private(set) var bucketCount = 0

    /// Rolls `raw` up into `target`: series with samples that are new since the last time, or `only` some series.
    init(
        _ raw: StoredDay, into target: StoredDay, isCounter: [Bool], only ordinals: Set<UInt32>? = nil
    ) throws(StoreError) {
        self.raw = raw
        self.target = target
        self.isCounter = isCounter
        before = target.rolled[raw.file.day]
        only = ordinals?.sorted()
        existing = before?.isGone == true ? RollupReader(files: [target], cache: PageCache(budget: 1 << 20)) : nil
        output = RunOutput(target.file)
        for run in raw.runs { cursors.append(try RunCursor(raw.file, run)) }
    }

    /// What could not be read; it is missing in the buckets.
    var damages: [StoreError] { cursors.flatMap(\.damages) + codecDamages }

    /// Goes on for about so many pages.
    mutating func step(pages limit: Int) throws(StoreError) -> Progress {
        let start = pagesRead
        while output.waiting.count < limit, pagesRead - start < limit * 2 {
            guard let ordinal = nextOrdinal() else { return try finish() }
            try roll(ordinal)
        }
        try output.store()
        return .unfinished
    }

    /// Removes what was written.
    func abandon() throws(StoreError) { try output.abandon() }

    private var pagesRead: Int { cursors.reduce(0) { $0 + $1.pagesRead } }

    /// The next series to read.
    private mutating func nextOrdinal() -> UInt32? {
        if let only {
            guard nextOnly < only.count else { return nil }
            nextOnly += 1
            return only[nextOnly - 1]
        }
        return cursors.filter { $0.run.number > before?.run ?? .min }.compactMap(\.ordinal).min()
    }

    private mutating func finish() throws(StoreError) -> Progress {
        var newest = before?.run ?? .min
        if only == nil { newest = max(newest, raw.runs.last?.number ?? .min) }
        let rolled = RolledDay(run: newest, isGone: before?.isGone ?? false)
        let number = (target.runs.last?.number ?? 0) + 1
        let day = raw.file.day
        let run = try output.finish(number: number, level: 0) { database throws(StoreError) in
            try rolled.store(day, database)
        }
        return .finished(run, rolled)
    }

    private mutating func roll(_ ordinal: UInt32) throws(StoreError) {
        pieces.removeAll(keepingCapacity: true)
        for place in cursors.indices {
            try cursors[place].seek(ordinal)
            if cursors[place].ordinal == ordinal { try cursors[place].take(ordinal, into: &pieces) }
        }
        guard ordinal < RollupAspect.endOfOrdinals else { return }
        samples.removeAll()
        for piece in pieces {
            do throws(CodecError) {
                try samples.append(piece, &decoder)
            } catch {
                codecDamages.append(.damaged(path: raw.file.path, reason: "an entry of a page: \(error.reason)"))
            }
        }
        samples.restoreOrder(from: 0)
        buckets.removeAll()
        BucketFold.fold(samples, into: &buckets)
        if let existing { try keepNew(ordinal, existing) }
        write(ordinal)
    }

    private mutating func keepNew(_ ordinal: UInt32, _ existing: RollupReader) throws(StoreError) {
        guard let first = buckets.times.first, let last = buckets.times.last else { return }
        let known = Set(try existing.times(of: ordinal, in: first...last))
        let kept = buckets.times.indices.filter { !known.contains(buckets.times[$0]) }
        buckets.eachColumn { column in column = kept.map { column[$0] } }
        buckets.times = kept.map { buckets.times[$0] }
    }

    private mutating func write(_ ordinal: UInt32) {
        bucketCount += buckets.times.count
        let isCounter = Int(ordinal) < isCounter.count && isCounter[Int(ordinal)]
        for aspect in RollupAspect.allCases {
            let entries = aspect.entries(of: buckets, isCounter: isCounter, isWhole: before != nil)
            if entries.count > 0 { output.append(aspect.ordinal(ordinal), entries) }
        }
    }
}

extension SampleColumns {
    /// Appends the samples of an entry; nothing of them when they cannot be read.
    mutating func append(_ piece: EntryPiece, _ decoder: inout ValueDecoder) throws(CodecError) {
        let before = count
        do throws(CodecError) {
            try piece.page.read(entry: piece.entry, decoder: &decoder, into: &self)
        } catch {
            values.removeLast(values.count - before)
            throw error
        }
    }
}
