import FleetModel
import MetricsWire

/// The way of a batch of requests: read and checked, logged and synced, taken into memory. Synchronous; the log writer
/// calls it for one batch at a time.
struct IngestCore {
    /// A request that was read, and which staged samples are its own.
    private struct Read {
        let samples: Range<Int>
        let problems: RequestProblems
        /// The request without what was left out of it, where something was.
        var taken: [UInt8] = []
    }

    let options: StoreOptions
    let state: SharedState
    let clock: any Clock
    var log: WriteAheadLog
    /// Called when memory has enough for the disk, and when the disk has no room for the log.
    let wantsFlush: @Sendable () -> Void
    private var scratch = SnappyScratch()
    private var staged = StagedSamples()

    init(
        options: StoreOptions, state: SharedState, clock: any Clock, log: WriteAheadLog,
        wantsFlush: @escaping @Sendable () -> Void
    ) {
        self.options = options
        self.state = state
        self.clock = clock
        self.log = log
        self.wantsFlush = wantsFlush
    }

    /// Takes a batch; the results are in the order of the requests.
    mutating func write(_ requests: [(body: [UInt8], scope: WriteScope?)]) -> [Result<WriteSummary, StoreError>] {
        let received = clock.now.milliseconds
        staged.removeAll()
        var reads: [Result<Read, StoreError>] = []
        for request in requests {
            var read = read(request.body, allowing: request.scope, received: received)
            if case .success(var success) = read, !success.samples.isEmpty {
                if success.problems.leftOut > 0 {
                    // A replay knows no limits: what was left out must not be in the log.
                    success.taken = body(of: success.samples)
                    read = .success(success)
                }
                log.add(success.taken.isEmpty ? request.body : success.taken, received: received)
            }
            reads.append(read)
        }
        do throws(StoreError) {
            try log.commit()
        } catch {
            // Days beyond retention may be what fills the disk.
            wantsFlush()
            return reads.map { read in read.flatMap { _ in .failure(error) } }
        }
        return apply(reads, received: received)
    }

    /// Takes a record of the log back into memory.
    mutating func replay(_ body: [UInt8], received: Int64) {
        staged.removeAll()
        let read = read(body, allowing: nil, received: received)
        _ = apply([read], received: received)
    }

    /// Sets aside what is in memory for the disk, and closes the log segment that has it. Returns the segment's number;
    /// `nil` when there is nothing, or something is set aside already.
    mutating func freeze() -> UInt64? {
        let isFrozen = state.withLock { state in
            guard state.flushing == nil, state.head.sampleCount > 0 else { return false }
            state.flushing = state.head
            state.head = Head()
            state.head.extend(to: state.index.count)
            return true
        }
        return isFrozen ? log.rotate() : nil
    }

    /// Removes the forgotten series from the index when they are many. Between two batches nobody holds a series' number.
    func compact() {
        state.withLock { state in
            // Near the limit of series those that are forgotten must not count for long.
            let isNearLimit = state.index.count > options.maximumSeries / 10 * 9
            state.compact(share: isNearLimit ? 0 : options.forgottenShare)
        }
    }

    /// A request of some staged samples and nothing else.
    private func body(of samples: Range<Int>) -> [UInt8] {
        var series: [SeriesSamples] = []
        state.withLock { state in
            var last = SeriesIndex.none
            for place in samples {
                let number = staged.series[place]
                if number != last {
                    series.append(SeriesSamples(labels: state.index.labels(of: number), samples: SampleColumns()))
                }
                last = number
                series[series.count - 1].samples.append(staged.times[place], staged.values[place])
            }
        }
        return RemoteWriteEncoder.encode(series)
    }

    private mutating func read(
        _ body: [UInt8], allowing scope: WriteScope?, received: Int64
    ) -> Result<Read, StoreError> {
        let before = staged.count
        do throws(WireError) {
            try scratch.decompress(body, limit: options.maximumRequestBytes)
        } catch {
            return .failure(.invalid(reason: error.description))
        }
        let span = TimeBounds(options, received: received).span
        let problems: RequestProblems
        do throws(StoreError) {
            problems = try scratch.withBytes { bytes throws(StoreError) in
                try state.withLock { state throws(StoreError) in
                    if state.isFull(options) {
                        throw .overLimit(reason: "memory is full of samples that the disk has not taken yet")
                    }
                    defer { state.extend() }
                    var reader = RequestReader(
                        options: options, scope: scope, span: span, census: SeriesCensus(state))
                    try reader.read(bytes, index: &state.index, into: &staged)
                    return reader.problems
                }
            }
        } catch {
            return .failure(error)
        }
        return .success(Read(samples: before..<staged.count, problems: problems))
    }

    private func apply(
        _ reads: [Result<Read, StoreError>], received: Int64
    ) -> [Result<WriteSummary, StoreError>] {
        let bounds = TimeBounds(options, received: received)
        let (results, isFull) = state.withLock { state in
            let results = reads.map { read in
                read.flatMap { read in Self.apply(read, staged, bounds: bounds, to: &state) }
            }
            let refused = reads.count { if case .failure = $0 { true } else { false } }
            state.counters.requests += reads.count - refused
            state.counters.refusedRequests += refused
            if log.committedBytes > 0 { state.counters.commits += 1 }
            state.counters.logBytes += log.committedBytes
            if state.head.began == nil, state.head.sampleCount > 0 { state.head.began = received }
            return (results, state.isAhead || state.isReadyToFlush(options, now: received))
        }
        if isFull { wantsFlush() }
        return results
    }

    private static func apply(
        _ read: Read, _ staged: StagedSamples, bounds: TimeBounds, to state: inout StoreState
    ) -> Result<WriteSummary, StoreError> {
        var example: String?
        var summary = state.apply(staged, read.samples, bounds: bounds, example: &example)
        summary.add(read.problems.refused)
        state.counters.samples.add(read.problems.refused)
        example = example ?? read.problems.example
        state.counters.overLimit += read.problems.overLimit
        let rest = "\(summary.stored) other samples of the request are stored"
        if let reason = read.problems.first {
            let others = read.problems.leftOut > 1 ? " and \(read.problems.leftOut - 1) series more are left out" : ""
            let whole = "\(reason)\(others); \(rest)"
            if summary.stored == 0 { return .failure(.invalid(reason: whole)) }
            return .failure(.partlyInvalid(reason: whole, stored: summary.stored, taken: read.taken))
        }
        if let example { return .failure(.refused(summary, example: example)) }
        return .success(summary)
    }
}

/// The shared state behind its lock.
typealias SharedState = Locked<StoreState>

extension StoreState {
    /// Whether memory holds all that it may.
    func isFull(_ options: StoreOptions) -> Bool {
        head.sampleCount >= options.maximumSamplesInMemory
            || head.memory + (flushing?.memory ?? 0) >= options.maximumHeadBytes
    }

    /// Whether memory holds enough for the disk, or has held it long enough, or has samples of a day that is to go. True
    /// also while an earlier flush waits to be tried again.
    func isReadyToFlush(_ options: StoreOptions, now: Int64) -> Bool {
        let oldestDay = BlockFile.day(of: now - options.rawRetention.milliseconds)
        if oldestInMemory < oldestDay * BlockFile.dayMilliseconds { return true }
        if let began = head.began, now - began >= options.maximumAgeInMemory.milliseconds { return true }
        if head.sampleCount > 0, head.memory >= options.maximumHeadBytes / 2 { return true }
        let wanted = max(options.minimumFlush, options.samplesPerFlush * index.count)
        return head.sampleCount >= min(wanted, options.maximumFlush)
    }
}
