import FleetModel
import Logging

/// Removing files that are too old, or too many.
extension Upkeep {
    /// Removes the files whose samples are all beyond retention by age, and then the oldest ones of a level that takes
    /// more room than it may, but for its newest. A day of which memory has samples waits for them, so that its rollups
    /// have all of them, unless there is no room to write them.
    func dropOldFiles(isShortOfRoom: Bool = false) {
        guard !isHeld else { return }
        let memory = isShortOfRoom ? Int64.max : state.withLock { $0.oldestInMemory }
        let now = RetentionTime.trusted(clock.now.milliseconds, days: state.withLock { $0.days.map(\.file.day) })
        let oldestRaw = BlockFile.day(of: now - options.rawRetention.milliseconds)
        for day in state.withLock({ $0.days }) where day.file.day < oldestRaw && day.file.end <= memory {
            dropRaw(day, because: "is beyond retention")
        }
        for day in excess(state.withLock { $0.days }, limit: options.rawSizeLimit) where day.file.end <= memory {
            dropRaw(day, because: "is one too many for the limit of raw samples' size")
        }
        for file in state.withLock({ $0.rollups }) where file.file.name.days.upperBound < oldestRollup(now) {
            logger.info("\(file.file.path) is beyond retention and removed")
            drop(file)
        }
        for file in excess(state.withLock { $0.rollups }, limit: options.rollupSizeLimit) {
            logger.info("\(file.file.path) is one too many for the limit of rollups' size and removed")
            drop(file)
        }
    }

    /// The first day whose rollups are kept.
    func oldestRollup(_ now: Int64) -> Int64 { BlockFile.day(of: now - options.rollupRetention.milliseconds) }

    /// The oldest files that have to go for the others to keep to a limit.
    private func excess(_ files: [StoredDay], limit: Bytes?) -> [StoredDay] {
        guard let limit else { return [] }
        var total = files.reduce(Int64(0)) { $0 + $1.file.bytes }
        var result: [StoredDay] = []
        for file in files.dropLast() where total > limit.count {
            total -= file.file.bytes
            result.append(file)
        }
        return result
    }

    /// Removes a raw file; a day that is to have rollups gets them first.
    private func dropRaw(_ day: StoredDay, because reason: String) {
        do throws(StoreError) {
            try finishRolling(day)
        } catch {
            guard case .noSpace = error else {
                logger.warning("\(day.file.path) \(reason) and stays, since it cannot be rolled up: \(error)")
                return
            }
            logger.error("\(day.file.path) \(reason) and is removed without having been rolled up: \(error)")
        }
        logger.info("\(day.file.path) \(reason) and removed")
        drop(day)
    }
}
