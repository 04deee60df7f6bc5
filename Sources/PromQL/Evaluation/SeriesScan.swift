import Dispatch
import FleetModel
import Foundation

/// Reads the series of a set one after the other. Where they are many and long, blocks of them are read ahead on all
/// processors at once; what comes out, and in which order, is the same.
final class SeriesScan {
    /// One processor's part of a block.
    fileprivate struct Share: Sendable {
        var columns: [SampleColumns] = []
        /// Why reading ended, and at which place of the share.
        var failure: (place: Int, error: any Error)?
    }

    /// So many series are read before it is known whether they are long.
    private static let firstOnes = 16
    /// Series of fewer samples cost less to read than handing them to another processor does.
    private static let longSeries = 64
    /// A block holds about so many samples: 4 MiB.
    private static let blockSamples = 1 << 18
    private static let longestShare = 64

    private let source: any SeriesSet
    /// None where one processor reads everything.
    private var shares: [Locked<Share>]
    /// How many series each share of the block has.
    private var perShare = 0
    private var block = 0..<0
    /// How many samples were read so far.
    private var samples = 0

    /// Asked for once: it reads the control group's files.
    private static let processors = ProcessInfo.processInfo.activeProcessorCount

    /// A scan of `set` on so many processors.
    init(_ set: any SeriesSet, processors: Int? = nil) {
        source = set
        let count = set.count > Self.firstOnes ? max(1, min(processors ?? Self.processors, 16)) : 1
        shares = count > 1 ? (0..<count).map { _ in Locked(Share()) } : []
    }

    /// How many series.
    var count: Int { source.count }

    /// The labels of a series.
    func labels(at index: Int) -> Labels { source.labels(at: index) }

    /// Replaces `columns` with the samples of a series; each index once, ascending.
    func read(_ index: Int, into columns: inout SampleColumns) throws {
        if !block.contains(index), isWorthSharing(index) { readAhead(from: index) }
        if block.contains(index) {
            let (share, place) = (index - block.lowerBound).quotientAndRemainder(dividingBy: perShare)
            try shares[share].withLock { share in
                if let failure = share.failure, failure.place == place { throw failure.error }
                swap(&columns, &share.columns[place])
            }
        } else {
            try source.read(index, into: &columns)
        }
        samples += columns.count
    }

    private func isWorthSharing(_ index: Int) -> Bool {
        shares.count > 1 && index >= Self.firstOnes && samples >= index * Self.longSeries
    }

    private func readAhead(from first: Int) {
        let average = max(1, samples / max(1, first))
        let wanted = max(1, min(Self.longestShare, Self.blockSamples / average / shares.count))
        let last = min(source.count, first + wanted * shares.count)
        perShare = (last - first + shares.count - 1) / shares.count
        block = first..<last
        let (set, shares, perShare) = (source, shares, perShare)
        DispatchQueue.concurrentPerform(iterations: shares.count) { number in
            let start = first + number * perShare
            guard start < last else { return }
            shares[number].withLock { $0.read(start..<min(last, start + perShare), of: set) }
        }
    }
}

extension SeriesScan.Share {
    fileprivate mutating func read(_ part: Range<Int>, of set: any SeriesSet) {
        failure = nil
        while columns.count < part.count { columns.append(SampleColumns()) }
        for (place, index) in part.enumerated() {
            do {
                try set.read(index, into: &columns[place])
            } catch {
                failure = (place, error)
                return
            }
        }
    }
}
