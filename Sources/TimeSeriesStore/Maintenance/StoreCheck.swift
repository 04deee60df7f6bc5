import FleetModel
import MetricsWire

/// Reads everything that a store has on disk and holds it against itself: every page's checksum and coding, every run
/// against its list of pages, samples against their span, the catalogue's series, every record of the log. Changes
/// nothing.
public struct StoreCheck: Sendable {
    let folder: String

    /// A check of the store in `folder`, which no server has open. To check one that is open, ask it
    /// (``TimeSeriesStore/check(report:)``).
    public init(folder: String) { self.folder = folder }

    /// Reads everything; `report` hears how far it is. Throws `StoreError.inUse` where a server has the folder open, and
    /// what the operating system refuses.
    public func run(report: MaintenanceReport = { _ in true }) throws(StoreError) -> StoreFindings {
        let disk = DiskFolder(existing: folder)
        guard try disk.list().contains(Catalogue.fileName) else {
            throw .unsuitable(path: folder, reason: "there is no store: \(Catalogue.fileName) is not in it")
        }
        let lock = try FolderLock(folder: folder)
        defer { withExtendedLifetime(lock) {} }
        return try Self.examine(disk, report)
    }

    /// Reads everything in a folder that is locked, or whose merges and removals wait.
    static func examine(_ folder: DiskFolder, _ report: MaintenanceReport) throws(StoreError) -> StoreFindings {
        let names = try folder.list()
        var findings = StoreFindings()
        findings.quarantined = Quarantine.files(names)
        let databases = names.filter { $0.hasSuffix(".db") && $0 != Catalogue.fileName }
        var progress = MaintenanceProgress()
        progress.files = databases.count + 2
        // The catalogue first: series and runs that are newer are in later files only.
        let catalogue = CatalogueCheck(folder: folder).run(&findings)
        progress.filesDone = 1
        // Looked for now: a server that is at work may have made some since.
        for name in catalogue?.files.subtracting(try folder.list()).sorted() ?? [] {
            findings.add(StoreFindings.File(name: name, bytes: 0, items: 0, samples: 0), ["it is not there any more"])
        }
        for name in databases {
            guard report(progress) else { throw .shuttingDown }
            BlockCheck(folder: folder, name: name, catalogue: catalogue).run(&findings)
            progress.filesDone += 1
        }
        try LogCheck(folder: folder, done: catalogue?.segment ?? 0).run(&findings)
        progress.filesDone += 1
        _ = report(progress)
        return findings
    }
}

extension TimeSeriesStore {
    /// Checks what is on disk while writes and queries go on; merges and retention wait meanwhile. `report` hears how far
    /// it is.
    public func check(report: @escaping MaintenanceReport) async throws(StoreError) -> StoreFindings {
        try maintenance.begin("a check of the series")
        defer { maintenance.end() }
        if state.withLock({ $0.isClosed }) { throw .shuttingDown }
        await flusher.perform { $0.hold() }
        let folder = folder
        let result = await maintenance.perform { () throws(StoreError) in try StoreCheck.examine(folder, report) }
        await flusher.perform { $0.release() }
        return try result.get()
    }
}

/// Checks the catalogue.
struct CatalogueCheck {
    let folder: DiskFolder

    /// What the catalogue holds, as far as it can be read.
    func run(_ findings: inout StoreFindings) -> Catalogue.Content? {
        var file = StoreFindings.File(
            name: Catalogue.fileName, bytes: folder.sizeWithJournal(of: Catalogue.fileName), items: 0, samples: 0)
        do throws(StoreError) {
            let catalogue = try Catalogue(reading: folder.path)
            let content = try catalogue.read()
            var reasons = content.damages.map(\.reason)
            if reasons.isEmpty { reasons = try catalogue.integrityProblems() }
            file.items = content.series.count { !$0.isEmpty }
            reasons += Self.problems(content.series)
            findings.add(file, reasons)
            return content
        } catch {
            findings.add(file, [error.reason])
            return nil
        }
    }

    private static func problems(_ series: [[UInt8]]) -> [String] {
        var seen: Set<[UInt8]> = []
        var problems: [String] = []
        for (ordinal, identity) in series.enumerated() where !identity.isEmpty {
            if !seen.insert(identity).inserted { problems.append("series \(ordinal) is there twice") }
            if (try? SeriesIdentity.labels(identity)) == nil { problems.append("series \(ordinal) has no labels") }
        }
        return problems
    }
}

/// Checks the segments of the log that are not done yet.
struct LogCheck {
    let folder: DiskFolder
    let done: UInt64

    func run(_ findings: inout StoreFindings) throws(StoreError) {
        let log = DiskFolder(existing: folder.path + "/log")
        guard let names = try? log.list() else { return }
        let segments = names.compactMap { WriteAheadLog.number(of: $0) }.filter { $0 > done }.sorted()
        var sequence = WriteAheadLog.Sequence(after: done)
        for segment in segments {
            // A running server may have removed the segment meanwhile.
            guard let bytes = try? log.read(WriteAheadLog.name(of: segment)) else { continue }
            if case .damaged(let path, let reason) = sequence.take(segment, bytes) {
                findings.add(StoreFindings.File(name: "log/" + path, bytes: 0, items: 0, samples: 0), [reason])
            }
            examine(bytes, segment, isNewest: segment == segments.last, &findings)
        }
    }

    private func examine(_ bytes: [UInt8], _ segment: UInt64, isNewest: Bool, _ findings: inout StoreFindings) {
        let name = "log/" + WriteAheadLog.name(of: segment)
        var found = WriteAheadLog.Findings()
        var scratch = SnappyScratch()
        var samples = 0
        var reasons: [String] = []
        WriteAheadLog.read(bytes, name: name, isNewest: isNewest, into: &found) { record, _ in
            do throws(WireError) {
                try scratch.decompress(record, limit: 1 << 30)
                samples += try scratch.withBytes { bytes throws(WireError) in try Self.countSamples(bytes) }
            } catch {
                reasons.append("a record cannot be decoded: \(error)")
            }
        }
        if found.tornBytes > 0 {
            let torn = "no whole record: begun and not acknowledged when the server ended, or damaged since"
            findings.notes.append("\(name): \(found.tornBytes) bytes at its end are \(torn)")
        }
        findings.add(
            StoreFindings.File(name: name, bytes: Int64(bytes.count), items: found.records, samples: samples),
            reasons + found.damages.map(\.reason))
    }

    private static func countSamples(_ request: RawSpan) throws(WireError) -> Int {
        var count = 0
        var offset = 0
        while let body = try RemoteWriteDecoder.nextSeries(request, at: &offset) {
            var place = body.lowerBound
            while let field = try RemoteWriteDecoder.nextField(request, at: &place, before: body.upperBound) {
                if case .sample = field { count += 1 }
            }
        }
        return count
    }
}

extension StoreError {
    /// What is wrong, without the file's name where that is known to whoever asks.
    var reason: String {
        switch self {
        case .damaged(_, let reason), .databaseFailed(_, let reason), .unsuitable(_, let reason): reason
        default: description
        }
    }
}

extension DiskFolder {
    /// How many bytes a database has together with its journal.
    func sizeWithJournal(of name: String) -> Int64 { Int64(size(of: name) + size(of: name + "-wal")) }
}
