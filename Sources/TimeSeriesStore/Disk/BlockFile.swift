import Dispatch
import FleetModel
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The samples of one day (UTC), compressed: a SQLite file `blocks-DAY.db`, DAY in days since 1970-01-01. Rollups of
/// longer periods live in files of the same form (`RollupAspect`).
///
///     run   number | first time | last time | samples | pages: the first ordinal of each page, 4 bytes each
///           | base: the id of its first page | level: how often it was merged | a checksum of the row
///     page  id | the page's bytes (PageBuilder), sized to fill a SQLite page each
///
/// A run's pages have the ids from its base on. A run gets 2^24 ids above all that were ever given, so two runs never
/// share one, and pages of a run that no row names yet, or no longer, harm nobody: opening removes them. That is how runs
/// are merged (`RunRewrite`): pages first, in steps, then one transaction that puts the new row in place of the old ones;
/// the old pages go when no reader has the old runs any more.
///
/// One connection writes and one reads; SQLite's write-ahead journal keeps them apart. A run whose number is above the
/// catalogue's was not committed: opening removes it, and the log still has its samples.
final class BlockFile: Sendable {
    static let dayMilliseconds: Int64 = 86_400_000
    /// How many ids a run has for its pages, as a power of two.
    static let slotBits: Int64 = 24

    /// Pages that a run which is no longer used leaves behind.
    private struct Retired {
        weak var run: Run?
        var pages: Range<Int64>
    }

    let path: String
    let name: BlockName
    let writer: Database
    /// Reads one page; it has a connection of its own.
    private let query: Locked<Statement>
    private let isUnwanted = Atomic(false)
    private let nextSlot = Atomic<Int64>(1)
    private let retired = Locked<[Retired]>([])

    /// The day that a time belongs to.
    static func day(of time: Int64) -> Int64 {
        time >= 0 ? time / dayMilliseconds : (time + 1) / dayMilliseconds - 1
    }

    static func name(of day: Int64) -> String { BlockName(.raw, day).fileName }

    /// The day of a raw file's name; `nil` for other files.
    static func day(ofName name: String) -> Int64? {
        BlockName(fileName: name).flatMap { $0.level == .raw ? $0.number : nil }
    }

    /// Opens or makes the raw file of a day.
    convenience init(folder: String, day: Int64, synchronous: Bool) throws(StoreError) {
        try self.init(folder: folder, BlockName(.raw, day), synchronous: synchronous)
    }

    /// Opens or makes a file.
    init(folder: String, _ name: BlockName, synchronous: Bool) throws(StoreError) {
        self.name = name
        path = folder + "/" + name.fileName
        writer = try Database(path, pageSize: 65_536, synchronous: synchronous)
        try BlockSchema.prepare(writer, name.level)
        let reading = try Database(path, pageSize: 65_536, synchronous: synchronous)
        query = Locked(try Statement(reading, "SELECT data FROM page WHERE id = ?"))
    }

    /// Of a raw file its day, in days since 1970-01-01.
    var day: Int64 { name.number }

    /// The time behind all that a raw file may have.
    var end: Int64 { (day + 1) * Self.dayMilliseconds }

    /// How many bytes the file takes, with its journal.
    var bytes: Int64 {
        ["", "-wal"].reduce(0) { total, suffix in
            var status = stat()
            return unsafe lstat(path + suffix, &status) == 0 ? total + Int64(status.st_size) : total
        }
    }

    /// Removes the file when nobody reads it any more. `runs` are those that it has.
    func drop(_ runs: [Run]) {
        retire(runs)
        isUnwanted.store(true, ordering: .relaxed)
    }

    /// Takes back that the file was dropped, and empties it.
    func revive() throws(StoreError) {
        try writer.execute("DELETE FROM run")
        if name.level == .rollup { try writer.execute("DELETE FROM rolled") }
        isUnwanted.store(false, ordering: .relaxed)
    }

