import ArgumentParser
import FleetModel
import Foundation
import Logging
import PromQL
import TimeSeriesStore

/// `evenkeel bench query`: the evaluator over a store in this process, and the index at many series.
struct BenchQueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Asks six queries of a fleet's hour, and selects among very many series.",
        discussion: """
            The queries are those that dashboards and rules ask: rates by host, the busiest, the same over an hour, a \
            comparison, a quantile of an hour, a join.
            """)

    @OptionGroup var load: BenchLoad
    @OptionGroup var output: OutputOptions

    @Option(help: "How many series the selections are tried among; 0 leaves them out.")
    var series = 1_000_000

    @Option(help: "How often each query is asked.")
    var repeats = 10

    func validate() throws {
        guard (0...10_000_000).contains(series) else { throw ValidationError("--series is 0 to 10000000") }
        guard (1...10_000).contains(repeats) else { throw ValidationError("--repeats is 1 to 10000") }
    }

    /// What was measured.
    struct Report: Encodable {
        let hosts: Int
        let queries: [QueryRow]
        let selections: IndexBenchmark.Report?
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
        let rows = try await load.withFolder { folder in
            let benchmark = StoreBenchmark(hosts: load.hosts, steps: load.steps, directory: folder)
            let (store, end) = try await benchmark.prepare(logger: logger)
            let rows = try await measure(EmbeddedEngine(source: store), until: end)
            try await store.close()
            return rows
        }
        var selections: IndexBenchmark.Report?
        if series > 0 {
            selections = try await load.withFolder { folder in
                try await IndexBenchmark(series: series, directory: folder).run(logger: logger)
            }
        }
        try output.show(Report(hosts: load.hosts, queries: rows, selections: selections), table: Self.text)
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
        var table = TextTable("QUERY", ">SERIES", ">CPU ms", ">ms", ">PEAK MiB", "EXPRESSION")
        for row in report.queries {
            table.add(
                row.name, "\(row.series)", number(row.cpuMilliseconds), number(row.milliseconds),
                row.extraMemoryMiB.map { "+" + number($0) } ?? "?",
                row.expression + (row.name == "c" ? "   over 1 h by 30 s" : ""))
        }
        guard let selections = report.selections else { return table.text }
        var index = TextTable("SELECTION", ">FOUND", ">CPU ms")
        for row in selections.selections { index.add(row.selector, "\(row.found)", number(row.cpuMilliseconds)) }
        return table.text + "\n\n" + """
            \(selections.series) series: \(number(selections.addMicroseconds)) µs CPU to add one, \
            \(selections.bytesPerSeries) bytes of memory each, \(number(selections.openSeconds)) s to open

            """ + "\n" + index.text
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
