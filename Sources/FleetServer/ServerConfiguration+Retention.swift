import ConfigurationFile
import FleetModel
import TimeSeriesStore

extension ServerConfiguration {
    private static let longest = 100 * 365 * 86_400.0

    /// Reads how long and how much of samples and rollups is kept.
    mutating func readRetention(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
        if let retention = try reader.value("raw_retention", { Self.retention($0, orNone: false) }) {
            store.rawRetention = retention
        }
        store.rawSizeLimit = try reader.value("raw_size_limit", Self.size)
        if let retention = try reader.value("rollup_retention", { Self.retention($0, orNone: true) }) {
            store.rollupRetention = retention
        }
        store.rollupSizeLimit = try reader.value("rollup_size_limit", Self.size)
        if store.rollupRetention > .zero, store.rollupRetention < store.rawRetention {
            throw reader.problem(
                "rollup_retention",
                "rollups must be kept at least as long as samples (raw_retention); write a longer span, or 0 for none")
        }
        if store.rollupRetention == .zero, store.rollupSizeLimit != nil {
            throw reader.problem("rollup_size_limit", "there are no rollups to limit, since rollup_retention is 0")
        }
    }

    private static func retention(_ text: String, orNone: Bool) -> ConfigurationReader.Parsed<Duration> {
        let seconds = text == "0" ? 0 : PrometheusDuration.seconds(text) ?? -1
        if orNone, seconds == 0 { return .value(.zero) }
        guard (86_400...longest).contains(seconds) else {
            return .problem("'\(text)' is not a span from 1d to 100y, such as 31d or 2y")
        }
        return .value(.milliseconds(Int64(seconds) * 1000))
    }
}
