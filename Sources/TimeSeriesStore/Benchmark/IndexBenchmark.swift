import FleetModel
import Logging
import MetricsWire

#if canImport(Glibc)
    import Glibc
#endif

/// Measures the index by itself: what it costs to add very many series, and to find some of them.
public struct IndexBenchmark: Sendable {
    /// What was measured.
    public struct Report: Codable, Sendable {
        /// One selection.
        public struct Row: Codable, Sendable {
            /// What was asked for.
            public var selector: String
            /// How many series it found.
            public var found: Int
            /// CPU time of one selection, its result sorted.
            public var cpuMilliseconds: Double
        }

        /// How many series there are.
        public var series: Int
        /// CPU microseconds for each series added, one sample and its log record included.
        public var addMicroseconds: Double
        /// Bytes of memory for each series, as the store counts them.
        public var bytesPerSeries: Int
        /// Seconds to open a store that has them.
        public var openSeconds: Double
        /// The selections.
        public var selections: [Row]
    }

    private static let machinesOfHost = 100
    private static let metrics = ["vm_run", "vm_wait", "vm_memory", "vm_disk_read", "vm_disk_written"]

    private let count: Int
    private let directory: String

    /// `series` series in an empty folder.
    public init(series: Int, directory: String) {
        count = max(series, 1)
        self.directory = directory
    }

    /// Adds the series, opens the store again and selects.
    public func run(clock: any Clock = WallClock(), logger: Logger) async throws -> Report {
        let now = clock.now.milliseconds
        let adding = try await add(at: now - 60_000, clock: clock, logger: logger)
        let opened = clock.now
        let store = try TimeSeriesStore(directory: directory, clock: clock, logger: logger)
        let openSeconds = (clock.now - opened).inSeconds
        let memory = store.state.withLock { $0.index.memory }
        // The first selection puts all series in order; later ones find them so.
        _ = try store.select([LabelMatcher("host", .equal, "host-0")], from: 0, through: now)
        let rows = try Self.selectors.map { try measure($0, in: store, through: now) }
        try await store.close()
        return Report(
            series: count, addMicroseconds: adding / Double(count) * 1e6, bytesPerSeries: memory / count,
            openSeconds: openSeconds, selections: rows)
    }

    private func add(at time: Int64, clock: any Clock, logger: Logger) async throws -> Double {
        let store = try TimeSeriesStore(directory: directory, clock: clock, logger: logger)
        var spent = 0.0
        var first = 0
        while first < count {
            let end = min(first + 5000, count)
            let series = (first..<end).map { number in
                SeriesSamples(labels: Self.labels(number), samples: SampleColumns(times: [time], values: [1]))
            }
            let request = RemoteWriteEncoder.encode(series)
            let before = Self.cpuSeconds()
            try await store.write(remoteWrite: request)
            spent += Self.cpuSeconds() - before
            first = end
        }
        try await store.close()
        return spent
    }

    private static func labels(_ number: Int) -> Labels {
        let machine = number / metrics.count
        let host = machine / machinesOfHost
        return Labels([
            "__name__": metrics[number % metrics.count], "cluster": "c\(host / 50)", "host": "host-\(host)",
            "vm": "vm-\(machine)", "name": "db-\(machine % machinesOfHost)",
        ])
    }

    private static let selectors: [(text: String, matchers: [LabelMatcher])] = [
        ("{vm=\"vm-77\"}", [LabelMatcher("vm", .equal, "vm-77")]),
        (
            "vm_run{host=\"host-3\"}",
            [LabelMatcher("__name__", .equal, "vm_run"), LabelMatcher("host", .equal, "host-3")]
        ),
        (
            "vm_run{host=~\"host-1|host-2|host-9\"}",
            [LabelMatcher("__name__", .equal, "vm_run"), LabelMatcher("host", .matches, "host-1|host-2|host-9")]
        ),
        (
            "vm_run{vm=~\"vm-12.*\"}",
            [LabelMatcher("__name__", .equal, "vm_run"), LabelMatcher("vm", .matches, "vm-12.*")]
        ),
        (
            "vm_run{vm=~\".*-[0-9]*77\"}",
            [LabelMatcher("__name__", .equal, "vm_run"), LabelMatcher("vm", .matches, ".*-[0-9]*77")]
        ),
        (
            "vm_run{host=\"host-3\",name!~\"db-1.*\"}",
            [
                LabelMatcher("__name__", .equal, "vm_run"), LabelMatcher("host", .equal, "host-3"),
                LabelMatcher("name", .doesNotMatch, "db-1.*"),
            ]
        ),
        ("vm_run", [LabelMatcher("__name__", .equal, "vm_run")]),
    ]

    private func measure(
        _ selector: (text: String, matchers: [LabelMatcher]), in store: TimeSeriesStore, through end: Int64
    ) throws -> Report.Row {
        let repeats = 5
        var found = 0
        let before = Self.cpuSeconds()
        for _ in 0..<repeats { found = try store.select(selector.matchers, from: 0, through: end).count }
        let spent = (Self.cpuSeconds() - before) / Double(repeats)
        return Report.Row(selector: selector.text, found: found, cpuMilliseconds: spent * 1e3)
    }

    private static func cpuSeconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
