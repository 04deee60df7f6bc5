import FleetModel
import Logging
import MetricsWire

/// Bringing the state back when a store is opened: series from the catalogue, runs from the block files.
extension StoreState {
    /// How many runs are read for the newest time of each series.
    private static let recentRuns = 12
    /// How many pages of them: a merged run may be a whole day's.
    private static let recentPages = 3000

    /// Takes over the series of the catalogue, numbered as on disk.
    mutating func takeSeries(_ identities: [[UInt8]]) throws(StoreError) {
        for (ordinal, identity) in identities.enumerated() {
            let series = index.add(try Self.labels(identity), identity: unsafe identity.span.bytes)
            guard series == UInt32(ordinal) else {
                throw .damaged(path: "catalogue.db", reason: "series \(ordinal) is there twice")
            }
            seriesByOrdinal.append(series)
        }
        extend()
        for series in seriesByOrdinal { ordinals[Int(series)] = series }
    }

    private static func labels(_ identity: [UInt8]) throws(StoreError) -> Labels {
        let span = unsafe identity.span.bytes
        var pairs: [Labels.Pair] = []
        var offset = 0
        do throws(WireError) {
            while let field = try RemoteWriteDecoder.nextField(span, at: &offset, before: identity.count) {
                guard case .label(let name, let value) = field else { continue }
                pairs.append(
                    Labels.Pair(
                        String(decoding: identity[name], as: UTF8.self),
                        String(decoding: identity[value], as: UTF8.self)))
            }
        } catch {
            throw .damaged(path: "catalogue.db", reason: error.description)
        }
        return Labels(sortedUnchecked: pairs)
    }

    /// Opens the block files of a folder, rollups too. One that cannot be read is set aside and reported; the others are used.
    mutating func openDays(
        _ folder: DiskFolder, committed: Int64, options: StoreOptions, logger: Logger
    ) throws(StoreError) {
        let names = try folder.list().compactMap { BlockName(fileName: $0) }
        for name in names.sorted(by: { $0.number < $1.number }) {
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
                guard case .damaged = error else { throw error }
                let damaged = name.fileName + ".damaged"
                try folder.rename(name.fileName, to: damaged)
                logger.error("\(error); it is set aside as \(damaged), and its samples are missing")
            }
        }
    }

    /// Learns the newest time of each series from the newest runs. Series that are not in them stay unknown, which only
    /// means that a late sample of theirs is not recognised as late.
    mutating func learnNewest(logger: Logger) {
        let runs = days.flatMap { day in day.runs.map { (day.file, $0) } }
        var unknown = seriesByOrdinal.count
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
                        guard Int(ordinal) < newest.count else { return }
                        if newest[Int(ordinal)] == .min { unknown -= 1 }
                        newest[Int(ordinal)] = max(newest[Int(ordinal)], time)
                    }
                } catch {
                    logger.error("\(error); its samples are missing")
                }
            }
        }
    }
}