    /// Signalled once a dropped file is gone from its folder.
    let removal = DispatchSemaphore(value: 0)

    deinit {
        guard isUnwanted.load(ordering: .relaxed) else { return }
        for suffix in ["", "-wal", "-shm"] { unsafe unlink(path + suffix) }
        removal.signal()
    }

    /// Removes what was written and does not count: runs above the newest committed one, and pages of no run. Returns
    /// the runs that count.
    func recover(committed: Int64) throws(StoreError) -> [Run] {
        // Nothing goes because of a number that is not as it was written.
        let runs = try BlockSchema.runs(writer).filter { $0.number <= committed }
        try writer.transaction { () throws(StoreError) in
            try BlockSchema.discardRuns(writer, above: committed)
        }
        try writer.transaction { () throws(StoreError) in
            try BlockSchema.discardPages(writer, outside: runs.map(\.pageIDs))
        }
        let lastSlot = runs.map { $0.base >> Self.slotBits }.max() ?? 0
        nextSlot.store(lastSlot + 1, ordering: .relaxed)
        return runs
    }

    /// The id of the first page of a new run.
    func newBase() -> Int64 {
        (nextSlot.add(1, ordering: .relaxed).newValue - 1) << Self.slotBits
    }

    /// Begins to write a run; `RunWriter.commit` makes it durable.
    func startRun(_ number: Int64) throws(StoreError) -> RunWriter {
        try RunWriter(writer, number: number, base: newBase())
    }

    /// A page of a run.
    func page(_ run: Run, _ index: Int) throws(StoreError) -> Page {
        let bytes = try bytes(run, index)
        do throws(CodecError) {
            return try Page(bytes)
        } catch {
            throw .damaged(path: path, reason: "page \(index) of run \(run.number) cannot be read: \(error.reason)")
        }
    }

    /// A page as it stands in the file; nothing where it is not there.
    func bytes(_ run: Run, _ index: Int) throws(StoreError) -> [UInt8] {
        try query.withLock { query throws(StoreError) in
            defer { query.reset() }
            try query.bind([.integer(run.base + Int64(index))])
            return try query.step() ? query.blob(0) : []
        }
    }

    /// Brings everything into the file itself.
    func checkpoint() throws(StoreError) { try writer.checkpoint() }

    // MARK: Room

    /// Notes that runs count no longer; their pages go when no reader holds the runs.
    func retire(_ runs: [Run]) {
        retired.withLock { list in
            for run in runs { list.append(Retired(run: run, pages: run.pageIDs)) }
        }
    }

    /// Removes up to `limit` pages that nobody needs any more. Returns whether there were any.
    func removeRetired(limit: Int) throws(StoreError) -> Bool {
        let found = retired.withLock { list -> Range<Int64>? in
            list.removeAll { $0.pages.isEmpty }
            return list.first { $0.run == nil }?.pages
        }
        guard let pages = found else { return false }
        let part = pages.lowerBound..<min(pages.upperBound, pages.lowerBound + Int64(limit))
        try removePages(part)
        retired.withLock { list in
            guard let place = list.firstIndex(where: { $0.pages == pages }) else { return }
            list[place].pages = part.upperBound..<pages.upperBound
        }
        return true
    }

    /// Removes pages by id.
    func removePages(_ ids: Range<Int64>) throws(StoreError) {
        guard !ids.isEmpty else { return }
        let delete = try Statement(writer, "DELETE FROM page WHERE id >= ? AND id < ?")
        try delete.run(.integer(ids.lowerBound), .integer(ids.upperBound))
    }

    /// Gives up to `limit` free pages of the file back to the file system. Returns whether there were any.
    func shrink(limit: Int) throws(StoreError) -> Bool {
        let free = try Statement(writer, "PRAGMA freelist_count")
        let count = try free.step() ? free.integer(0) : 0
        free.reset()
        guard count > 0 else { return false }
        try writer.execute("PRAGMA incremental_vacuum(\(limit))")
        return true
    }
}
