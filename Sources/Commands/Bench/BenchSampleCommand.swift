import ArgumentParser
import Foundation

/// `evenkeel bench sample`: what looking at a host costs.
struct BenchSampleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample",
        abstract: "Looks at this machine, at guests started for it, and at a large made-up host.",
        discussion: """
            Beside it, in the same run, prometheus-node-exporter with its cpu, meminfo and stat collectors alone, where \
            it is installed. CPU times are those of the kernel's own books, in microseconds a look; the made-up host of \
            256 logical processors and 200 virtual machines is a tree of files, so that it costs parsing and no kernel.
            Examples:
              evenkeel bench sample
              evenkeel bench sample --looks 100000 --soak     memory before and after
              valgrind evenkeel bench sample --looks 100 --bare     allocations: compare with --looks 1100
            """)

    @Option(help: "Looks to take the mean of.")
    var looks = 300

    @Option(help: "Guests of two virtual processors to start; 0 for none.")
    var guests = 8

    @Flag(help: "Only look, by the second and whole in turns, at this machine, and say what memory it took.")
    var soak = false

    @Flag(help: "Only look, by the second, at this machine.")
    var bare = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...10_000_000).contains(looks) else { throw ValidationError("--looks is 1 to 10000000") }
        guard (0...64).contains(guests) else { throw ValidationError("--guests is 0 to 64") }
    }

    func run() async throws {
        var benchmark = SampleBenchmark(looks: looks)
        if bare { return benchmark.onlyLook() }
        if soak {
            let report = benchmark.soak()
            return try output.show(report) { report in
                """
                resident after \(report.looks / 10) looks \(Self.mebibytes(report.residentBefore))
                resident after \(report.looks) looks \(Self.mebibytes(report.residentAfter))
                """
            }
        }
        let report = try await benchmark.run(guests: guests)
        try output.show(report, table: Self.text)
    }

    private static func mebibytes(_ bytes: Int64) -> String {
        String(format: "%.2f MiB", Double(bytes) / 1_048_576)
    }

    private static func text(_ report: SampleBenchmark.Report) -> String {
        var table = TextTable("WHAT", ">BY THE SECOND us", ">WHOLE us", ">AND ENCODED us")
        func row(_ name: String, _ cost: SampleBenchmark.Cost?) {
            guard let cost else { return }
            table.add(name, number(cost.second), number(cost.whole), number(cost.encoded))
        }
        row("this machine without guests", report.machine)
        row("a guest of 2 virtual processors adds", report.guest)
        row("256 LPs and 200 VMs, made up", report.large)
        var text = table.text
        if let scrape = report.exporterScrape {
            text += "\n\nA scrape of node_exporter (cpu, meminfo, stat) costs it \(number(scrape)) us: "
            text += "\(number(scrape / report.machine.second)) times a look by the second, "
            text += "\(number(scrape / report.machine.whole)) times a whole one, "
            text += "\(number(scrape / report.machine.encoded)) times one that is encoded."
        } else {
            text += "\n\nprometheus-node-exporter is not installed: nothing to compare with."
        }
        return text + "\nResident: \(mebibytes(report.resident))."
    }

    private static func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
