import FleetModel

/// Taking samples out.
extension Upkeep {
    /// Takes the samples of a filter out of every block file, durably, one run after the other, and gives the room back:
    /// samples first, then the buckets that they were in. Buckets that keep some of their samples are made anew, where
    /// the samples are there; otherwise they go. Returns how many samples went. When it throws some runs are done and
    /// others are not; it can be repeated.
    func rewrite(dropping filter: SampleFilter) throws(StoreError) -> Int {
        abandon()
        let gone = try rewrite(state.withLock { $0.days }, dropping: filter)
        _ = try rewrite(state.withLock { $0.rollups }, dropping: filter.ofRollups)
        try rollEdges(of: filter)
        for stored in state.withLock({ $0.days + $0.rollups }) {
            while try stored.file.removeRetired(limit: Self.pagesOfStep) { try stored.file.checkpoint() }
            while try stored.file.shrink(limit: Self.pagesOfStep) { try stored.file.checkpoint() }
        }
        return gone
    }

    private func rewrite(_ files: [StoredDay], dropping filter: SampleFilter) throws(StoreError) -> Int {
        var gone = 0
        for stored in files {
            for run in stored.runs where try stored.file.touches(run, filter) {
                var rewrite = try RunRewrite(stored.file, [run], dropping: filter)
                try complete(&rewrite)
                gone += rewrite.sourceSamples - rewrite.samples
            }
        }
        return gone
    }

    private func complete(_ rewrite: inout RunRewrite) throws(StoreError) {
        do throws(StoreError) {
            while true {
                if case .finished(let run) = try rewrite.step(pages: Self.pagesOfStep) {
                    finish(rewrite, run)
                    settle(rewrite.file)
                    return
                }
                try rewrite.file.checkpoint()
            }
        } catch {
            try? rewrite.abandon()
            throw error
        }
    }
}
