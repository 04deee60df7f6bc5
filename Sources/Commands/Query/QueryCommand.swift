import ArgumentParser
import FleetModel
import Foundation

/// `evenkeel query`: PromQL against the server's time series.
struct QueryCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, csv, plot
    }

    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Evaluates a PromQL expression.",
        discussion: """
            Examples:
              evenkeel query 'sum by (host, mode) (rate(evenkeel_lp_run_seconds_total[1m]))'
              evenkeel query 'evenkeel_host_memory_available_bytes' --start 1767225600 --end 1767229200 --step 60s
              evenkeel query 'evenkeel_host_memory_available_bytes' --format plot
            """)

    @Argument(help: "The expression.")
    var expression: String

    @Option(help: "Evaluate at this moment: seconds since 1970 or 2026-01-31T12:00:00Z. Default: now.")
    var at: String?

    @Option(help: "Evaluate over a span that begins here; needs --end and --step.")
    var start: String?

    @Option(help: "Where the span ends, inclusive.")
    var end: String?

    @Option(help: "From one evaluation to the next: seconds, or 30s, 5m.")
    var step: String?

    @Option(
        help: """
            How to print the answer: \(Format.allCases.map(\.rawValue).joined(separator: ", ")). A plot without a span \
            is of the last hour; csv (RFC 4180) has time, value and a column a label.
            """)
    var format: Format = .table

    @Flag(help: "The same as --format json.")
    var json = false

    @OptionGroup var server: ServerOptions

    func validate() throws {
        let given = [start, end, step].compactMap(\.self).count
        if given != 0 && given != 3 { throw ValidationError("--start, --end and --step go together") }
        if given == 3 && at != nil { throw ValidationError("--at asks for one moment, --start and --end for a span") }
    }

    func run() async throws {
        var fields = [(name: "query", value: expression)]
        let isPlot = format == .plot && !json
        let span = isPlot && start == nil && at == nil ? Self.lastHour() : (start, end, step)
        let named = [("start", span.0), ("end", span.1), ("step", span.2), ("time", at)]
        fields += named.compactMap { name, value in value.map { (name: name, value: $0) } }
        let path = span.0 == nil ? "/api/v1/query" : "/api/v1/query_range"
        let bytes = try await server.client().form(path, fields)
        if json || format == .json {
            print(String(decoding: bytes, as: UTF8.self))
            return
        }
        let answer = try JSONDecoder().decode(QueryAnswerText.self, from: Data(bytes))
        show(answer)
        for warning in (answer.warnings ?? []) + (answer.infos ?? []) {
            StandardError.write("note: \(PlainText.oneLine(warning))\n")
        }
    }

    private func show(_ answer: QueryAnswerText) {
        switch format {
        case .csv:
            // A file gets every byte as it is, a terminal nothing that would move its cursor.
            if TerminalSize.isTerminal {
                print(PlainText.harmless(answer.csv.replacing("\r\n", with: "\n")), terminator: "")
            } else {
                print(answer.csv, terminator: "")
            }
        case .plot: print(answer.plot(columns: TerminalSize.columns, colours: TerminalSize.hasColours))
        case .table, .json: print(PlainText.harmless(answer.table))
        }
    }

    /// The last hour in as many steps as a terminal shows.
    private static func lastHour() -> (start: String?, end: String?, step: String?) {
        let end = WallClock().now.milliseconds / 1000
        return ("\(end - 3600)", "\(end)", "15")
    }
}
