import ArgumentParser
import FleetModel
import FleetServer
import Foundation
import Logging
import PromQL
import RulePacks
import TimeSeriesStore

/// `evenkeel bench query`: the evaluator over a store in this process, and the index at many series.
struct BenchQueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Measures queries, selections among very many series, rounds of rules and a backtest.",
        discussion: """
            The queries are those that dashboards and rules ask: rates by host, the busiest, the same over an hour, a \
            comparison, a quantile of an hour, a join. A round evaluates all bundled packs over a fleet with everything \
            that they ask for; a backtest plays weeks of a smaller one through one pack, sampled once a minute, which \
            takes some gigabytes of disk and minutes to write. 0 leaves a part out.
            """)

    @OptionGroup var load: BenchLoad
    @OptionGroup var output: OutputOptions

    @Option(help: "How many series the selections are tried among; 0 leaves them out.")
    var series = 1_000_000

    @Option(help: "Hosts of the fleet that all packs are evaluated over, 20 VMs each.")
    var packHosts = 400

    @Option(help: "Days that are played through --backtest-pack, of 40 hosts and 800 VMs.")
    var backtestDays = 30

    @Option(help: "The pack that they are played through.")
    var backtestPack = "host-pressure"

    @Option(help: "A folder of packs instead of the bundled ones.")
    var packs: String?

    @Option(help: "How often each query is asked.")
    var repeats = 10

    func validate() throws {
        guard (0...10_000_000).contains(series) else { throw ValidationError("--series is 0 to 10000000") }
        guard (0...4000).contains(packHosts) else { throw ValidationError("--pack-hosts is 0 to 4000") }
        guard (0...30).contains(backtestDays) else { throw ValidationError("--backtest-days is 0 to 30") }
        guard (0...10_000).contains(repeats) else { throw ValidationError("--repeats is 0 to 10000") }
    }

    /// What was measured.
    struct Report: Encodable {
        let hosts: Int
        let queries: [QueryRow]
        let selections: IndexBenchmark.Report?
        let round: PackBenchmark.RoundReport?
        let backtest: PackBenchmark.BacktestReport?
    }

    /// One query.
    struct QueryRow: Encodable {
        let name: String
        let expression: String
        let series: Int
        /// CPU time and wall time of one evaluation.
        let cpuMilliseconds: Double
        let milliseconds: Double
        /// How much the process grew over what it held before, at its peak; `nil` where the kernel does not tell.
        let extraMemoryMiB: Double?
    }

    func run() async throws {
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let rows = repeats == 0 ? [] : try await askQueries(logger)
        var selections: IndexBenchmark.Report?
        if series > 0 {
            selections = try await load.withFolder { folder in
                try await IndexBenchmark(series: series, directory: folder).run(logger: logger)
            }
        }
        let (round, backtest) = try await measurePacks(logger)
        try output.show(
            Report(hosts: load.hosts, queries: rows, selections: selections, round: round, backtest: backtest),
            table: Self.text)
    }

    private func askQueries(_ logger: Logger) async throws -> [QueryRow] {
        try await load.withFolder { folder in
            let benchmark = StoreBenchmark(hosts: load.hosts, steps: load.steps, directory: folder)
            let (store, end) = try await benchmark.prepare(logger: logger)
            let rows = try await measure(EmbeddedEngine(source: store), until: end)
            try await store.close()
            return rows
        }
    }

    private func measurePacks(
        _ logger: Logger
    ) async throws -> (round: PackBenchmark.RoundReport?, backtest: PackBenchmark.BacktestReport?) {
        guard packHosts > 0 || backtestDays > 0 else { return (nil, nil) }
        guard let parent = packs ?? PackFolders.bundled(with: Daemon.executable) else {
            throw CommandFailure(
                .wrongUse, "there are no bundled packs beside this program; name a folder with --packs")
        }
        let all = try PackFolders.inside(parent, file: "--packs").map { try RulePack.load(folder: $0) }
        let benchmark = PackBenchmark(packs: all, logger: logger)
        var round: PackBenchmark.RoundReport?
        if packHosts > 0 {
            round = try await load.withFolder { try await benchmark.rounds(hosts: packHosts, folder: $0) }
        }
        guard backtestDays > 0 else { return (round, nil) }
        guard let pack = all.first(where: { $0.name == backtestPack }) else {
            throw CommandFailure(.wrongUse, "there is no pack '\(backtestPack)' in \(parent)")
        }
        let backtest = try await load.withFolder {
            try await benchmark.backtest(pack, hosts: 40, days: backtestDays, folder: $0)
        }
        return (round, backtest)
    }

    private static let rate = "sum by (host) (rate(evenkeel_lp_run_seconds_total[1m]))"
    /// A name, the expression, and whether it is asked over the last hour by 30 s.
    private static let queries: [(name: String, expression: String, isRange: Bool)] = [
        ("a", rate, false),
        ("b", "topk(10, avg by (host) (rate(evenkeel_lp_run_seconds_total[5m])))", false),
        ("c", rate, true),
        ("d", "evenkeel_host_memory_available_bytes < 8e9", false),
        ("e", "quantile_over_time(0.95, evenkeel_vm_processor_use[1h])", false),
        (
            "f",
            "sum by (host) (rate(evenkeel_vm_run_seconds_total[5m])) / on (host) group_left () "
                + "sum by (host) (rate(evenkeel_lp_run_seconds_total[5m]))", false
        ),
    ]

    private func measure(_ engine: EmbeddedEngine, until end: Timestamp) async throws -> [QueryRow] {
        var rows: [QueryRow] = []
        for query in Self.queries {
            let held = MemoryPeak.begin()
            let began = ContinuousClock.now
            let spent = MemoryPeak.cpuSeconds
            var series = 0
            for turn in 0..<repeats {
                // Every time another moment, so that nothing is answered from what was answered before.
                let moment = end - .seconds(turn)
                let answer =
                    query.isRange
                    ? try await engine.range(
                        query.expression, from: moment - .seconds(3600), through: moment, step: .seconds(30))
                    : try await engine.instant(query.expression, at: moment)
                series = answer.value.count
            }
            let cpu = (MemoryPeak.cpuSeconds - spent) / Double(repeats)
            let wall = (ContinuousClock.now - began).inSeconds / Double(repeats)
            rows.append(
                QueryRow(
                    name: query.name, expression: query.expression, series: series, cpuMilliseconds: cpu * 1e3,
                    milliseconds: wall * 1e3, extraMemoryMiB: held.flatMap(MemoryPeak.grownMiB)))
        }
        return rows
    }

    private static func text(_ report: Report) -> String {
        [
            report.queries.isEmpty ? nil : text(report.queries), report.selections.map(text), report.round.map(text),
            report.backtest.map(text),
        ].compactMap { $0 }.joined(separator: "\n\n")
    }

    private static func text(_ queries: [QueryRow]) -> String {
        var table = TextTable("QUERY", ">SERIES", ">CPU ms", ">ms", ">PEAK MiB", "EXPRESSION")
        for row in queries {
            table.add(
                row.name, "\(row.series)", number(row.cpuMilliseconds), number(row.milliseconds),
                row.extraMemoryMiB.map { "+" + number($0) } ?? "?",
                row.expression + (row.name == "c" ? "   over 1 h by 30 s" : ""))
        }
        return table.text
    }

    private static func text(_ selections: IndexBenchmark.Report) -> String {
        var index = TextTable("SELECTION", ">FOUND", ">CPU ms")
        for row in selections.selections { index.add(row.selector, "\(row.found)", number(row.cpuMilliseconds)) }
        return """
            \(selections.series) series: \(number(selections.addMicroseconds)) µs CPU to add one, \
            \(selections.bytesPerSeries) bytes of memory each, \(number(selections.openSeconds)) s to open

            """ + "\n" + index.text
    }

    private static func text(_ round: PackBenchmark.RoundReport) -> String {
        var table = TextTable("PACK", ">RULES", ">CPU ms", ">MEAN", "SLOWEST RULE", ">CPU ms")
        for row in round.packs {
            table.add(
                row.pack, "\(row.rules)", number(row.cpuMilliseconds), number(row.meanCPUMilliseconds),
                row.slowestRule, number(row.slowestMilliseconds))
        }
        let failures = round.failures.map { "\nfailed: \($0)" }.joined()
        return """
            Rules over \(round.hosts) hosts, \(round.machines) VMs, \(round.series) series: \
            \(number(round.meanCPUMilliseconds)) ms CPU a round of \(number(round.intervalSeconds)) s on average, \
            \(number(round.fullCPUMilliseconds)) ms where everything is due at once

            """ + "\n" + table.text + failures
    }

    private static func text(_ backtest: PackBenchmark.BacktestReport) -> String {
        let memory = backtest.extraMemoryMiB.map { number($0) + " MiB more memory at its peak" } ?? "unknown memory"
        return """
            Backtest of \(backtest.pack) over \(backtest.days) days of \(backtest.hosts) hosts, \(backtest.machines) VMs, \
            \(backtest.samples) samples: \(number(backtest.seconds)) s, \(number(backtest.cpuSeconds)) s CPU, \(memory); \
            \(backtest.tips) tip(s)
            """ + backtest.failures.sorted { $0.key < $1.key }.map { "\nfailed: \($0): \($1)" }.joined()
    }

    private static func number(_ value: Double) -> String { String(format: value < 10 ? "%.2f" : "%.1f", value) }
}

extension QueryValue {
    /// How many series or elements it has.
    fileprivate var count: Int {
        switch self {
        case .scalar, .string: 1
        case .vector(let elements): elements.count
        case .matrix(let series): series.count
        }
    }
}
