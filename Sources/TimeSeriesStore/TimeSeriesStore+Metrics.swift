import FleetModel
import MetricsWire

extension TimeSeriesStore {
    /// What the metrics page shows, taken at one moment.
    private struct Figures: Sendable {
        let counters: StoreCounters
        let series: Int
        let samples: Int
        let memory: Int
        let diskSamples: Int
        let runs: Int
    }

    /// Writes the store's own metrics.
    public func writeMetrics(to page: inout TextExposition) {
        let figures = figures()
        let (pagesRead, cacheMemory) = cache.figures
        page.single("evenkeel_store_series", .gauge, help: "Series that the index knows.", Double(figures.series))
        page.single("evenkeel_store_head_samples", .gauge, help: "Samples in memory.", Double(figures.samples))
        page.single(
            "evenkeel_store_block_samples", .gauge, help: "Samples in block files.", Double(figures.diskSamples))
        page.single("evenkeel_store_block_runs", .gauge, help: "Runs in block files.", Double(figures.runs))
        page.single(
            "evenkeel_store_memory_bytes", .gauge, help: "Memory of index, samples and page cache.",
            Double(figures.memory + cacheMemory))
        let condition = condition
        page.single(
            "evenkeel_store_damages", .gauge, help: "Damages that were found when the store was opened.",
            Double(condition.damages.count))
        page.single(
            "evenkeel_store_quarantined_files", .gauge, help: "Damaged files that were set aside and are still there.",
            Double(condition.quarantined.count))
        writeSamples(figures.counters.samples, to: &page)
        writeCounters(figures.counters, pagesRead: pagesRead, to: &page)
        writeFileMetrics(figures.counters, to: &page)
    }

    private func figures() -> Figures {
        state.withLock { state in
            let runs = state.days.flatMap(\.runs)
            return Figures(
                counters: state.counters, series: state.index.count,
                samples: state.head.sampleCount + (state.flushing?.sampleCount ?? 0),
                memory: state.index.memory + state.head.memory + (state.flushing?.memory ?? 0),
                diskSamples: runs.reduce(0) { $0 + $1.samples }, runs: runs.count)
        }
    }

    private func writeSamples(_ samples: WriteSummary, to page: inout TextExposition) {
        page.family("evenkeel_store_samples_total", .counter, help: "Samples written, by what became of them.")
        page.sample(Double(samples.stored), ["fate": "stored"])
        page.sample(Double(samples.duplicates), ["fate": "duplicate"])
        page.sample(Double(samples.conflicting), ["fate": "conflicting"])
        page.sample(Double(samples.tooOld), ["fate": "too_old"])
        page.sample(Double(samples.tooNew), ["fate": "too_new"])
    }

    private func writeCounters(_ counters: StoreCounters, pagesRead: Int, to page: inout TextExposition) {
        let rows: [(name: String, help: String, value: Int)] = [
            ("requests", "Writes that were read without error.", counters.requests),
            ("refused_requests", "Writes of which nothing was taken.", counters.refusedRequests),
            ("commits", "Syncs of the log.", counters.commits),
            ("log_bytes", "Bytes written to the log.", counters.logBytes),
            ("flushes", "Times that memory went to disk.", counters.flushes),
            ("flush_failures", "Times that memory could not go to disk.", counters.flushFailures),
            ("series_over_limit", "Series left out because a limit of series was reached.", counters.overLimit),
            ("forgotten_series", "Series whose last sample went.", counters.forgottenSeries),
            ("index_compactions", "Times that the index was made anew without forgotten series.", counters.compactions),
            ("deleted_samples", "Samples that were deleted because somebody asked.", counters.deletedSamples),
            ("pages_read", "Pages read from block files.", pagesRead),
        ]
        for row in rows {
            page.single("evenkeel_store_\(row.name)_total", .counter, help: row.help, Double(row.value))
        }
    }
}
