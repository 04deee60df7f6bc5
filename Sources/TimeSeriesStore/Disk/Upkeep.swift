import Dispatch
import FleetModel
import Logging

/// Keeps the block files in order: merges runs, rolls days up, removes what nobody needs, gives room back. It works in
/// small steps, so that a flush never waits long for its turn.
///
/// Everything is touched on the flusher's queue only.
final class Upkeep {
    /// What is under way.
    enum Job {
        case merge(RunRewrite)
        case roll(RollupJob)
    }

    /// A step writes about so many pages: 8 MiB.
    static let pagesOfStep = 128
    private static let pauseAfterFailure = Duration.seconds(3600)

    let folder: String
    let options: StoreOptions
    let state: SharedState
    let clock: any Clock
    let logger: Logger
    let catalogue: Catalogue
    let cache: PageCache
    /// Files that are gone and that the catalogue still has on its list.
    private var unlisted: Set<String> = []
    /// Runs with pages that cannot be read.
    private var broken: [(file: BlockFile, run: Run)] = []
    private(set) var job: Job?
    /// When a file last got a run from a flush, or from a day that was rolled up.
    private var lastRuns: [BlockName: Timestamp] = [:]
    /// Files on which something failed, and before when nothing is tried again.
    private var pauses: [BlockName: Timestamp] = [:]
    /// Files that were dropped, for as long as a reader holds them.
    private var dropped: [BlockName: DroppedFile] = [:]
    /// While above zero files are neither merged nor dropped: somebody copies them.
    private var holds = 0
    /// Whether a file went since series without samples were looked for.
    var hasDropped = false

    init(
        folder: String, options: StoreOptions, state: SharedState, clock: any Clock, logger: Logger,
        catalogue: Catalogue,
        cache: PageCache
    ) {
        self.folder = folder
        self.options = options
        self.state = state
        self.clock = clock
        self.logger = logger
        self.catalogue = catalogue
        self.cache = cache
    }

    // MARK: What others say

    /// Keeps block files as they are until `release`; runs that a flush adds are all that changes.
    func hold() { holds += 1 }

    /// Ends what `hold` began.
    func release() { holds = max(0, holds - 1) }

    /// Whether somebody copies the files.
    var isHeld: Bool { holds > 0 }

    /// Notes that a file got a run.
    func noteRun(of file: BlockFile) { lastRuns[file.name] = clock.now }

    /// Gives up what is under way.
    func abandon() {
        guard let given = job else { return }
        job = nil
        attempt(given.file) { () throws(StoreError) in try given.abandon() }
    }

    /// The file of a name: opened, made where it is missing, or the one that was dropped and is still read, emptied,
    /// since two must not have one path.
    func file(_ name: BlockName) throws(StoreError) -> BlockFile {
        unlisted.remove(name.fileName)
        if let earlier = dropped.removeValue(forKey: name) {
            if let revived = earlier.file {
                try revived.revive()
                return revived
            }
            // Its last reader is just letting it go: a new file of its name must not be what is removed.
            earlier.removal.wait()
        }
        return try BlockFile(folder: folder, name, synchronous: options.synchronous)
    }

    // MARK: Steps

    /// Does a piece of what there is to do. Returns whether there may be more.
    func step() -> Bool {
        guard !isHeld else { return false }
        if let current = job {
            job = nil
            job = proceed(current)
            return true
        }
        let (days, rollups) = state.withLock { ($0.days, $0.rollups) }
        let files = days + rollups
        if startMending(files) { return true }
        return files.contains { removeRetired($0.file) } || days.contains { startRolling($0, rollups) }
            || files.contains { startMerging($0) } || files.contains { shrink($0.file) }
    }

    private func removeRetired(_ file: BlockFile) -> Bool {
        if isPaused(file) { return false }
        return attempt(file) { () throws(StoreError) in
            guard try file.removeRetired(limit: Self.pagesOfStep) else { return false }
            try file.checkpoint()
            return true
        } ?? false
    }

