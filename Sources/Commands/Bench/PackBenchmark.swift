import FleetModel
import Foundation
import Logging
import PromQL
import RulePacks
import TimeSeriesStore

/// What rule packs cost: a round of all of them over a fleet, and a backtest of one over weeks.
struct PackBenchmark {
    let packs: [RulePack]
    let logger: Logger
    private let clock = WallClock()

    init(packs: [RulePack], logger: Logger) {
        self.packs = packs
        self.logger = logger
    }

    /// A round: what evaluating a pack's groups takes when all are due at once, and how often they are.
    struct PackRow: Encodable {
        let pack: String
        let rules: Int
        /// CPU time of all its groups, in milliseconds.
        let cpuMilliseconds: Double
        /// The same shared out over rounds by how often each group is due.
        let meanCPUMilliseconds: Double
        let slowestRule: String
        let slowestMilliseconds: Double
    }

    /// Rounds of all packs.
    struct RoundReport: Encodable {
        let hosts: Int
        let machines: Int
        let series: Int
        let intervalSeconds: Double
        let packs: [PackRow]
        /// CPU time of a round on average, and of one in which everything is due, in milliseconds.
        let meanCPUMilliseconds: Double
        let fullCPUMilliseconds: Double
        /// Rules that failed, with their reasons.
        let failures: [String]
    }

    /// A backtest.
    struct BacktestReport: Encodable {
        let pack: String
        let hosts: Int
        let machines: Int
        let days: Int
        let samples: Int
        let seconds: Double
        let cpuSeconds: Double
        let extraMemoryMiB: Double?
        let tips: Int
        let failures: [String: String]
    }

    /// An empty store that does not wait for the disk: writing is not what is measured.
    private func makeStore(_ folder: String) throws -> TimeSeriesStore {
        var options = StoreOptions()
        options.maximumSeries = 20_000_000
        options.synchronous = false
        return try TimeSeriesStore(directory: folder, options: options, clock: clock, logger: logger)
    }

    // MARK: Rounds

    /// From one round to the next, as a server does by default.
    private static let interval = Duration.seconds(15)
    /// From one sample to the next.
    private static let step: Int64 = 10_000
    /// As much as the short rules look back on.
    private static let steps = 100

    /// Measures rounds over a fleet of `hosts` in a new store in `folder`.
    func rounds(hosts: Int, folder: String) async throws -> RoundReport {
        let store = try makeStore(folder)
        let end = clock.now
        try await writeWeek(hosts: hosts, until: end, to: store)
        var fleet = PackFleet(hosts: hosts)
        for step in 0..<Self.steps {
            let moment = end.milliseconds - Int64(Self.steps - 1 - step) * Self.step
            for request in fleet.requests(at: moment, seconds: Double(Self.step) / 1000) {
                try await store.write(remoteWrite: request)
            }
        }
        let report = try await measureRounds(EmbeddedEngine(source: store), store, hosts: hosts, at: end)
        try await store.close()
        return RoundReport(
            hosts: hosts, machines: hosts * PackFleet.machinesOfHost, series: fleet.seriesCount,
            intervalSeconds: Self.interval.inSeconds, packs: report.rows,
            meanCPUMilliseconds: report.rows.reduce(0) { $0 + $1.meanCPUMilliseconds },
            fullCPUMilliseconds: report.cpuMilliseconds, failures: report.failures)
    }

    /// What the rules of a week's quarters would have recorded.
    private func writeWeek(hosts: Int, until end: Timestamp, to store: TimeSeriesStore) async throws {
        let quarter: Int64 = 900_000
        let recorded = [
            ("vm_rightsizing:processors_used:avg15m", 1.0), ("vm_rightsizing:memory_used_bytes:max15m", 2e9),
        ]
        for host in 0..<hosts {
            var series: [SeriesSamples] = []
            for machine in 0..<PackFleet.machinesOfHost {
                for (metric, size) in recorded {
                    let labels = Labels([
                        Labels.metricName: metric, "cluster": PackFleet.cluster(ofHost: host),
                        "vm": "\(host)-\(machine)", "name": "vm-\(host)-\(machine)",
                    ])
                    var columns = SampleColumns()
                    for step in (1...672).reversed() {
                        let wave = 1 + Double((step * 7 + host * 13 + machine * 29) % 97) / 97
                        columns.append(end.milliseconds - Int64(step) * quarter, wave * size)
                    }
                    series.append(SeriesSamples(labels: labels, samples: columns))
                }
            }
            try await store.append(series)
        }
    }

