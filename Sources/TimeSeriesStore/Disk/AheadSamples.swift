import FleetModel
import MetricsWire

/// Samples on disk that lie ahead of the store's clock by more than clocks that are kept in time ever do: the clock was
/// ahead when they were written, or it is behind now.
struct AheadSamples {
    /// From the oldest to the newest of what a clock that was ahead may have written, in milliseconds. More than that is
    /// never moved by itself: a clock that lost the date would have all of the store moved.
    static let longestSpan: Int64 = 3_600_000

    /// The series that have some, by number on disk.
    private(set) var ordinals: Set<UInt32> = []
    /// How many there are.
    private(set) var count = 0
    /// Their oldest and newest time; `nil` while there is none.
    private(set) var span: ClosedRange<Int64>?
    /// Whether there are samples between the clock and them: then time went on up to them, and the clock is behind now.
    private(set) var isContinued = false
    /// Whether the store has samples from before the clock was noticed to show another time: without a past of its own
    /// nothing tells a clock that was ahead then from one that is behind now.
    private(set) var hasPast = false
    private let bounds: TimeBounds
    private var runs: [(file: BlockFile, run: Run)] = []

    /// The flusher looks as soon as samples come whose time lies behind their series': these are no older than this.
    private static let newest: Int64 = 60_000

    /// Looks through what is on disk; `bounds` are those of what is received at `now`, in milliseconds.
    init(in days: [StoredDay], bounds: TimeBounds, now: Int64) throws(StoreError) {
        self.bounds = bounds
        hasPast = days.contains { $0.runs.contains { $0.span.lowerBound < now - Self.newest } }
        for day in days {
            for run in day.runs where run.span.upperBound > bounds.span.upperBound {
                runs.append((day.file, run))
                for index in run.pageFirsts.indices { try note(day.file.page(run, index)) }
            }
        }
    }

    /// Whether a clock that was ahead for a short time wrote them: they are an island of their own, and not all that there is.
    var isIsland: Bool {
        guard let span, hasPast else { return false }
        return !isContinued && span.upperBound - span.lowerBound <= Self.longestSpan
    }

    private mutating func note(_ page: Page) {
        for (entry, ordinal) in page.entryOrdinals.enumerated() {
            let times = page.times(of: entry)
            guard let last = times.last, last > bounds.span.upperBound else { continue }
            let far = times.drop { $0 <= bounds.ahead }
            if times.contains(where: { $0 > bounds.span.upperBound && $0 <= bounds.ahead }) { isContinued = true }
            guard let first = far.first else { continue }
            ordinals.insert(ordinal)
            count += far.count
            span = min(span?.lowerBound ?? first, first)...max(span?.upperBound ?? last, last)
        }
    }

    /// Hands out all of them as remote write requests; `labels` are a series', by its number on disk.
    func eachRequest(
        labels: (UInt32) -> Labels?, _ body: (_ request: [UInt8]) throws(StoreError) -> Void
    ) throws(StoreError) {
        var batch: [SeriesSamples] = []
        var size = 0
        var decoder = ValueDecoder()
        for (file, run) in runs {
            for index in run.pageFirsts.indices {
                let page = try file.page(run, index)
                for (entry, ordinal) in page.entryOrdinals.enumerated() {
                    guard let last = page.times(of: entry).last, last > bounds.ahead, let labels = labels(ordinal)
                    else {
                        continue
                    }
                    var columns = SampleColumns()
                    do throws(CodecError) {
                        try page.read(entry: entry, decoder: &decoder, into: &columns)
                    } catch {
                        throw .damaged(path: file.path, reason: "the page with series \(ordinal): \(error.reason)")
                    }
                    columns.trim(to: bounds.ahead + 1 ... .max)
                    batch.append(SeriesSamples(labels: labels, samples: columns))
                    size += columns.count
                    if size < Self.requestSamples { continue }
                    try body(RemoteWriteEncoder.encode(batch))
                    (batch, size) = ([], 0)
                }
            }
        }
        if !batch.isEmpty { try body(RemoteWriteEncoder.encode(batch)) }
    }

    private static let requestSamples = 10_000
}
