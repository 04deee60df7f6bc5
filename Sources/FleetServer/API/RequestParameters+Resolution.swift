import FleetModel

extension RequestParameters {
    /// `max_source_resolution`, as Thanos has it: the coarsest resolution that the caller accepts. `5m` and more, or
    /// `auto`, for buckets of five minutes wherever they serve; less, or `raw`, for samples alone; without it buckets
    /// serve only where samples are no longer kept and the answer is the same.
    func sourceResolution() throws -> SourceResolution {
        guard let text = self["max_source_resolution"], !text.isEmpty else { return .samplesWhereKept }
        switch text {
        case "auto": return .buckets
        case "raw", "0", "0s": return .samples
        default:
            let accepted = try span("max_source_resolution") ?? .zero
            return accepted.milliseconds >= BucketColumns.width ? .buckets : .samples
        }
    }
}
