import ArgumentParser
import FleetModel
import Foundation

/// `evenkeel bench migrate`: forecasts of migrations beside what they took.
struct BenchMigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract:
            "Moves guests between two hosts on this machine: what was foretold, what it took, what Evenkeel added.",
        discussion: """
            For each memory, rate of writing and bandwidth a load guest is started, its memory surveyed and its move \
            foretold; then it is moved. TOTAL and DOWN are QEMU's own figures, GAP the longest time in which the guest \
            gave no sign of life, ADDED what the move took beyond QEMU's total. Streams stay on loopback. As a server \
            does, it learns from each move how fast memory goes when nothing holds it back.
            Examples:
              evenkeel bench migrate
              evenkeel bench migrate --fleet 20
              evenkeel bench migrate --memory 64,256 --dirty 0,500 --bandwidth 64 --repeat 3
            """)

    @Option(help: "Guests' memory in MiB, with commas between.")
    var memory = "128,256,512"

    @Option(help: "Pages that guests write to each second, with commas between; all within 8 MiB.")
    var dirty = "0,200,1000,1800"

    @Option(help: "Bandwidths in MiB a second, with commas between.")
    var bandwidth = "32,64,128"

    @Option(help: "How often each is moved.")
    var `repeat` = 1

    @Option(help: "Only move a guest so often through a server and two agents, and say what that added to QEMU's time.")
    var fleet: Int?

    @Option(help: "auto, kvm or tcg.")
    var accelerator = "auto"

    @OptionGroup var output: OutputOptions

    func validate() throws {
        for (name, text, range) in [
            ("--memory", memory, 16...65_536), ("--dirty", dirty, 0...1_000_000),
            ("--bandwidth", bandwidth, 1...100_000),
        ] {
            guard let numbers = Self.numbers(text), numbers.allSatisfy(range.contains) else {
                throw ValidationError("\(name) is one or more of \(range.lowerBound) to \(range.upperBound)")
            }
        }
        guard (1...100).contains(`repeat`) else { throw ValidationError("--repeat is 1 to 100") }
        guard (1...1000).contains(fleet ?? 1) else { throw ValidationError("--fleet is 1 to 1000") }
        guard AcceleratorChoice(rawValue: accelerator) != nil else {
            throw ValidationError("--accelerator is auto, kvm or tcg")
        }
    }

    func run() async throws {
        if let fleet {
            let choice = AcceleratorChoice(rawValue: accelerator) ?? .auto
            let report = try await FleetMigrationBenchmark(accelerator: choice).run(moves: fleet)
            return try output.show(report) { report in
                """
                \(report.added.count) moves through a server and two agents: added \(Self.middle(report.added)), from the \
                order to the end of its record.
                From the order to the first QMP command: \(Self.middle(report.reaction)).
                """
            }
        }
        let benchmark = try MigrationBenchmark(accelerator: AcceleratorChoice(rawValue: accelerator) ?? .auto)
        defer { benchmark.tearDown() }
        var moves: [MigrationBenchmark.Move] = []
        for memory in Self.numbers(memory) ?? [] {
            for dirty in Self.numbers(dirty) ?? [] {
                for bandwidth in Self.numbers(bandwidth) ?? [] {
                    for _ in 0..<`repeat` {
                        moves.append(
                            try await benchmark.move(
                                memory: .mebibytes(Int64(memory)), dirtyPages: dirty,
                                bandwidth: .mebibytes(Int64(bandwidth))))
                    }
                }
            }
        }
        try output.show(MigrationBenchmark.Report(moves: moves), table: Self.text)
    }

    private static func middle(_ times: [Int]) -> String {
        let median = FleetMigrationBenchmark.Report.median(times)
        return "\(milliseconds(median)) in the median, \(milliseconds(times.max())) at most"
    }

    private static func numbers(_ text: String) -> [Int]? {
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        return numbers.contains(nil) ? nil : numbers.compactMap { $0 }
    }

    private static func text(_ report: MigrationBenchmark.Report) -> String {
        var table = TextTable(
            ">MEMORY", ">PAGES/S", ">BANDWIDTH", ">EXPECTED", ">TOTAL", ">RATIO", ">EXPECTED", ">DOWN", ">RATIO",
            ">GAP",
            ">ADDED")
        for move in report.moves {
            table.add(
                "\(move.memory >> 20) MiB", "\(move.dirtyPages)", "\(move.bandwidth >> 20) MiB/s",
                milliseconds(move.expectedTotal), milliseconds(move.total), ratio(move.totalRatio),
                milliseconds(move.expectedDowntime), milliseconds(move.downtime), ratio(move.downtimeRatio),
                milliseconds(move.gap), milliseconds(move.added))
        }
        return table.text + "\n\n" + """
            Total within 20 % of what was foretold: \(percent(report.totalWithin20Percent)); downtime within a factor of 2: \
            \(percent(report.downtimeWithinFactor2)), to the millisecond: \
            \(percent(report.downtimeWithinFactor2ToTheMillisecond)). Added: \(milliseconds(report.medianAdded)) in the median, \
            \(milliseconds(report.mostAdded)) at most.
            """
    }

    private static func milliseconds(_ value: Int?) -> String { value.map { "\($0) ms" } ?? "-" }
    private static func ratio(_ value: Double?) -> String { value.map { String(format: "%.2f", $0) } ?? "-" }
    private static func percent(_ share: Double) -> String { String(format: "%.0f %%", share * 100) }
}
