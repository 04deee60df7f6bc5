import FleetModel
import Logging

extension StoreBenchmark {
    /// What keeping the block files in order takes, once their days are over.
    public struct UpkeepReport: Codable, Sendable {
        /// CPU seconds for a million samples that are merged into one run a day.
        public var cpuSecondsPerMillionMerged: Double
        /// CPU seconds for a million samples that are rolled up.
        public var cpuSecondsPerMillionRolledUp: Double
        /// Bytes of the raw files for each sample, merged.
        public var mergedBytesPerSample: Double
        /// Bytes of the files of rollups for each sample that went in.
        public var rollupBytesPerSample: Double
    }

    /// Merges what was written, and then rolls it up, as happens to days that are over.
    func upkeep(of samples: Int, clock: any Clock, logger: Logger) async throws -> UpkeepReport {
        var options = StoreOptions()
        options.rollupRetention = .zero
        let (merging, raw, _) = try await maintain(options, clock, logger)
        let (rolling, _, rollups) = try await maintain(StoreOptions(), clock, logger)
        let count = Double(max(samples, 1))
        return UpkeepReport(
            cpuSecondsPerMillionMerged: merging / count * 1e6, cpuSecondsPerMillionRolledUp: rolling / count * 1e6,
            mergedBytesPerSample: Double(raw) / count, rollupBytesPerSample: Double(rollups) / count)
    }

    private func maintain(
        _ options: StoreOptions, _ clock: any Clock, _ logger: Logger
    ) async throws -> (cpuSeconds: Double, rawBytes: Int64, rollupBytes: Int64) {
        let later = LaterClock(clock: clock)
        let store = try TimeSeriesStore(directory: directory, options: options, clock: later, logger: logger)
        let began = Self.cpuSeconds()
        await store.maintain()
        let seconds = Self.cpuSeconds() - began
        let (raw, rollups) = store.state.withLock { ($0.days, $0.rollups) }
        let bytes = [raw, rollups].map { files in files.reduce(Int64(0)) { $0 + $1.file.bytes } }
        try await store.close()
        return (seconds, bytes[0], bytes[1])
    }
}

/// A clock that is two days ahead, when the days of the load are over.
private struct LaterClock: Clock {
    let clock: any Clock

    var now: Timestamp { clock.now + .seconds(2 * 86_400) }

    func sleep(until moment: Timestamp) async throws { try await clock.sleep(until: moment) }
}
