import FleetModel
import FoundationEssentials
import Logging

/// After a clock that was ahead: what it wrote must neither keep out what comes now nor be taken for what happens once
/// that time has come.
extension Flusher {
    /// Sets samples aside that a clock which was ahead for a short time wrote. Others that lie ahead stay, since the clock
    /// may be behind now, and are told of. Either way their series go on with what comes now.
    func settleAhead() throws(StoreError) {
        // What an earlier flush could not write comes first.
        try flush()
        try flush()
        let now = clock.now.milliseconds
        let bounds = TimeBounds(options, received: now)
        let found = try AheadSamples(in: state.withLock { $0.days }, bounds: bounds, now: now)
        if let span = found.span {
            let times = [span.lowerBound, span.upperBound].map(SetAside.text)
            let what =
                "\(found.count) samples of \(found.ordinals.count) series from \(times.joined(separator: " to "))"
            if found.isIsland {
                let name = try setAside(found, span)
                _ = try upkeep.rewrite(dropping: SampleFilter(ordinals: found.ordinals, span: span))
                logger.error(
                    "the server's clock was ahead: \(what) lie in its future and are set aside in \(SetAside(folder: folder).path(name))"
                )
            } else {
                state.withLock { $0.aheadNote = AheadNote(text: what, end: span.upperBound) }
                logger.error(
                    "\(what) lie in the future of the server's clock, and stay: the clock is behind now, or was ahead then"
                )
            }
        }
        state.withLock { $0.goOn(before: bounds.ahead) }
        guard found.isIsland else { return }
        // The search under way may have seen what is gone now.
        for ordinal in found.ordinals { rolledEnds[ordinal] = nil }
        search = nil
        upkeep.hasDropped = true
        upkeepSoon()
    }

    /// Writes them into a folder of their own, durably, and returns its name. A replay of it takes them as they were
    /// taken first.
    private func setAside(_ found: AheadSamples, _ span: ClosedRange<Int64>) throws(StoreError) -> String {
        let aside = SetAside(folder: folder)
        let target = try aside.begin()
        var log = WriteAheadLog(folder: target, next: 1, synchronous: options.synchronous)
        try found.eachRequest { ordinal in
            state.withLock { state in
                let series = state.seriesByOrdinal[Int(ordinal)]
                return series == SeriesIndex.none ? nil : state.index.labels(of: series)
            }
        } _: { request throws(StoreError) in
            log.add(request, received: span.upperBound)
            try log.commit()
        }
        return try aside.finish(span)
    }
}

/// The folder with samples that were set aside, each time in a folder of its own: segments as of the log
/// (`WriteAheadLog`), named after the times of their samples.
struct SetAside {
    private static let name = "set-aside"
    private static let unfinished = "unfinished"

    /// The store's folder.
    let folder: String

    /// Where it is.
    func path(_ name: String) -> String { "\(folder)/\(Self.name)/\(name)" }

    /// `2026-11-23T15:04:05Z`, of milliseconds since the epoch.
    static func text(_ time: Int64) -> String {
        Date(timeIntervalSince1970: Timestamp(milliseconds: time).seconds.rounded(.down)).formatted(.iso8601)
    }

    /// What was set aside and is still there.
    var names: [String] {
        // Without the folder nothing was.
        let names = (try? DiskFolder(existing: folder + "/" + Self.name).list()) ?? []
        return names.filter { $0 != Self.unfinished }
    }

    /// A folder with nothing in it; one that a crash left is begun anew.
    func begin() throws(StoreError) -> DiskFolder {
        let target = try DiskFolder(making: "\(folder)/\(Self.name)/\(Self.unfinished)")
        for name in try target.list() { try target.remove(name) }
        return target
    }

    /// Gives it its name, one that is not taken.
    func finish(_ span: ClosedRange<Int64>) throws(StoreError) -> String {
        let parent = DiskFolder(existing: folder + "/" + Self.name)
        let taken = Set(try parent.list())
        let times = [span.lowerBound, span.upperBound].map { Self.text($0).filter { $0 != ":" } }
        let base = times.joined(separator: "-to-")
        var name = base
        var number = 2
        while taken.contains(name) {
            name = "\(base)-\(number)"
            number += 1
        }
        try parent.rename(Self.unfinished, to: name)
        try DiskFolder(existing: folder).syncFolder()
        return name
    }
}
