import ArgumentParser
import Foundation
import Logging
import TimeSeriesStore

/// `evenkeel bench ingest`: the store by itself, without HTTP.
struct BenchIngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Writes a fleet's load into a store, stops it, opens it and reads everything.",
        discussion: """
            Examples:
              evenkeel bench ingest --hosts 400
              evenkeel bench ingest --growth        the same for 50, 100, 200 and 400 hosts, a row each
            """)

    @OptionGroup var load: BenchLoad
    @OptionGroup var output: OutputOptions

    @Flag(help: "Measure 50, 100, 200 and 400 hosts one after the other.")
    var growth = false

    private static let grownHosts = [50, 100, 200, 400]

    func run() async throws {
        var rows: [Row] = []
        for hosts in growth ? Self.grownHosts : [load.hosts] {
            let report = try await load.withFolder { folder in
                try await StoreBenchmark(hosts: hosts, steps: load.steps, directory: folder)
                    .run(logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
            }
            rows.append(Row(hosts: hosts, report: report))
        }
        try output.show(rows, table: Self.text)
    }

    /// What was measured with so many hosts.
    struct Row: Encodable {
        let hosts: Int
        let report: StoreBenchmark.Report
    }

    private static func text(_ rows: [Row]) -> String {
        var table = TextTable(
            ">HOSTS", ">SERIES", ">SAMPLES", ">CPU s/M", ">SAMPLES/s/CORE", ">BYTES/SAMPLE", ">READ ns/SAMPLE",
            ">DECODE GB/s", ">OPEN s", ">PEAK MiB")
        for row in rows {
            let report = row.report
            table.add(
                "\(row.hosts)", "\(report.series)", "\(report.samples)", number(report.cpuSecondsPerMillionWritten, 3),
                number(report.samplesPerCoreSecond, 0), number(report.bytesPerSample, 3),
                number(report.nanosecondsPerSampleRead, 2), number(report.decodedGigabytesPerSecond, 2),
                number(report.openSeconds, 3), number(Double(report.peakMemoryBytes) / 1_048_576, 0))
        }
        guard let last = rows.last, rows.count == 1 else { return table.text + growthText(rows) }
        var metrics = TextTable("METRIC", ">SAMPLES", ">BYTES", ">BYTES/SAMPLE")
        for size in last.report.metrics {
            let each = Double(size.bytes) / Double(max(size.samples, 1))
            metrics.add(size.metric, "\(size.samples)", "\(size.bytes)", number(each, 3))
        }
        return table.text + "\n\n" + metrics.text + "\n\n" + text(last.report.upkeep)
    }

    private static func text(_ upkeep: StoreBenchmark.UpkeepReport) -> String {
        """
        A day that is over is merged with \(number(upkeep.cpuSecondsPerMillionMerged, 3)) CPU s a million samples, to \
        \(number(upkeep.mergedBytesPerSample, 3)) bytes a sample,
        and rolled up with \(number(upkeep.cpuSecondsPerMillionRolledUp, 3)) CPU s a million samples, to \
        \(number(upkeep.rollupBytesPerSample, 3)) bytes for each.
        """
    }

    private static func growthText(_ rows: [Row]) -> String {
        guard let first = rows.first, let last = rows.last, rows.count > 1 else { return "" }
        let ratio = last.report.cpuSecondsPerMillionWritten / first.report.cpuSecondsPerMillionWritten
        return "\n\nA sample costs \(number(ratio, 2)) times as much with \(last.hosts) hosts as with \(first.hosts)."
    }

    private static func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