    /// Two rounds in which everything is due: the first finds cold pages and new series, the second counts.
    private func measureRounds(
        _ engine: EmbeddedEngine, _ store: TimeSeriesStore, hosts: Int, at end: Timestamp
    ) async throws -> (rows: [PackRow], cpuMilliseconds: Double, failures: [String]) {
        var options = RuleEngineOptions()
        options.interval = Self.interval
        // So a rule's time is the CPU time of the process, of whatever threads it was spent on.
        options.stopwatch = { .seconds(MemoryPeak.cpuSeconds) }
        let clusters = Self.clusters(hosts)
        var checkpoint: RuleCheckpoint?
        for moment in [end - Self.interval, end] {
            var rules = RuleEngine(packs: packs, options: options)
            if let checkpoint { rules.restore(checkpoint, at: moment) }
            let before = MemoryPeak.cpuSeconds
            try await store.append(rules.parameterSeries(clusters: clusters, settings: [], at: moment))
            let round = await rules.evaluate(at: moment, engine: engine, sink: store, openTips: [])
            let spent = (MemoryPeak.cpuSeconds - before) * 1000
            checkpoint = rules.checkpoint
            if moment == end { return (Self.rows(rules), spent, round.failures.map { "\($0)" }) }
        }
        return ([], 0, [])
    }

    private static func clusters(_ hosts: Int) -> [ClusterName] {
        (0...(max(hosts, 1) - 1) / PackFleet.hostsOfCluster).compactMap { ClusterName("cluster-\($0)") }
    }

    private static func rows(_ rules: RuleEngine) -> [PackRow] {
        rules.packs.map { pack in
            let groups = rules.groupStates.filter { $0.pack == pack.name }
            let slowest = groups.flatMap(\.rules).max { $0.evaluationTime < $1.evaluationTime }
            return PackRow(
                pack: pack.name, rules: groups.reduce(0) { $0 + $1.rules.count },
                cpuMilliseconds: groups.reduce(0) { $0 + $1.evaluationTime.inSeconds * 1000 },
                meanCPUMilliseconds: groups.reduce(0) {
                    $0 + $1.evaluationTime.inSeconds * 1000 * min(1, interval.inSeconds / $1.interval.inSeconds)
                },
                slowestRule: slowest?.rule.name ?? "",
                slowestMilliseconds: (slowest?.evaluationTime.inSeconds ?? 0) * 1000)
        }
    }

    // MARK: Backtests

    /// Plays `days` days of samples a minute apart, of all that `pack` asks for, through it; the store is a new one in
    /// `folder`.
    func backtest(_ pack: RulePack, hosts: Int, days: Int, folder: String) async throws -> BacktestReport {
        let store = try makeStore(folder)
        let end = clock.now
        let minutes = days * 1440 + 60
        var fleet = PackFleet(hosts: hosts, metrics: pack.inputMetrics)
        for minute in 0..<minutes {
            let moment = end.milliseconds - Int64(minutes - 1 - minute) * 60_000
            for request in fleet.requests(at: moment, seconds: 60) { try await store.write(remoteWrite: request) }
        }
        let held = MemoryPeak.begin()
        let (began, before) = (ContinuousClock.now, MemoryPeak.cpuSeconds)
        let report = try await Backtest.run(
            Backtest.Plan(
                pack: pack, first: end - .seconds(days * 86_400), last: end, step: .seconds(60),
                clusters: Self.clusters(hosts), settings: []), over: store)
        let (wall, cpu) = ((ContinuousClock.now - began).inSeconds, MemoryPeak.cpuSeconds - before)
        let extra = held.flatMap(MemoryPeak.grownMiB)
        try await store.close()
        return BacktestReport(
            pack: pack.name, hosts: hosts, machines: hosts * PackFleet.machinesOfHost, days: days,
            samples: fleet.seriesCount * minutes, seconds: wall, cpuSeconds: cpu, extraMemoryMiB: extra,
            tips: report.tips.count, failures: report.failures)
    }
}
