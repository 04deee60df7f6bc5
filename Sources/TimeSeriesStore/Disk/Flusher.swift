import Dispatch
import FleetModel
import Logging

/// Moves samples from memory to block files, one flush after the other, beside the writes that go on.
///
/// A flush is committed by the catalogue: first the pages go to the block files, each in a transaction of its own, then
/// the catalogue says that the run counts and the log is done. A crash in between leaves runs that no catalogue knows;
/// they are removed, and the log still has their samples.
///
/// SAFETY: everything but `schedule` is touched on `queue` only, which runs one block at a time.
final class Flusher: @unchecked Sendable {
    /// Whether a flush is about to start, and before when none should after one failed.
    private struct Schedule {
        var isWaiting = false
        var notBefore = Timestamp(milliseconds: .min)
        /// Whether a step of the upkeep is about to be taken.
        var isUpkeepWaiting = false
        var isStopped = false

        /// Whether a flush may be tried: not right after one that failed, unless the clock was set back since.
        func mayTry(at now: Timestamp) -> Bool { now >= notBefore || notBefore - now > pauseAfterFailure }
    }

    private static let pauseAfterFailure = Duration.seconds(10)
    /// How often the files are looked after when nothing is written.
    private static let upkeepSeconds = 60
    /// How many pages are given back at the end: 128 MiB, which takes a moment.
    private static let pagesOfStop = 2048

    let folder: String
    let options: StoreOptions
    let state: SharedState
    let clock: any Clock
    let logger: Logger
    private let logFolder: any LogFolder
    private let queue = DispatchQueue(label: "evenkeel.store.flush", qos: .utility)
    private let schedule = Locked(Schedule())
    let catalogue: Catalogue
    let upkeep: Upkeep
    private let timer: any DispatchSourceTimer
    /// The newest committed run.
    private var run: Int64
    /// How many series the catalogue has.
    private var seriesOnDisk: Int
    /// The segment whose samples are set aside.
    private var segment: UInt64?
    /// Sets memory aside, between two batches of writes.
    private var freeze: () -> UInt64? = { nil }
    /// Removes forgotten series from the index, between two batches of writes.
    private(set) var compact: () -> Void = {}
    /// The search for series to forget that is under way.
    var search: DeadSeriesSearch?
    /// The ends of series of which there is nothing but rollups, as far as a search came upon them.
    var rolledEnds: [UInt32: Int64] = [:]
    /// Numbers on disk of series that memory has forgotten and the catalogue has not.
    var unnamed: Set<UInt32> = []

    init(
        folder: String, options: StoreOptions, state: SharedState, clock: any Clock, logger: Logger,
        logFolder: any LogFolder, catalogue: Catalogue, content: Catalogue.Content, cache: PageCache
    ) {
        self.folder = folder
        self.options = options
        self.state = state
        self.clock = clock
        self.logger = logger
        self.logFolder = logFolder
        self.catalogue = catalogue
        upkeep = Upkeep(
            folder: folder, options: options, state: state, clock: clock, logger: logger, catalogue: catalogue,
            cache: cache)
        timer = DispatchSource.makeTimerSource(queue: queue)
        // A timer that was never activated must not go, and opening may still fail.
        timer.activate()
        run = content.run
        seriesOnDisk = content.series.count
    }

    /// Says how memory is set aside, and how the index is made smaller; called once, before the first flush.
    func connect(_ freeze: @escaping @Sendable () -> UInt64?, compact: @escaping @Sendable () -> Void) {
        queue.sync {
            self.freeze = freeze
            self.compact = compact
        }
        upkeep.cache.whenDamaged { [weak self] in self?.upkeepSoon() }
        timer.setEventHandler { [weak self] in
            self?.flushIfReady()
            self?.upkeepSoon()
        }
        timer.schedule(deadline: .now() + .seconds(Self.upkeepSeconds), repeating: .seconds(Self.upkeepSeconds))
    }

    deinit { timer.cancel() }

    /// Waits for what is under way and lets nothing follow: the folder may be another store's from now on.
    func halt() {
        schedule.withLock { $0.isStopped = true }
        timer.cancel()
        queue.sync {}
    }