    /// Begins to write a run anew without the pages that turned out to be damaged, so that queries go on without them;
    /// the pages are set aside as they are.
    private func startMending(_ files: [StoredDay]) -> Bool {
        for page in cache.takeDamaged() {
            setAside(page)
            if !broken.contains(where: { $0.run === page.run }) { broken.append((page.file, page.run)) }
        }
        while let next = broken.popLast() {
            guard let stored = files.first(where: { $0.file === next.file }),
                stored.runs.contains(where: { $0 === next.run }), !isPaused(stored.file)
            else { continue }
            job = attempt(stored.file) { () throws(StoreError) in
                if stored.file.name.level == .rollup { try rollAgain(stored) }
                return .merge(try RunRewrite(stored.file, [next.run]))
            }
            if job != nil { return true }
        }
        return false
    }

    private func setAside(_ page: PageCache.DamagedPage) {
        guard let bytes = try? page.file.bytes(page.run, page.index), !bytes.isEmpty else { return }
        let name = "\(page.file.name.fileName).page-\(page.run.base + Int64(page.index)).damaged"
        do throws(StoreError) {
            let copy = try DiskFolder(existing: folder).create(name)
            try copy.append(bytes)
            try copy.sync()
            logger.error("\(page.file.path): a damaged page is set aside as \(name)")
        } catch {
            logger.error("\(page.file.path): a damaged page could not be set aside as \(name): \(error)")
        }
    }

    private func startMerging(_ stored: StoredDay) -> Bool {
        guard !isPaused(stored.file),
            let places = MergePolicy.next(stored.runs.map(\.level), isComplete: isComplete(stored.file))
        else { return false }
        job = attempt(stored.file) { () throws(StoreError) in
            let isRollup = stored.file.name.level == .rollup
            return .merge(try RunRewrite(stored.file, Array(stored.runs[places]), newestWins: isRollup))
        }
        return job != nil
    }

    private func startRolling(_ day: StoredDay, _ rollups: [StoredDay]) -> Bool {
        guard isComplete(day.file), !isPaused(day.file), needsRolling(day, rollups) else { return false }
        job = attempt(day.file) { () throws(StoreError) in .roll(try rolling(of: day)) }
        return job != nil
    }

    /// Takes a step of a job; returns the job as long as there is more of it.
    func proceed(_ job: Job) -> Job? {
        var current = job
        let isDone = attempt(job.file) { () throws(StoreError) in
            let isDone: Bool
            switch current {
            case .merge(var rewrite):
                // Also when it throws: the pages that it stored are to go.
                defer { current = .merge(rewrite) }
                isDone = try step(&rewrite)
            case .roll(var rolling):
                defer { current = .roll(rolling) }
                isDone = try step(&rolling)
            }
            return isDone
        }
        if isDone == nil {
            state.withLock { $0.counters.upkeepFailures += 1 }
            try? current.abandon()
        }
        return isDone == false ? current : nil
    }

    private func step(_ rewrite: inout RunRewrite) throws(StoreError) -> Bool {
        guard case .finished(let run) = try rewrite.step(pages: Self.pagesOfStep) else {
            try rewrite.file.checkpoint()
            return false
        }
        finish(rewrite, run)
        let samples = rewrite.sourceSamples
        state.withLock { state in
            state.counters.merges += 1
            state.counters.mergedSamples += samples
        }
        settle(rewrite.file)
        return true
    }

    /// Empties a file's journal behind a job that is committed: what fails here takes room and no more. It must not look
    /// as if the job had failed, since giving that up removes its pages.
    func settle(_ file: BlockFile) { attempt(file) { () throws(StoreError) in try file.checkpoint() } }

    /// Lets readers see the new run in place of the old ones.
    func finish(_ rewrite: RunRewrite, _ run: Run?) {
        report(rewrite.damages)
        state.withLock { $0.replace(rewrite.sources, of: rewrite.file, with: run) }
        rewrite.file.retire(rewrite.sources)
    }

    func report(_ damages: [StoreError]) {
        for damage in damages { logger.error("\(damage); its samples are missing, all others are kept") }
        state.withLock { $0.counters.damagedPages += damages.count }
    }

    /// Removes pages that nobody needs and gives their room back, about so many, also of files that still grow and would
    /// use them again.
    func giveRoomBack(pages limit: Int) {
        var rest = limit
        for stored in state.withLock({ $0.days + $0.rollups }) where !isHeld && !isPaused(stored.file) {
            while rest > 0, removeRetired(stored.file) { rest -= Self.pagesOfStep }
            attempt(stored.file) { () throws(StoreError) in
                while rest > 0, try stored.file.shrink(limit: Self.pagesOfStep) { rest -= Self.pagesOfStep }
                try stored.file.checkpoint()
            }
        }
    }

