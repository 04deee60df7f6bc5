import ArgumentParser
import Foundation

/// `evenkeel bench`: what the parts of Evenkeel cost on this machine.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures parts of Evenkeel by themselves, on this machine.",
        discussion: """
            Figures are CPU time where they can be, since machines are shared; compare runs on one machine only. A \
            release build is what counts.
            """,
        subcommands: [
            BenchIngestCommand.self, BenchQueryCommand.self, BenchSampleCommand.self, BenchMigrateCommand.self,
            BenchPlanCommand.self, BenchControlCommand.self,
        ])
}

/// The load of a benchmark, and where it is kept meanwhile.
struct BenchLoad: ParsableArguments {
    @Option(help: "Hosts of the load, 228 series each.")
    var hosts = 100

    @Option(help: "Samples of each series, 10 s apart.")
    var steps = 360

    @Option(
        help: "A folder for the store's files, which must not exist; by default a temporary one. Removed at the end.")
    var folder: String?

    func validate() throws {
        guard (1...100_000).contains(hosts) else { throw ValidationError("--hosts is 1 to 100000") }
        guard (1...100_000).contains(steps) else { throw ValidationError("--steps is 1 to 100000") }
    }

    /// Runs `body` with a new folder, which is gone afterwards.
    func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let path = folder ?? FileManager.default.temporaryDirectory.path + "/evenkeel-bench-\(UUID().uuidString)"
        guard !FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure(.wrongUse, "\(path) exists; a benchmark wants a folder of its own")
        }
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }
}
