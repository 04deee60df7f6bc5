import FleetModel
import Logging

/// Keeps the block files in order: merges runs, removes what nobody needs, gives room back. It works in small steps, so
/// that a flush never waits long for its turn.
///
/// Everything is touched on the flusher's queue only.
final class Upkeep {
    /// A merge that is under way.
    private struct Job {
        let file: BlockFile
        var rewrite: RunRewrite
    }

    /// A step writes about so many pages: 8 MiB.
    private static let pagesOfStep = 128
    private static let pauseAfterFailure = Duration.seconds(3600)

    private let options: StoreOptions
    private let state: SharedState
    private let clock: any Clock
    private let logger: Logger
    private var job: Job?
    /// When a day last got a run from a flush.
    private var lastRuns: [Int64: Timestamp] = [:]
    /// Days on which a merge failed, and before when none is tried again.
    private var pauses: [Int64: Timestamp] = [:]
    /// Files that were dropped, for as long as a reader holds them.
    private var dropped: [Int64: DroppedFile] = [:]
    /// While above zero files are neither merged nor dropped: somebody copies them.
    private var holds = 0

    init(options: StoreOptions, state: SharedState, clock: any Clock, logger: Logger) {
        self.options = options
        self.state = state
        self.clock = clock
        self.logger = logger
    }

    // MARK: What others say

    /// Keeps block files as they are until `release`; runs that a flush adds are all that changes.
    func hold() { holds += 1 }

    /// Ends what `hold` began.
    func release() { holds = max(0, holds - 1) }

    /// Whether somebody copies the files.
    var isHeld: Bool { holds > 0 }

    /// Notes that a flush wrote a run of a day.
    func noteRun(of day: Int64) { lastRuns[day] = clock.now }

    /// Gives up what is under way.
    func abandon() {
        guard let given = job else { return }
        job = nil
        attempt(given.file) { () throws(StoreError) in try given.rewrite.abandon() }
    }

    /// The dropped file of a day, emptied, if a reader still holds it: a new one must not have its path. Otherwise `nil`.
    func revive(_ day: Int64) throws(StoreError) -> BlockFile? {
        guard let file = dropped.removeValue(forKey: day)?.file else { return nil }
        try file.revive()
        return file
    }

    // MARK: Steps

    /// Does a piece of what there is to do. Returns whether there may be more.
    func step() -> Bool {
        guard !isHeld else { return false }
        if job != nil {
            continueJob()
            return true
        }
        let days = state.withLock { $0.days }
        return days.contains { removeRetired($0.file) } || days.contains { startJob($0) }
            || days.contains { shrink($0) }
    }

    private func removeRetired(_ file: BlockFile) -> Bool {
        attempt(file) { () throws(StoreError) in
            guard try file.removeRetired(limit: Self.pagesOfStep) else { return false }
            try file.checkpoint()
            return true
        } ?? false
    }

    private func startJob(_ day: StoredDay) -> Bool {
        if let pause = pauses[day.file.day], clock.now < pause { return false }
        let isComplete = isClosed(day.file.day) && isQuiet(day.file.day)
        guard let places = MergePolicy.next(day.runs.map(\.level), isComplete: isComplete) else { return false }
        job = attempt(day.file) { () throws(StoreError) in
            Job(file: day.file, rewrite: try RunRewrite(day.file, Array(day.runs[places])))
        }
        return job != nil
    }

    private func continueJob() {
        guard var current = job else { return }
        job = nil
        let progress = attempt(current.file) { () throws(StoreError) in
            let progress = try current.rewrite.step(pages: Self.pagesOfStep)
            try current.file.checkpoint()
            return progress
        }
        switch progress {
        case .unfinished: job = current
        case .finished(let run):
            finish(current.rewrite, run)
            state.withLock { state in
                state.counters.merges += 1
                state.counters.mergedSamples += current.rewrite.sourceSamples
            }
        case nil:
            state.withLock { $0.counters.mergeFailures += 1 }
            try? current.rewrite.abandon()
        }
    }

