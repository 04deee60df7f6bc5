import ArgumentParser
import FleetModel
import FleetServer
import FleetState
import Foundation
import TimeSeriesStore

/// `evenkeel store check`: is all that is on disk as it was written?
struct StoreCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Reads all that is on disk and says what is damaged, and where.",
        discussion: """
            Every page is decoded and held against its checksum, every run against its directory, and the catalogue and \
            the log are read. Without --data the running server does it while it works on. With --data the fleet's \
            state (fleet.sqlite) is read as well: its pages, its version, and every seal of the audit log. Exit code 1 \
            when something is damaged.
            Examples:
              evenkeel store check
              evenkeel store check --data /var/lib/evenkeel --json | jq .damages
            """)

    @Option(help: "The data folder of a server that does not run.")
    var data: String?

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let findings = try await findings()
        try output.show(findings, table: Self.text)
        if !findings.isSound { throw ExitCode(1) }
    }

    private func findings() async throws -> StoreFindings {
        guard let data else {
            let client = try server.client()
            let begun: StoreJobView = try await client.post("/fleet/v1/store/check", Empty())
            let job = try await StoreJobWatch(client: client).end(of: begun)
            guard let findings = job.findings else { throw CommandFailure(.unreachable, "the server found nothing") }
            return findings
        }
        return try await Self.findings(folder: data)
    }

    /// What is in the data folder of a server that does not run.
    static func findings(folder: String) async throws -> StoreFindings {
        var findings: StoreFindings
        do {
            findings = try StoreCheck(folder: folder + "/series").run()
        } catch {
            throw CommandFailure(.environment, "\(error)")
        }
        let name = "fleet.sqlite"
        guard FileManager.default.fileExists(atPath: folder + "/" + name) else {
            let reason = "it is not there, though \(folder)/series is: a server would begin with an empty fleet"
            findings.add(StoreFindings.File(name: name, bytes: 0, items: 0, samples: 0), [reason])
            return findings
        }
        let state = await FleetStateStore.examine(path: folder + "/" + name)
        findings.add(
            StoreFindings.File(name: name, bytes: state.bytes, items: Int(state.auditEntries), samples: 0),
            state.damages)
        findings.notes += state.notes.map { "\(name): \($0)" }
        return findings
    }

    static func text(_ findings: StoreFindings) -> String {
        var table = TextTable("FILE", ">SIZE", ">ITEMS", ">SAMPLES", "STATE")
        for file in findings.files {
            table.add(
                file.name, "\(Bytes(file.bytes))", "\(file.items)", "\(file.samples)",
                file.damages == 0 ? "sound" : "damaged")
        }
        var lines = [table.text]
        lines += findings.damages.map { "DAMAGED      \($0.file): \($0.reason)" }
        lines += findings.quarantined.map { "SET ASIDE    \($0), at an earlier start; remove it when nobody needs it" }
        lines += findings.notes.map { "note         \($0)" }
        lines.append(
            findings.isSound
                ? "Everything is as it was written."
                : findings.damages.count == 1 ? "1 damage." : "\(findings.damages.count) damages.")
        return lines.joined(separator: "\n")
    }
}
