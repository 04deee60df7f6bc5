import FleetModel
import Logging

extension Flusher {
    /// How many pages a step of the search reads at most: some milliseconds.
    private static let pagesOfStep = 64

    /// Takes samples out of the block files and forgets the series of which nothing is left. Returns how many samples
    /// went.
    func delete(_ filter: SampleFilter) async throws(StoreError) -> Int {
        try await perform { upkeep in
            Result { () throws(StoreError) in
                let gone = try upkeep.rewrite(dropping: filter)
                self.state.withLock { state in
                    state.noteDeletion(filter, samples: gone)
                    // Whatever lies ahead still is found again.
                    state.aheadNote = nil
                }
                // The search under way may have seen what is gone now.
                for ordinal in filter.ordinals { self.rolledEnds[ordinal] = nil }
                self.search = DeadSeriesSearch(self.state, rolledEnds: self.rolledEnds)
                while self.forgetStep() {}
                return gone
            }
        }.get()
    }

    /// Does a piece of the search for series without samples, and forgets them at its end. Returns whether there is more
    /// to do.
    func forgetStep() -> Bool {
        if upkeep.isHeld { return false }
        if search == nil {
            guard upkeep.hasDropped else { return false }
            upkeep.hasDropped = false
            search = DeadSeriesSearch(state, rolledEnds: rolledEnds)
        }
        guard var current = search else { return false }
        search = nil
        do throws(StoreError) {
            if try current.step(pages: Self.pagesOfStep, state) {
                search = current
                return true
            }
            rolledEnds.merge(current.rolledEnds) { max($0, $1) }
            // In memory at once with finding out, so that no sample comes between.
            unnamed.formUnion(state.withLock { $0.forget(current.candidates) })
            for ordinal in unnamed { rolledEnds[ordinal] = nil }
            try forgetOnDisk()
            compact()
        } catch {
            upkeep.hasDropped = true
            logger.warning("series without samples could not be forgotten; it is tried again later: \(error)")
        }
        return false
    }
}

extension Flusher {
    /// Takes the series that memory has forgotten out of the catalogue. Nothing may be committed before: one of them may
    /// have come back, with another number.
    func forgetOnDisk() throws(StoreError) {
        guard !unnamed.isEmpty else { return }
        try catalogue.forget(unnamed)
        unnamed = []
    }
}

extension StoreState {
    /// Takes note of samples that went: what is the newest of a series may not be there any more.
    fileprivate mutating func noteDeletion(_ filter: SampleFilter, samples: Int) {
        counters.deletedSamples += samples
        for ordinal in filter.ordinals {
            let series = seriesByOrdinal[Int(ordinal)]
            guard series != SeriesIndex.none, isAbsentFromMemory(series), filter.span.contains(newest[Int(series)])
            else { continue }
            newest[Int(series)] = .min
        }
    }
}

/// Looks for series on disk of which neither disk nor memory has a sample, from the newest run to the oldest, in steps. It
/// reads only pages that may have a series whose newest sample is not known, and learns it.
struct DeadSeriesSearch {
    /// The series that may have no sample any more, by number on disk, ascending.
    private(set) var candidates: [UInt32]
    /// The end of the last bucket of series of which there is nothing but rollups.
    private(set) var rolledEnds: [UInt32: Int64] = [:]
    /// The runs that are not searched yet, the newest last, those of rollups before all others.
    private var runs: [(file: BlockFile, run: Run)]
    private var nextPage = 0

    /// A search through what is on disk now. `rolledEnds` is what earlier searches have learnt.
    init(_ state: SharedState, rolledEnds known: [UInt32: Int64]) {
        (candidates, runs) = state.withLock { state in
            let runs = state.days.flatMap { day in day.runs.map { (day.file, $0) } }
            let rollups = state.rollups.flatMap { file in file.runs.map { (file.file, $0) } }
            let oldest = rollups.map(\.1.span.lowerBound).min() ?? .max
            let candidates = state.maybeWithoutSamples().filter { known[$0] ?? .min < oldest }
            return (candidates, rollups + runs.sorted { $0.1.number < $1.1.number })
        }
    }