    private func shrink(_ file: BlockFile) -> Bool {
        guard isClosed(file), !isPaused(file) else { return false }
        return attempt(file) { () throws(StoreError) in
            guard try file.shrink(limit: Self.pagesOfStep) else { return false }
            try file.checkpoint()
            return true
        } ?? false
    }

    /// Whether no sample in order can come for a file any more; rollups come a day later.
    private func isClosed(_ file: BlockFile) -> Bool {
        let days = file.name.days.upperBound + (file.name.level == .rollup ? 2 : 1)
        return clock.now.milliseconds >= days * BlockFile.dayMilliseconds + options.outOfOrderWindow.milliseconds
    }

    /// Whether a file is closed and has got nothing new for a while.
    private func isComplete(_ file: BlockFile) -> Bool {
        guard isClosed(file) else { return false }
        guard let last = lastRuns[file.name] else { return true }
        return clock.now >= last + options.outOfOrderWindow
    }

    private func isPaused(_ file: BlockFile) -> Bool {
        guard let pause = pauses[file.name] else { return false }
        return clock.now < pause
    }

    /// Runs `body`; when it fails that is reported, and the file left alone for a while.
    @discardableResult
    func attempt<Value>(_ file: BlockFile, _ body: () throws(StoreError) -> Value) -> Value? {
        do throws(StoreError) {
            return try body()
        } catch {
            logger.warning("\(file.path) could not be put in order; it is tried again later: \(error)")
            pauses[file.name] = clock.now + Self.pauseAfterFailure
            return nil
        }
    }

    // MARK: Dropping

    /// Takes files that are gone off the catalogue's list; what fails is tried again with the next one.
    private func strikeOff() {
        for name in unlisted {
            do throws(StoreError) {
                try catalogue.note(name, isThere: false)
                unlisted.remove(name)
            } catch {
                logger.warning("\(name) is gone and still on the catalogue's list; it is tried again: \(error)")
            }
        }
    }

    /// Removes a file when nobody reads it any more.
    func drop(_ stored: StoredDay) {
        hasDropped = true
        if job?.uses(stored.file) == true { job = nil }
        state.withLock { state in
            state.days.removeAll { $0.file === stored.file }
            state.rollups.removeAll { $0.file === stored.file }
            if stored.file.name.level == .raw {
                state.counters.droppedRaw += 1
            } else {
                state.counters.droppedRollups += 1
            }
        }
        unlisted.insert(stored.file.name.fileName)
        strikeOff()
        dropped = dropped.filter { $0.value.file != nil || $0.value.removal.wait(timeout: .now()) == .timedOut }
        dropped[stored.file.name] = DroppedFile(file: stored.file, removal: stored.file.removal)
        stored.file.drop(stored.runs)
    }
}

extension Upkeep.Job {
    /// The file that is read.
    var file: BlockFile {
        switch self {
        case .merge(let rewrite): rewrite.file
        case .roll(let rolling): rolling.raw.file
        }
    }

    func uses(_ file: BlockFile) -> Bool {
        switch self {
        case .merge(let rewrite): rewrite.file === file
        case .roll(let rolling): rolling.raw.file === file || rolling.target.file === file
        }
    }

    /// Removes what was written for nothing.
    func abandon() throws(StoreError) {
        switch self {
        case .merge(let rewrite): try rewrite.abandon()
        case .roll(let rolling): try rolling.abandon()
        }
    }
}

/// A file that was dropped and lives as long as somebody reads it.
private struct DroppedFile {
    weak var file: BlockFile?
    let removal: DispatchSemaphore
}

extension StoreState {
    /// Puts a run in place of others of a file.
    mutating func replace(_ sources: [Run], of file: BlockFile, with run: Run?) {
        if let day = days.firstIndex(where: { $0.file === file }) { days[day].replace(sources, with: run) }
        if let place = rollups.firstIndex(where: { $0.file === file }) { rollups[place].replace(sources, with: run) }
    }
}

extension StoredDay {
    fileprivate mutating func replace(_ sources: [Run], with run: Run?) {
        guard let place = runs.firstIndex(where: { $0 === sources.first }) else { return }
        runs.removeAll { run in sources.contains { $0 === run } }
        if let run { runs.insert(run, at: place) }
    }
}
