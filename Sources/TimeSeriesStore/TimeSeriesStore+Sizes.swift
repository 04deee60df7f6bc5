import FleetModel

/// What a metric takes on disk.
public struct MetricSize: Codable, Hashable, Sendable {
    /// The metric's name; "(times and directory)" for what its pages need besides values.
    public var metric: String
    /// How many samples it has in block files.
    public var samples: Int
    /// How many bytes their values take.
    public var bytes: Int

    /// A metric with what it takes.
    public init(metric: String, samples: Int, bytes: Int) {
        self.metric = metric
        self.samples = samples
        self.bytes = bytes
    }
}

extension TimeSeriesStore {
    /// The name under which times, directories and headers of pages are counted.
    public static let pageOverhead = "(times and directory)"

    /// What each metric takes in block files, the largest first. Reads every page: for measurements, not for every day.
    /// Throws when a page cannot be read.
    public func sizesByMetric() throws -> [MetricSize] {
        let (days, names) = try state.withLock { state throws(StoreError) in
            if state.isClosed { throw StoreError.shuttingDown }
            let symbols = state.seriesByOrdinal.map { series in
                series == SeriesIndex.none ? SeriesIndex.none : state.index.home(of: series).metric
            }
            var names: [UInt32: String] = [:]
            for symbol in Set(symbols) where symbol != SeriesIndex.none { names[symbol] = state.index.text(of: symbol) }
            return (state.days, symbols.map { names[$0] ?? "" })
        }
        var sizes: [String: MetricSize] = [:]
        var overhead = 0
        for day in days {
            for run in day.runs {
                for index in run.pageFirsts.indices {
                    let page = try day.file.page(run, index)
                    overhead += page.storedBytes
                    page.eachSize { ordinal, samples, bytes in
                        let name = Int(ordinal) < names.count ? names[Int(ordinal)] : ""
                        sizes[name, default: MetricSize(metric: name, samples: 0, bytes: 0)].samples += samples
                        sizes[name, default: MetricSize(metric: name, samples: 0, bytes: 0)].bytes += bytes
                        overhead -= bytes
                    }
                }
            }
        }
        let samples = sizes.values.reduce(0) { $0 + $1.samples }
        let all = sizes.values + [MetricSize(metric: Self.pageOverhead, samples: samples, bytes: overhead)]
        return all.sorted { ($0.bytes, $1.metric) > ($1.bytes, $0.metric) }
    }
}
