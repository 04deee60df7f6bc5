import Synchronization

/// What one flush, or one merge, wrote into one block file: pages in order of their series.
final class Run: Sendable {
    private static let counter = Atomic<UInt64>(0)

    /// Unlike any other run's in this process, also of another file.
    let identity: UInt64
    /// Counts up from flush to flush. A merged run has the number of the newest run in it.
    let number: Int64
    /// The id of its first page in the file; the others follow one by one.
    let base: Int64
    /// How often its samples were merged: 0 straight from a flush.
    let level: Int
    /// The times of its oldest and newest sample.
    let span: ClosedRange<Int64>
    /// How many samples it has.
    let samples: Int
    /// The series that each page begins with.
    let pageFirsts: [UInt32]

    init(number: Int64, base: Int64, level: Int, span: ClosedRange<Int64>, samples: Int, pageFirsts: [UInt32]) {
        identity = Self.counter.add(1, ordering: .relaxed).newValue
        self.number = number
        self.base = base
        self.level = level
        self.span = span
        self.samples = samples
        self.pageFirsts = pageFirsts
    }

    /// The ids of its pages.
    var pageIDs: Range<Int64> { base..<base + Int64(pageFirsts.count) }

    /// The pages that may hold a series.
    func pages(of ordinal: UInt32) -> Range<Int> {
        var low = 0
        var high = pageFirsts.count
        while low < high {
            let middle = (low + high) / 2
            if pageFirsts[middle] < ordinal { low = middle + 1 } else { high = middle }
        }
        var end = low
        while end < pageFirsts.count, pageFirsts[end] == ordinal { end += 1 }
        return max(low - 1, 0)..<end
    }

    /// The list of pages as it stands in the file: four bytes each, little-endian.
    var packedPageFirsts: [UInt8] {
        pageFirsts.flatMap { first in (0..<4).map { UInt8(truncatingIfNeeded: first >> ($0 * 8)) } }
    }

    /// Reads a list of pages.
    static func unpack(_ bytes: [UInt8]) -> [UInt32] {
        stride(from: 0, to: bytes.count - 3, by: 4).map { place in
            (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << ($1 * 8) }
        }
    }
}
