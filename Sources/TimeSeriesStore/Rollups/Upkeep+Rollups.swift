import FleetModel

/// Rolling days up. Which days need it follows from what is on disk: the newest run of a raw file, and how far the file
/// of rollups says that the day is rolled up.
extension Upkeep {
    /// Whether a day is to be rolled up, and is not, or not as it stands.
    func needsRolling(_ day: StoredDay, _ rollups: [StoredDay]) -> Bool {
        guard let newest = day.runs.last?.number, isKept(day.file.day, rollups) else { return false }
        let name = BlockName(rollupOfDay: day.file.day)
        guard let rolled = rollups.first(where: { $0.file.name == name })?.rolled[day.file.day] else { return true }
        return rolled.run < newest
    }

    /// Whether a day's rollups are kept, if it has any. Under a limit of size those of days before the oldest file are
    /// what had to go.
    private func isKept(_ day: Int64, _ rollups: [StoredDay]) -> Bool {
        guard options.rollupRetention > .zero else { return false }
        let name = BlockName(rollupOfDay: day)
        guard name.days.upperBound >= oldestRollup(clock.now.milliseconds) else { return false }
        guard options.rollupSizeLimit != nil, let oldest = rollups.first?.file.name.number else { return true }
        return name.number >= oldest
    }

    /// Begins to roll a day up.
    func rolling(of day: StoredDay, only ordinals: Set<UInt32>? = nil) throws(StoreError) -> RollupJob {
        let name = BlockName(rollupOfDay: day.file.day)
        let known = state.withLock { state in state.rollups.first { $0.file.name == name } }
        let target: StoredDay
        if let known { target = known } else { target = StoredDay(file: try file(name), runs: []) }
        let isCounter = state.withLock { $0.countersByOrdinal() }
        return try RollupJob(day, into: target, isCounter: isCounter, only: ordinals)
    }

    /// Takes a step of rolling a day up; returns whether it was the last.
    func step(_ rolling: inout RollupJob) throws(StoreError) -> Bool {
        guard case .finished(let run, let rolled) = try rolling.step(pages: Self.pagesOfStep) else {
            try rolling.target.file.checkpoint()
            return false
        }
        report(rolling.damages)
        let (day, target, buckets) = (rolling.raw.file.day, rolling.target, rolling.bucketCount)
        state.withLock { state in
            state.add(run, rolled, of: day, to: target)
            state.counters.rolledDays += 1
            state.counters.rollupBuckets += buckets
        }
        noteRun(of: target.file)
        attempt(target.file) { () throws(StoreError) in try catalogue.note(target.file.name.fileName, isThere: true) }
        settle(target.file)
        return true
    }

    /// Rolls a day up as it stands, if it is to be, and notes that its samples go.
    func finishRolling(_ day: StoredDay) throws(StoreError) {
        let rollups = state.withLock { $0.rollups }
        if needsRolling(day, rollups) {
            if job?.uses(day.file) == true { abandon() }
            try complete(try rolling(of: day))
        }
        let name = BlockName(rollupOfDay: day.file.day)
        let target = state.withLock { state in state.rollups.first { $0.file.name == name } }
        guard let target, var rolled = target.rolled[day.file.day], !rolled.isGone else { return }
        rolled.isGone = true
        try target.file.writer.transaction { () throws(StoreError) in try rolled.store(day.file.day, target.file.writer)
        }
        let gone = rolled
        state.withLock { $0.add(nil, gone, of: day.file.day, to: target) }
    }

    private func complete(_ started: RollupJob) throws(StoreError) {
        var rolling = started
        do throws(StoreError) {
            while try !step(&rolling) {}
        } catch {
            try? rolling.abandon()
            throw error
        }
    }

    /// Has the days of a file rolled up again of which the samples are still there.
    func rollAgain(_ rollup: StoredDay) throws(StoreError) {
        let days = state.withLock { $0.days.map(\.file.day) }
        for day in days where rollup.rolled[day].map({ !$0.isGone }) == true {
            try Statement(rollup.file.writer, "DELETE FROM rolled WHERE day = ?").run(.integer(day))
            state.withLock { state in
                guard let place = state.rollups.firstIndex(where: { $0.file === rollup.file }) else { return }
                state.rollups[place].rolled[day] = nil
            }
        }
    }

    /// Makes the buckets anew that lost some of their samples to a filter: those at its ends.
    func rollEdges(of filter: SampleFilter) throws(StoreError) {
        let ends = Set([filter.span.lowerBound, filter.span.upperBound].map { BlockFile.day(of: $0) })
        let (days, rollups) = state.withLock { ($0.days, $0.rollups) }
        for day in days where ends.contains(day.file.day) {
            let name = BlockName(rollupOfDay: day.file.day)
            let target = rollups.first { $0.file.name == name }
            guard target?.rolled[day.file.day] != nil else { continue }
            try complete(try rolling(of: day, only: filter.ordinals))
        }
    }
}

extension SampleFilter {
    /// What goes in files of rollups when these samples go: every bucket that has, or may have, one of them.
    var ofRollups: SampleFilter {
        let last = span.upperBound.addingReportingOverflow(BucketColumns.width)
        return SampleFilter(
            ordinals: ordinals, span: span.lowerBound...(last.overflow ? .max : last.partialValue),
            shift: RollupAspect.bits)
    }
}

extension StoreState {
    /// Whether each series on disk is a counter.
    func countersByOrdinal() -> [Bool] {
        var known: [UInt32: Bool] = [:]
        return seriesByOrdinal.map { series in
            guard series < index.count else { return false }
            let metric = index.home(of: series).metric
            if let known = known[metric] { return known }
            let isCounter = metric != SeriesIndex.none && BucketColumns.isCounter(index.text(of: metric))
            known[metric] = isCounter
            return isCounter
        }
    }

    /// Lets readers see what was rolled up of a day.
    mutating func add(_ run: Run?, _ rolled: RolledDay, of day: Int64, to target: StoredDay) {
        let place: Int
        if let known = rollups.firstIndex(where: { $0.file === target.file }) {
            place = known
        } else {
            place = rollups.firstIndex { $0.file.name.number > target.file.name.number } ?? rollups.count
            rollups.insert(target, at: place)
        }
        if let run { rollups[place].runs.append(run) }
        rollups[place].rolled[day] = rolled
    }
}
