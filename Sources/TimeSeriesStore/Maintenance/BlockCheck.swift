import FleetModel

/// Checks a block file, or what else is a database in a store's folder.
struct BlockCheck {
    /// After so many damages of one file the rest of it is not listed.
    private static let mostReasons = 50

    let folder: DiskFolder
    let name: String
    /// What the catalogue holds; `nil` where it cannot be read.
    let catalogue: Catalogue.Content?
    private var reasons: [String] = []

    init(folder: DiskFolder, name: String, catalogue: Catalogue.Content?) {
        self.folder = folder
        self.name = name
        self.catalogue = catalogue
    }

    func run(_ findings: inout StoreFindings) {
        var check = self
        var file = StoreFindings.File(name: name, bytes: folder.sizeWithJournal(of: name), items: 0, samples: 0)
        do throws(StoreError) {
            try check.examine(&file, &findings.notes)
        } catch  where check.isListed {
            check.note(error.reason)
        } catch {
            findings.notes.append("\(name): it was just being made when the server ended: \(error.reason)")
        }
        findings.add(file, check.reasons)
    }

    /// Whether anything of the file may count.
    private var isListed: Bool { catalogue?.files.contains(name) ?? true }

    private mutating func note(_ reason: String) {
        if reasons.count < Self.mostReasons { reasons.append(reason) }
        if reasons.count == Self.mostReasons - 1 { reasons.append("and more, which are not listed") }
    }

    private mutating func examine(_ file: inout StoreFindings.File, _ notes: inout [String]) throws(StoreError) {
        let database = try Database(reading: folder.path + "/" + name)
        // What is read is one moment of a file that may be written meanwhile.
        try database.execute("BEGIN; SELECT count(*) FROM sqlite_schema")
        for problem in try database.integrityProblems() { note(problem) }
        guard let name = BlockName(fileName: name) else { return }
        guard try database.integer("SELECT count(*) FROM sqlite_schema") > 0 else {
            if isListed {
                note("it is empty")
            } else {
                notes.append("\(self.name): it was just being made when the server ended, and is empty")
            }
            return
        }
        guard try BlockSchema.isCurrent(database) else {
            notes.append("\(self.name): written by an older version; the next start brings it up to date")
            return
        }
        for run in try BlockSchema.runs(database) {
            if name.level == .raw, let committed = catalogue?.run, run.number > committed {
                notes.append("\(self.name): run \(run.number) was not committed; the log has its samples")
                continue
            }
            try examine(run, database, name, &file)
        }
    }

    private mutating func examine(
        _ run: Run, _ database: Database, _ name: BlockName, _ file: inout StoreFindings.File
    ) throws(StoreError) {
        let query = try Statement(database, "SELECT data FROM page WHERE id = ?")
        var samples = 0
        var last: UInt32 = 0
        let before = reasons.count
        for (index, first) in run.pageFirsts.enumerated() {
            try query.bind([.integer(run.base + Int64(index))])
            let bytes = try query.step() ? query.blob(0) : []
            query.reset()
            let place = "page \(index) of run \(run.number)"
            file.items += 1
            do throws(CodecError) {
                let page = try Page(bytes)
                samples += try examine(page, place, first, &last, run.span.clamped(to: name.times), name.seriesShift)
            } catch {
                note("\(place): \(bytes.isEmpty ? "is missing" : error.reason)")
            }
        }
        if reasons.count == before, samples != run.samples {
            note("run \(run.number) has \(samples) samples and says \(run.samples)")
        }
        file.samples += samples
    }

    /// Decodes all of a page; returns how many samples it has.
    private mutating func examine(
        _ page: Page, _ place: String, _ first: UInt32, _ last: inout UInt32, _ span: ClosedRange<Int64>,
        _ shift: UInt32
    ) throws(CodecError) -> Int {
        var decoder = ValueDecoder()
        var columns = SampleColumns()
        var samples = 0
        if page.entryOrdinals.first != first { note("\(place): its first series is not the one in the list") }
        for entry in page.entryOrdinals.indices {
            let ordinal = page.entryOrdinals[entry]
            if ordinal < last { note("\(place): series \(ordinal) comes after \(last)") }
            if let series = catalogue?.series, Int(ordinal >> shift) >= series.count {
                note("\(place): series \(ordinal >> shift) is not in the catalogue")
            }
            last = ordinal
            columns.removeAll()
            try page.read(entry: entry, decoder: &decoder, into: &columns)
            samples += columns.count
            guard columns.times.count == columns.values.count else {
                throw CodecError(reason: "an entry of series \(ordinal) has too few values")
            }
            let ascends = zip(columns.times, columns.times.dropFirst()).allSatisfy { $0 < $1 }
            if !ascends { note("\(place): times of series \(ordinal) do not ascend") }
            if let start = columns.times.first, let end = columns.times.last,
                start < span.lowerBound || end > span.upperBound
            {
                note("\(place): series \(ordinal) has samples outside of the run's span")
            }
        }
        return samples
    }
}

extension BlockName {
    /// The times that samples of the file may have. A bucket of rollups ends with the day at the latest, or has one more
    /// for the sample of midnight.
    fileprivate var times: ClosedRange<Int64> {
        let end = (days.upperBound + 1) * BlockFile.dayMilliseconds
        return days.lowerBound * BlockFile.dayMilliseconds...(level == .raw ? end - 1 : end + 1)
    }
}
