import ConfigurationFile
import FleetModel
import PromQL
import TimeSeriesStore

extension ServerConfiguration {
    /// What a sample takes in the memory of a query: its time and its value.
    private static let bytesOfSample: Int64 = 16

    /// Reads what senders may send, and what series and queries may take.
    mutating func readStoreLimits(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
        store.maximumSeries = try count(&reader, "series_limit", 1...100_000_000) ?? store.maximumSeries
        store.maximumSeriesPerHost = try count(&reader, "series_limit_per_host", 1...100_000_000)
        store.maximumLabels = try count(&reader, "label_limit", 1...10_000) ?? store.maximumLabels
        store.maximumNameBytes = try count(&reader, "label_name_limit", 1...65_536) ?? store.maximumNameBytes
        store.maximumValueBytes = try count(&reader, "label_value_limit", 1...1_048_576) ?? store.maximumValueBytes
        store.maximumRequestBytes = try size(&reader, "write_limit", 64 << 10...1 << 30) ?? store.maximumRequestBytes
        store.maximumHeadBytes = try size(&reader, "memory_limit", 64 << 20...1 << 46) ?? store.maximumHeadBytes
        store.maximumSelectedSeries =
            try count(&reader, "query_max_series", 1...100_000_000) ?? store.maximumSelectedSeries
        if let memory = try size(&reader, "query_memory_limit", 1 << 20...1 << 46) {
            queries.sampleLimit = min(queries.sampleLimit, memory / Int(Self.bytesOfSample))
        }
        if let limit = store.maximumSeriesPerHost, limit > store.maximumSeries {
            throw reader.problem("series_limit_per_host", "it is above series_limit, \(store.maximumSeries)")
        }
    }

    private func count(
        _ reader: inout ConfigurationReader, _ key: String, _ range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int? {
        try reader.value(key) { text in
            guard let count = Int(text), range.contains(count) else {
                return .problem("'\(text)' is not a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return .value(count)
        }
    }

    private func size(
        _ reader: inout ConfigurationReader, _ key: String, _ range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int? {
        try reader.value(key) { text in
            guard let size = Bytes(parsing: text), range.contains(Int(size.count)) else {
                let (least, most) = (Bytes(Int64(range.lowerBound)), Bytes(Int64(range.upperBound)))
                return .problem("'\(text)' is not a size from \(least) to \(most)")
            }
            return .value(Int(size.count))
        }
    }
}