    /// Ends the upkeep; what it has begun is given up. No flush may follow.
    func stop() async {
        schedule.withLock { $0.isStopped = true }
        timer.cancel()
        await perform { upkeep in
            upkeep.abandon()
            upkeep.giveRoomBack(pages: Self.pagesOfStop)
        }
    }

    /// Does all the upkeep that there is to do now. It happens by itself; this is for whoever cannot wait.
    func maintain() async {
        await perform { upkeep in
            self.flushIfReady()
            upkeep.dropOldFiles()
            while upkeep.step() || self.forgetStep() {}
        }
    }

    /// Runs `body` between two steps.
    func perform<Value: Sendable>(_ body: @escaping @Sendable (Upkeep) -> Value) async -> Value {
        await withCheckedContinuation { reply in
            queue.async { reply.resume(returning: body(self.upkeep)) }
        }
    }

    /// Takes samples out of the block files, as `Upkeep.rewrite` does. Memory may still have some of them.
    func rewrite(dropping filter: SampleFilter) async throws(StoreError) -> Int {
        try await perform { upkeep in
            Result { () throws(StoreError) in try upkeep.rewrite(dropping: filter) }
        }.get()
    }

    /// Takes one step of the upkeep after the other, with room for flushes between them.
    func upkeepSoon() {
        let isNew = schedule.withLock { schedule in
            guard !schedule.isUpkeepWaiting, !schedule.isStopped else { return false }
            schedule.isUpkeepWaiting = true
            return true
        }
        guard isNew else { return }
        queue.async {
            let isStopped = self.schedule.withLock { schedule in
                schedule.isUpkeepWaiting = false
                return schedule.isStopped
            }
            if isStopped { return }
            if self.upkeep.step() || self.forgetStep() { self.upkeepSoon() }
        }
    }

    /// Soon removes what is beyond retention, and flushes if memory calls for it; does nothing when that is about to
    /// happen anyway, or when a flush has just failed.
    func flushSoon() {
        let now = clock.now
        let isNew = schedule.withLock { schedule in
            guard !schedule.isWaiting, schedule.mayTry(at: now) else { return false }
            schedule.isWaiting = true
            return true
        }
        guard isNew else { return }
        queue.async {
            self.schedule.withLock { $0.isWaiting = false }
            self.flushIfReady()
        }
    }

    /// Flushes if memory calls for it, and removes what is beyond retention.
    private func flushIfReady() {
        let now = clock.now
        // The flush that was running when this one was asked for may have taken what there was.
        let isAhead = !upkeep.isHeld && state.withLock { $0.isAhead }
        guard schedule.withLock({ $0.mayTry(at: now) }),
            isAhead || state.withLock({ $0.isReadyToFlush(options, now: now.milliseconds) })
        else {
            upkeep.dropOldFiles()
            return
        }
        do throws(StoreError) {
            if isAhead { try settleAhead() } else { try flush() }
        } catch {
            schedule.withLock { $0.notBefore = now + Self.pauseAfterFailure }
            logger.error("memory could not be written to disk and stays in the log: \(error)")
        }
    }

    /// Writes everything that is in memory now to disk.
    func flushAll() async throws(StoreError) {
        let result: Result<Void, StoreError> = await withCheckedContinuation { reply in
            queue.async {
                reply.resume(
                    returning: Result { () throws(StoreError) in
                        // What an earlier flush could not write comes first.
                        if self.segment != nil { try self.flush() }
                        try self.flush()
                    })
            }
        }
        try result.get()
    }

    func flush() throws(StoreError) {
        // First of all, since on a full disk it makes the room for the rest.
        upkeep.dropOldFiles()
        if segment == nil { segment = freeze() }
        guard let segment else { return }
        let newSeries = assignOrdinals()
        do throws(StoreError) {
            try forgetOnDisk()
            let (runs, ends) = try write(run + 1)
            try catalogue.commit(
                newSeries: newSeries, from: seriesOnDisk, segment: segment, run: run + 1,
                files: Set(runs.map(\.day.file.name.fileName)))
            seriesOnDisk += newSeries.count
            run += 1
            self.segment = nil
            publish(runs, ends)
        } catch {
            state.withLock { $0.counters.flushFailures += 1 }
            if case .noSpace = error { upkeep.dropOldFiles(isShortOfRoom: true) }
            throw error
        }
        tidyUp(through: segment)
        upkeepSoon()
    }

