import FleetModel

/// Bringing the state back when a store is opened: series from the catalogue, runs from the block files.
extension StoreState {
    /// How many runs are read for the newest time of each series.
    private static let recentRuns = 12
    /// How many pages of them: a merged run may be a whole day's.
    private static let recentPages = 3000

    /// Takes over what is on disk. What is damaged is set aside or left out, and listed in `damages`; throws where nobody
    /// could go on without losing what is there.
    mutating func open(
        _ folder: DiskFolder, _ options: StoreOptions
    ) throws(StoreError) -> (catalogue: Catalogue, content: Catalogue.Content) {
        var content: Catalogue.Content
        do {
            let (catalogue, found) = try Catalogue.open(folder, synchronous: options.synchronous)
            content = found
            takeSeries(content.series)
            try openDays(
                folder, committed: content.isStateLost ? .max : content.run, files: content.files, options: options)
            if content.isStateLost { content.run = days.flatMap(\.runs).map(\.number).max() ?? 0 }
            noteMissing(&content.files, in: folder)
            let isSound = !content.isCutOff && !content.isToBeRenewed
            for name in missingFiles where isSound { try catalogue.note(name, isThere: false) }
            if content.isStateLost, isSound {
                try catalogue.commit(newSeries: [], from: 0, segment: 0, run: content.run)
            }
            if isSound {
                damages = content.damages + damages
                learnNewest()
                return (catalogue, content)
            }
        }
        // The damaged file is closed by now: closing it later would remove the new one's journal.
        let catalogue = try Catalogue.renew(
            &content, in: folder, ordinalLimit: ordinalLimit(), synchronous: options.synchronous)
        let missing = content.series.count - seriesByOrdinal.count
        seriesByOrdinal.append(contentsOf: repeatElement(SeriesIndex.none, count: max(0, missing)))
        damages = content.damages + damages
        learnNewest()
        return (catalogue, content)
    }

    /// Takes over the series of the catalogue, numbered as on disk. Those that cannot be read, or were forgotten, are left
    /// out.
    mutating func takeSeries(_ identities: [[UInt8]]) {
        seriesByOrdinal = [UInt32](repeating: SeriesIndex.none, count: identities.count)
        for (ordinal, identity) in identities.enumerated() where !identity.isEmpty {
            do throws(StoreError) {
                let labels = try SeriesIdentity.labels(identity)
                let known = index.count
                let series = index.add(labels, identity: unsafe identity.span.bytes)
                guard index.count > known else {
                    throw .damaged(path: Catalogue.fileName, reason: "series \(ordinal), \(labels), is there twice")
                }
                seriesByOrdinal[ordinal] = series
            } catch {
                damages.append(error)
            }
        }
        extend()
        for (ordinal, series) in seriesByOrdinal.enumerated() where series != SeriesIndex.none {
            ordinals[Int(series)] = UInt32(ordinal)
        }
    }

    /// Opens the block files of a folder, rollups too. One that is damaged is set aside and reported; the others are used.
    mutating func openDays(
        _ folder: DiskFolder, committed: Int64, files: Set<String>, options: StoreOptions
    ) throws(StoreError) {
        let names = try folder.list().compactMap { BlockName(fileName: $0) }
        for name in names.sorted(by: { $0.number < $1.number }) {
            if files.contains(name.fileName) { noteEmpty(name.fileName, in: folder) }
            do throws(StoreError) {
                let file = try BlockFile(folder: folder.path, name, synchronous: options.synchronous)
                switch name.level {
                case .raw: days.append(StoredDay(file: file, runs: try file.recover(committed: committed)))
                case .rollup:
                    // Its runs are committed by the file itself.
                    let runs = try file.recover(committed: .max)
                    rollups.append(StoredDay(file: file, runs: runs, rolled: try RolledDay.read(file.writer)))
                }
            } catch {
                guard case .damaged(let path, let reason) = error else { throw error }
                let aside = try Quarantine.setAside(name.fileName, in: folder)
                let lost =
                    name.level == .raw ? "its samples are missing" : "days of which there are samples get new ones"
                damages.append(.damaged(path: path, reason: "\(reason); it is set aside as \(aside), and \(lost)"))
            }
        }
    }

    /// Reports block files that there should be and that are not, and strikes them off the list.
    private mutating func noteMissing(_ files: inout Set<String>, in folder: DiskFolder) {
        let there = Set((days + rollups).map(\.file.name.fileName))
        missingFiles = files.subtracting(there).sorted()
        files.formIntersection(there)
        for name in missingFiles where !folder.has(asideOf: name) {
            let reason = "it is not there any more, and neither is what it held; a backup may have it"
            damages.append(.damaged(path: folder.path + "/" + name, reason: reason))
        }
    }

    /// SQLite takes a file that is shorter than the smallest page for a new one.
    private mutating func noteEmpty(_ name: String, in folder: DiskFolder) {
        guard folder.sizeWithJournal(of: name) < 512 else { return }
        let reason = "it is empty, and its samples are missing"
        damages.append(.damaged(path: folder.path + "/" + name, reason: reason))
    }

    /// The number behind the highest that any page on disk has: a series that comes now must not get one of those.
    func ordinalLimit() throws(StoreError) -> Int {
        var limit = 0
        for stored in days + rollups {
            let shift = stored.file.name.level == .raw ? 0 : RollupAspect.bits
            for run in stored.runs where !run.pageFirsts.isEmpty {
                let last = try stored.file.page(run, run.pageFirsts.count - 1).entryOrdinals.last ?? 0
                limit = max(limit, Int(last >> shift) + 1)
            }
        }
        return limit
    }

    /// Learns the newest time of each series from the newest runs. Series that are not in them stay unknown, which only
    /// means that a late sample of theirs is not recognised as late.
    mutating func learnNewest() {
        let runs = days.flatMap { day in day.runs.map { (day.file, $0) } }
        var unknown = newest.count
        var number = Int64.max
        var pages = Self.recentPages
        for (file, run) in runs.sorted(by: { $0.1.number > $1.1.number }).prefix(Self.recentRuns) {
            // A flush may have written into several days: all of its runs count.
            if unknown <= 0, run.number < number { break }
            number = run.number
            for page in run.pageFirsts.indices.prefix(pages) {
                pages -= 1
                do throws(StoreError) {
                    try file.page(run, page).eachNewest { ordinal, time in
                        guard Int(ordinal) < seriesByOrdinal.count else { return }
                        let series = Int(seriesByOrdinal[Int(ordinal)])
                        guard series < newest.count else { return }
                        if newest[series] == .min { unknown -= 1 }
                        newest[series] = max(newest[series], time)
                    }
                } catch {
                    damages.append(error)
                }
            }
        }
    }
}
