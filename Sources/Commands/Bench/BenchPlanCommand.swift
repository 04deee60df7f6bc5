import ArgumentParser
import Foundation
import Simulation

/// `evenkeel bench plan`: how good the planner's solver is, on problems of others.
struct BenchPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Measures the planner: its quality, its speed, its solver on problems of others.",
        discussion: """
            With --trace: the balancing benchmark at 40/800, 400/8,000 and 2,500/40,000 hosts and VMs (--size), \
            all policies side by side, as in `evenkeel simulate`. With --relief as well: states of that benchmark in \
            which hosts are overloaded, how many moves relieve all of them, and how many it takes at least; each \
            state is written to the folder given, so that another solver can be asked the same \
            (Tests/Tools/relief_optimum.py asks CP-SAT). With --speed: what a reserve check, relief and balance cost \
            as fleets grow, and the memory that a fleet takes.

            With --roadef: reads the instances of the ROADEF/EURO challenge 2012 in a folder (model_X.txt, \
            assignment_X.txt), works on each for the seconds given, on one core, and writes each assignment as \
            new_assignment_X.txt, in the instances' own format, so that any checker can judge it. A mark is the \
            lowest cost known here; the gap is (objective - mark) / original cost.
            Examples:
              evenkeel bench plan --trace traces/planetlab --size 40x800 --size 400x8000
              evenkeel bench plan --trace traces/planetlab --relief states
              evenkeel bench plan --speed
              evenkeel bench plan --roadef roadef --seconds 60 --out assignments
              evenkeel bench plan --roadef roadef --seconds 10 --instance a2_2
            """)

    @Option(help: "The folder of ROADEF instances.")
    var roadef: String?

    @Option(help: "The folder of the traces for the balancing benchmark.")
    var trace: String?

    @Option(help: "With --trace: relieve overloaded states instead, and write each to this folder.")
    var relief: String?

    @Option(help: "With --relief: steps of five minutes between the states.")
    var stride = 24

    @Option(help: "A size for the balancing benchmark, HOSTSxVMS; may be given several times.")
    var size: [FleetSize] = []

    @Option(help: "Over how many seeds the balancing benchmark takes the mean.")
    var seeds = 5

    @Flag(help: "Measure what planning costs from 40 to 10,000 hosts.")
    var speed = false

    @Option(help: "Seconds for each instance.")
    var seconds = 60.0

    @Option(help: "A folder for the assignments; made if need be. Without it none is written.")
    var out: String?

    @Option(help: "Only this instance, such as a2_2; may be given several times.")
    var instance: [String] = []

    @Option(help: "Which way the search's dice fall.")
    var seed: UInt64 = 1

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard roadef != nil || trace != nil || speed else {
            throw ValidationError("say what to measure: --trace DIR, --speed or --roadef DIR")
        }
        guard relief == nil || trace != nil else { throw ValidationError("--relief needs --trace DIR") }
        guard (1...288).contains(stride) else { throw ValidationError("--stride is 1 to 288") }
        guard (1...1000).contains(seeds) else { throw ValidationError("--seeds is 1 to 1000") }
        guard (0.01...86_400).contains(seconds) else { throw ValidationError("--seconds is 0.01 to 86400") }
    }

    /// What was measured.
    struct Report: Encodable {
        let seconds: Double
        let seed: UInt64
        let instances: [RoadefBenchmark.Row]
        /// The sum of the gaps to known marks, in percent.
        let gapSumPercent: Double
    }

    func run() async throws {
        if let trace, let relief {
            try relieve(trace, relief)
        } else if let trace {
            try balance(trace)
        }
        if speed { try measureSpeed() }
        if let roadef { try solve(roadef) }
    }

    private func balance(_ folder: String) throws {
        let table = BalanceTable(
            traces: try TraceFolder(path: folder).traces(days: []), policies: BalanceRun.policies, seeds: seeds)
        let sizes = size.isEmpty ? FleetSize.standard : size
        do {
            try output.show(
                try sizes.flatMap { try table.rows(hosts: $0.hosts, machines: $0.machines) }, table: BalanceTable.text)
        } catch let error as BalanceError {
            throw CommandFailure(.wrongUse, error.description)
        }
    }

    private func relieve(_ folder: String, _ states: String) throws {
        let table = ReliefTable(
            traces: try TraceFolder(path: folder).traces(days: []), seeds: seeds, stride: stride, folder: states)
        do {
            try output.show(
                try (size.isEmpty ? [FleetSize(40, 800)] : size).flatMap(table.rows), table: ReliefTable.text)
        } catch let error as BalanceError {
            throw CommandFailure(.wrongUse, error.description)
        }
    }

    private func measureSpeed() throws {
        let rows = try (size.isEmpty ? FleetSize.curve : size).map {
            try PlanSpeed(seed: seed).measure(
                hosts: $0.hosts, machines: $0.machines, clock: BalanceTable.processorMilliseconds,
                memory: ResidentMemory.bytes)
        }
        try output.show(rows) { rows in
            var table = TextTable(
                ">HOSTS", ">VMS", ">RESERVE ms", "HOLDS", ">RELIEF ms", ">MOVES", ">BALANCE ms", ">MOVES",
                ">BYTES/VM", ">RESERVE µs/n log n", ">BALANCE µs/n log n")
            for row in rows {
                table.add(
                    String(row.hosts), String(row.machines), String(format: "%.2f", row.reserveMilliseconds),
                    row.reserveHolds ? "yes" : "no", String(format: "%.2f", row.reliefMilliseconds),
                    String(row.reliefMoves), String(format: "%.1f", row.balanceMilliseconds),
                    String(row.balanceMoves), row.bytesPerMachine.map { String(format: "%.0f", $0) } ?? "-",
                    Self.growth(row.reserveMilliseconds, row.machines),
                    Self.growth(row.balanceMilliseconds, row.machines))
            }
            return table.text
        }
    }

    /// Microseconds for each n log n: a column that does not rise shows growth no faster than that.
    private static func growth(_ milliseconds: Double, _ machines: Int) -> String {
        let count = Double(machines)
        return String(format: "%.3f", milliseconds * 1000 / (count * log2(max(2, count))))
    }

    private func solve(_ roadef: String) throws {
        let benchmark = RoadefBenchmark(seconds: seconds, seed: seed)
        var rows: [RoadefBenchmark.Row] = []
        do {
            let names = instance.isEmpty ? try RoadefBenchmark.instances(in: roadef) : instance
            if names.isEmpty { throw CommandFailure(.environment, "\(roadef) holds no model_X.txt") }
            if let out { try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true) }
            for name in names {
                let (row, assignment) = try benchmark.solve(name, in: roadef)
                rows.append(row)
                try write(assignment, of: name)
            }
        } catch let error as RoadefError {
            throw CommandFailure(.wrongUse, error.description)
        }
        let sum = rows.reduce(0) { $0 + ($1.gapPercent ?? 0) }
        try output.show(
            Report(seconds: seconds, seed: seed, instances: rows, gapSumPercent: sum), table: Self.text)
        guard rows.allSatisfy({ $0.violation == nil }) else { throw ExitCode(1) }
    }

    private func write(_ assignment: [Int32], of name: String) throws {
        guard let out else { return }
        let text = assignment.map(String.init).joined(separator: " ") + "\n"
        try text.write(toFile: "\(out)/new_assignment_\(name).txt", atomically: true, encoding: .utf8)
    }

    private static func text(_ report: Report) -> String {
        var table = TextTable(
            "INSTANCE", ">ORIGINAL", ">OBJECTIVE", ">MARK", ">GAP %", ">MOVED", ">SECONDS", ">MSTEPS", "CHECK")
        for row in report.instances {
            table.add(
                row.instance, String(row.originalCost), String(row.objective), row.mark.map { String($0) } ?? "-",
                row.gapPercent.map { String(format: "%.3f", $0) } ?? "-", String(row.movedProcesses),
                String(format: "%.1f", row.seconds), String(format: "%.0f", Double(row.steps) / 1e6),
                row.violation ?? "ok")
        }
        return table.text + String(format: "\nsum of gaps %.3f %%", report.gapSumPercent)
    }
}

/// A size of a fleet, as `40x800`.
struct FleetSize: ExpressibleByArgument, Sendable {
    let hosts: Int
    let machines: Int

    init(_ hosts: Int, _ machines: Int) {
        self.hosts = hosts
        self.machines = machines
    }

    init?(argument: String) {
        let parts = argument.split(separator: "x").map { Int($0) }
        guard parts.count == 2, let hosts = parts[0], let machines = parts[1], (2...20_000).contains(hosts),
            (1...400_000).contains(machines)
        else { return nil }
        self.init(hosts, machines)
    }

    static let standard = [FleetSize(40, 800), FleetSize(400, 8000), FleetSize(2500, 40_000)]
    static let curve = standard + [FleetSize(5000, 100_000), FleetSize(10_000, 200_000)]
}