    /// Reads about so many pages. Returns whether there is more to read.
    mutating func step(pages limit: Int, _ state: SharedState) throws(StoreError) -> Bool {
        var left = limit
        while let (file, run) = runs.last, !candidates.isEmpty {
            while nextPage < run.pageFirsts.count {
                if left == 0 { return true }
                let range = Self.series(of: run, nextPage, in: file)
                if mayHaveCandidates(range) {
                    left -= 1
                    try search(file, run, nextPage, range, state)
                }
                nextPage += 1
            }
            runs.removeLast()
            nextPage = 0
        }
        return false
    }

    /// The series that a page may have: up to the first one of the next page.
    private static func series(of run: Run, _ page: Int, in file: BlockFile) -> ClosedRange<UInt32> {
        let shift = file.name.seriesShift
        let first = run.pageFirsts[page] >> shift
        let last = page + 1 < run.pageFirsts.count ? run.pageFirsts[page + 1] >> shift : .max
        return first...max(first, last)
    }

    private func mayHaveCandidates(_ range: ClosedRange<UInt32>) -> Bool {
        let place = candidates.partitioningPlace { $0 >= range.lowerBound }
        return place < candidates.count && candidates[place] <= range.upperBound
    }

    private mutating func search(
        _ file: BlockFile, _ run: Run, _ index: Int, _ range: ClosedRange<UInt32>, _ state: SharedState
    ) throws(StoreError) {
        let page: Page
        do throws(StoreError) {
            page = try file.page(run, index)
        } catch {
            // Whose samples a damaged page has nobody knows: all that it may have are kept.
            guard case .damaged = error else { throw error }
            candidates.removeAll { range.contains($0) }
            return
        }
        var found: [UInt32: Int64] = [:]
        page.eachNewest { ordinal, time in
            let series = ordinal >> file.name.seriesShift
            let place = candidates.partitioningPlace { $0 >= series }
            guard place < candidates.count, candidates[place] == series else { return }
            found[series] = max(found[series] ?? .min, time)
        }
        guard !found.isEmpty else { return }
        candidates.removeAll { found[$0] != nil }
        if file.name.level == .raw {
            state.withLock { $0.learn(found) }
        } else {
            rolledEnds.merge(found) { max($0, $1) }
        }
    }
}

extension BlockName {
    /// So many bits of an ordinal in a page say something else than the series.
    var seriesShift: UInt32 { level == .raw ? 0 : RollupAspect.bits }
}

extension StoreState {
    /// The numbers on disk, ascending, of series that memory has nothing of and whose newest sample is older than all that
    /// is on disk, or not known.
    fileprivate func maybeWithoutSamples() -> [UInt32] {
        let oldest = days.flatMap(\.runs).map(\.span.lowerBound).min() ?? .max
        return seriesByOrdinal.indices.compactMap { ordinal in
            let series = seriesByOrdinal[ordinal]
            guard series != SeriesIndex.none, newest[Int(series)] < oldest, isAbsentFromMemory(series) else {
                return nil
            }
            return UInt32(ordinal)
        }
    }

    /// Takes the numbers on disk back from those series of `candidates` that nothing came for meanwhile. Returns the
    /// numbers.
    fileprivate mutating func forget(_ candidates: [UInt32]) -> Set<UInt32> {
        let dead = Set(maybeWithoutSamples()).intersection(candidates)
        for ordinal in dead {
            let series = seriesByOrdinal[Int(ordinal)]
            seriesByOrdinal[Int(ordinal)] = SeriesIndex.none
            ordinals[Int(series)] = SeriesIndex.none
            newest[Int(series)] = .min
        }
        counters.forgottenSeries += dead.count
        return dead
    }

    /// Takes note of the newest times of series.
    fileprivate mutating func learn(_ times: [UInt32: Int64]) {
        for (ordinal, time) in times {
            let series = seriesByOrdinal[Int(ordinal)]
            guard series != SeriesIndex.none else { continue }
            newest[Int(series)] = max(newest[Int(series)], time)
        }
    }
}

extension [UInt32] {
    /// The first place whose element satisfies a condition that holds for all behind it.
    fileprivate func partitioningPlace(_ holds: (UInt32) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