    /// Lets readers see the new run in place of the old ones.
    private func finish(_ rewrite: RunRewrite, _ run: Run?) {
        for damage in rewrite.damages { logger.error("\(damage); its samples are missing, all others are kept") }
        state.withLock { state in
            state.replace(rewrite.sources, of: rewrite.file, with: run)
            state.counters.damagedPages += rewrite.damages.count
        }
        rewrite.file.retire(rewrite.sources)
    }

    private func shrink(_ day: StoredDay) -> Bool {
        guard isClosed(day.file.day) else { return false }
        return attempt(day.file) { () throws(StoreError) in
            guard try day.file.shrink(limit: Self.pagesOfStep) else { return false }
            try day.file.checkpoint()
            return true
        } ?? false
    }

    /// Whether no sample in order can come for a day any more.
    private func isClosed(_ day: Int64) -> Bool {
        clock.now.milliseconds >= (day + 1) * BlockFile.dayMilliseconds + options.outOfOrderWindow.milliseconds
    }

    /// Whether a day has got nothing new for a while.
    private func isQuiet(_ day: Int64) -> Bool {
        guard let last = lastRuns[day] else { return true }
        return clock.now >= last + options.outOfOrderWindow
    }

    /// Runs `body`; when it fails that is reported, and the file left alone for a while.
    @discardableResult
    private func attempt<Value>(_ file: BlockFile, _ body: () throws(StoreError) -> Value) -> Value? {
        do throws(StoreError) {
            return try body()
        } catch {
            logger.warning("\(file.path) could not be put in order; it is tried again later: \(error)")
            pauses[file.day] = clock.now + Self.pauseAfterFailure
            return nil
        }
    }

    // MARK: Deletion

    /// Takes the samples of a filter out of every block file, durably, one run after the other, and gives the room back.
    /// Returns how many samples went. When it throws some runs are done and others are not; it can be repeated.
    func rewrite(dropping filter: SampleFilter) throws(StoreError) -> Int {
        abandon()
        var gone = 0
        for day in state.withLock({ $0.days }) {
            for run in day.runs where try day.file.touches(run, filter) {
                var rewrite = try RunRewrite(day.file, [run], dropping: filter)
                try complete(&rewrite)
                gone += rewrite.sourceSamples - rewrite.samples
            }
        }
        for day in state.withLock({ $0.days }) {
            while try day.file.removeRetired(limit: Self.pagesOfStep) { try day.file.checkpoint() }
            while try day.file.shrink(limit: Self.pagesOfStep) { try day.file.checkpoint() }
            if day.runs.isEmpty { drop(day) }
        }
        return gone
    }

    private func complete(_ rewrite: inout RunRewrite) throws(StoreError) {
        do throws(StoreError) {
            while true {
                let progress = try rewrite.step(pages: Self.pagesOfStep)
                try rewrite.file.checkpoint()
                if case .finished(let run) = progress {
                    finish(rewrite, run)
                    return
                }
            }
        } catch {
            try? rewrite.abandon()
            throw error
        }
    }

    // MARK: Retention

    /// Removes the files whose samples are all beyond retention.
    func dropOldDays() {
        guard !isHeld else { return }
        let oldest = BlockFile.day(of: clock.now.milliseconds - options.rawRetention.milliseconds)
        for day in state.withLock({ $0.days }) where day.file.day < oldest {
            logger.info("\(day.file.path) is beyond retention and removed")
            drop(day)
        }
        dropped = dropped.filter { $0.value.file != nil }
    }

    private func drop(_ day: StoredDay) {
        if job?.file === day.file { job = nil }
        state.withLock { state in state.days.removeAll { $0.file === day.file } }
        dropped[day.file.day] = DroppedFile(file: day.file)
        day.file.drop(day.runs)
    }
}

/// A file that was dropped and lives as long as somebody reads it.
private struct DroppedFile {
    weak var file: BlockFile?
}

extension StoreState {
    /// Puts a run in place of others of a file.
    mutating func replace(_ sources: [Run], of file: BlockFile, with run: Run?) {
        guard let day = days.firstIndex(where: { $0.file === file }),
            let place = days[day].runs.firstIndex(where: { $0 === sources.first })
        else { return }
        days[day].runs.removeAll { run in sources.contains { $0 === run } }
        if let run { days[day].runs.insert(run, at: place) }
    }
}
