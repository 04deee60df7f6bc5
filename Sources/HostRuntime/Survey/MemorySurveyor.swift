import CLinux
import FleetModel
import Glibc

/// Looks at a sample of a guest's pages several times and says how many changed: how fast the guest writes, over the
/// spans that count for a migration.
///
/// The pages are read out of the process (process_vm_readv(2)), so neither guest nor QEMU takes part in it; a page that
/// was written to with what it held is not counted, and a migration would send it. QEMU's own way (`calc-dirty-rate`)
/// knows one span, whole seconds, and in one of its modes ends QEMU under TCG.
struct MemorySurveyor: Sendable {
    /// The spans after which is looked again.
    static let spans: [Duration] = [.milliseconds(50), .milliseconds(150), .milliseconds(500), .milliseconds(1500)]
    /// How many pages are looked at: with so many, a share of 5 % comes out right within a tenth two times in three.
    static let pages = 2048
    static let pageSize = 4096
    /// For how many parts of memory the share of zeros is told.
    static let parts = 16
    /// How many pages are read by one call (IOV_MAX).
    private static let pagesPerCall = 1024

    /// The process.
    let process: Int32
    /// The size of its guest's memory.
    let memory: Bytes

    /// What a survey leaves for the next: comparing with it shows what changes over minutes, for nothing.
    struct Trace: Sendable {
        /// When.
        var time: ContinuousClock.Instant
        /// The pages that were looked at, by their addresses in the process.
        var places: [UInt64]
        /// A hash of what each held.
        var hashes: [UInt64]
    }

    /// Takes about as long as the longest span; `nil` where the memory cannot be read. Where the survey before left a
    /// trace, the same pages are looked at, and how many changed since then is the last of the changes.
    func survey(
        at time: Timestamp, after earlier: Trace?, using generator: inout some RandomNumberGenerator
    ) async throws -> (survey: MemorySurvey, trace: Trace)? {
        guard let map = SmallFile.read("/proc/\(process)/maps"),
            let range = GuestMemoryMap.range(of: memory, in: map)
        else { return nil }
        let known = earlier.flatMap { $0.places.allSatisfy(range.contains) ? $0 : nil }
        let places = known?.places ?? places(in: range, using: &generator)
        guard !places.isEmpty, let before = read(places) else { return nil }
        let begin = ContinuousClock.now
        let trace = Trace(time: begin, places: places, hashes: before.hashes)
        let zeros = before.zeros
        let part = UInt64(memory.count) / UInt64(Self.parts)
        let shares = (0..<UInt64(Self.parts)).map { number -> Double in
            let (from, to) = (range.lowerBound + number * part, range.lowerBound + (number + 1) * part)
            let inside = places.indices.filter { places[$0] >= from && places[$0] < to }
            return inside.isEmpty ? 0 : Double(inside.count { zeros[$0] }) / Double(inside.count)
        }
        var changes: [MemorySurvey.Change] = []
        for span in Self.spans {
            try await ContinuousClock().sleep(until: begin + span)
            let elapsed = ContinuousClock.now - begin
            guard let now = read(places) else { return nil }
            changes.append(
                .init(
                    milliseconds: max(1, Int(elapsed.inSeconds * 1000)),
                    share: Double(before.equals(to: now).count { !$0 }) / Double(places.count)))
        }
        if let known, begin - known.time > Self.spans[Self.spans.count - 1] {
            changes.append(
                .init(
                    milliseconds: Int((begin - known.time).inSeconds * 1000),
                    share: Double(zip(known.hashes, trace.hashes).count { $0 != $1 }) / Double(places.count)))
        }
        return (MemorySurvey(time: time, pages: places.count, zeroShares: shares, changes: changes), trace)
    }

    /// Pages to look at: one out of each of as many equal parts of the memory, so that every region is seen by its share.
    private func places(in range: Range<UInt64>, using generator: inout some RandomNumberGenerator) -> [UInt64] {
        let all = UInt64(memory.count) / UInt64(Self.pageSize)
        let wanted = min(UInt64(Self.pages), all)
        return (0..<wanted).map { number in
            let (from, to) = (number * all / wanted, (number + 1) * all / wanted)
            return range.lowerBound + UInt64.random(in: from..<to, using: &generator) * UInt64(Self.pageSize)
        }
    }

    private func read(_ places: [UInt64]) -> PageCopies? {
        var copies = PageCopies(count: places.count)
        for start in stride(from: 0, to: places.count, by: Self.pagesPerCall) {
            let part = places[start..<min(start + Self.pagesPerCall, places.count)]
            guard copies.fill(from: process, part, at: start) else { return nil }
        }
        return copies
    }
}

/// Copies of pages, one after the other.
private struct PageCopies {
    private var bytes: [UInt8]

    init(count: Int) { bytes = [UInt8](repeating: 0, count: count * MemorySurveyor.pageSize) }

    /// Reads pages of a process into the places from `first` on; false where not all of them can be read.
    mutating func fill(from process: Int32, _ places: ArraySlice<UInt64>, at first: Int) -> Bool {
        let wanted = places.count * MemorySurveyor.pageSize
        let start = first * MemorySurveyor.pageSize
        guard start + wanted <= bytes.count else { return false }
        let read = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe places.withUnsafeBufferPointer { places in
                guard let into = buffer.baseAddress else { return 0 }
                return unsafe linux_read_memory(
                    process, places.baseAddress, places.count, MemorySurveyor.pageSize, into + start)
            }
        }
        return read == wanted
    }

    /// Which pages hold nothing but zeros.
    var zeros: [Bool] { PageCopies(count: bytes.count / MemorySurveyor.pageSize).equals(to: self) }

    /// A number for what each page holds: 64-bit words, each mixed in by a multiplication (as in FNV-1a, by words).
    var hashes: [UInt64] {
        unsafe bytes.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: MemorySurveyor.pageSize).map { start in
                var hash: UInt64 = 0xcbf2_9ce4_8422_2325
                for place in stride(from: start, to: start + MemorySurveyor.pageSize, by: 8) {
                    let word = unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                    hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
                    hash ^= hash >> 29
                }
                return hash
            }
        }
    }

    /// Which pages are what they are in `other`, which has as many.
    func equals(to other: PageCopies) -> [Bool] {
        unsafe bytes.withUnsafeBufferPointer { mine in
            unsafe other.bytes.withUnsafeBufferPointer { theirs in
                guard let mine = mine.baseAddress, let theirs = theirs.baseAddress else { return [] }
                return stride(from: 0, to: min(bytes.count, other.bytes.count), by: MemorySurveyor.pageSize).map {
                    unsafe memcmp(mine + $0, theirs + $0, MemorySurveyor.pageSize) == 0
                }
            }
        }
    }
}