    /// Removes log segments that are done and empties the journals of the databases. The flush is committed by now: what
    /// fails here takes room and costs nothing else, and the next flush tries it again.
    private func tidyUp(through segment: UInt64) {
        tidyUp { () throws(StoreError) in try catalogue.checkpoint() }
        tidyUp { () throws(StoreError) in try WriteAheadLog.remove(through: segment, in: logFolder) }
        // A copy of a file is whole as long as nothing moves into it.
        if upkeep.isHeld { return }
        for day in state.withLock({ $0.days }) { tidyUp { () throws(StoreError) in try day.file.checkpoint() } }
    }

    private func tidyUp(_ body: () throws(StoreError) -> Void) {
        do throws(StoreError) {
            try body()
        } catch {
            logger.warning("after a flush, some room on disk could not be freed yet: \(error)")
        }
    }

    /// Numbers the series that come to disk for the first time, in the order in which selections read them; returns the
    /// label bytes of all series that the catalogue lacks.
    private func assignOrdinals() -> [[UInt8]] {
        state.withLock { state in
            guard let flushing = state.flushing else { return [] }
            var newcomers = (0..<UInt32(state.index.count)).filter { series in
                state.ordinals[Int(series)] == SeriesIndex.none && !flushing.snapshot(of: series).isEmpty
            }
            state.index.sort(&newcomers)
            for newcomer in newcomers {
                state.ordinals[Int(newcomer)] = UInt32(state.seriesByOrdinal.count)
                state.seriesByOrdinal.append(newcomer)
            }
            return state.seriesByOrdinal[seriesOnDisk...].map { series in
                series == SeriesIndex.none ? [] : Array(state.index.identities.string(series))
            }
        }
    }

    /// Writes the samples that are set aside as a run, into the block files of their days; returns the last one of each
    /// series as well.
    private func write(
        _ number: Int64
    ) throws(StoreError) -> (runs: [(day: StoredDay, run: Run)], ends: [SeriesEnd]) {
        let (flushing, series) = state.withLock { ($0.flushing, $0.seriesByOrdinal) }
        guard let flushing else { return ([], []) }
        var ends: [SeriesEnd] = []
        var days = DayWriters(number: number) { [self] day throws(StoreError) in try file(of: day) }
        do throws(StoreError) {
            var columns = SampleColumns()
            for (ordinal, series) in series.enumerated() {
                columns.removeAll()
                flushing.snapshot(of: series).read(
                    from: .min, through: .max, arena: flushing.arena, into: &columns)
                guard let time = columns.times.last, let value = columns.values.last else { continue }
                ends.append(SeriesEnd(series: series, time: time, value: value))
                try days.add(UInt32(ordinal), columns)
            }
            return (try days.commit(), ends)
        } catch {
            days.cancel()
            throw error
        }
    }

    /// The block file of a day, which is made where it is missing.
    private func file(of day: Int64) throws(StoreError) -> StoredDay {
        if let known = state.withLock({ state in state.days.first { $0.file.day == day } }) { return known }
        return StoredDay(file: try upkeep.file(BlockName(.raw, day)), runs: [])
    }

    /// Lets readers see the runs in place of the memory that they came from.
    private func publish(_ runs: [(day: StoredDay, run: Run)], _ ends: [SeriesEnd]) {
        for (day, _) in runs { upkeep.noteRun(of: day.file) }
        state.withLock { state in
            for (day, run) in runs {
                if let place = state.days.firstIndex(where: { $0.file.day == day.file.day }) {
                    state.days[place].runs.append(run)
                } else {
                    state.days.append(StoredDay(file: day.file, runs: [run]))
                    state.days.sort { $0.file.day < $1.file.day }
                }
            }
            state.note(onDisk: ends)
            state.flushing = nil
            state.counters.flushes += 1
        }
    }
}
