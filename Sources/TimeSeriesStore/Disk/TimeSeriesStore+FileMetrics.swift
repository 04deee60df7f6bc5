import FleetModel
import MetricsWire

extension TimeSeriesStore {
    /// Writes metrics of the block files and of their upkeep.
    func writeFileMetrics(_ counters: StoreCounters, to page: inout TextExposition) {
        let (days, rollups) = state.withLock { ($0.days, $0.rollups) }
        let levels = [("raw", days, counters.droppedRaw), ("5m", rollups, counters.droppedRollups)]
        page.family("evenkeel_store_files", .gauge, help: "Block files, by the resolution of what they hold.")
        for (level, files, _) in levels { page.sample(Double(files.count), ["resolution": level]) }
        page.family("evenkeel_store_file_bytes", .gauge, help: "Bytes of the block files.")
        for (level, files, _) in levels {
            page.sample(Double(files.reduce(0) { $0 + $1.file.bytes }), ["resolution": level])
        }
        page.family("evenkeel_store_dropped_files_total", .counter, help: "Block files that retention removed.")
        for (level, _, dropped) in levels { page.sample(Double(dropped), ["resolution": level]) }
        writeUpkeep(counters, to: &page)
    }

    private func writeUpkeep(_ counters: StoreCounters, to page: inout TextExposition) {
        let rows: [(name: String, help: String, value: Int)] = [
            ("merges", "Times that runs of a block file became one.", counters.merges),
            ("merged_samples", "Samples that went through merges.", counters.mergedSamples),
            ("day_rollups", "Times that a day was rolled up, or what came late of it.", counters.rolledDays),
            ("rollup_buckets", "Buckets of five minutes that were made and stored.", counters.rollupBuckets),
            ("upkeep_failures", "Merges and rollups that failed and are tried again.", counters.upkeepFailures),
            ("damaged_pages", "Pages that a merge or a rollup could not read.", counters.damagedPages),
        ]
        for row in rows {
            page.single("evenkeel_store_\(row.name)_total", .counter, help: row.help, Double(row.value))
        }
    }
}
