import ArgumentParser
import FleetModel
import Foundation

/// `evenkeel demo`: the whole product doing its real job on this machine.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Shows the whole job on this machine, with real virtual machines.",
        discussion: """
            Starts a server, hosts (each an agent that owns a part of this machine) and QEMU virtual machines; raises \
            the load on one host; waits for the tip, for its approval, for the live migration and for the measurement \
            that closes the tip. Everything it started and wrote is gone when it ends.
            Examples:
              evenkeel demo --auto
              evenkeel demo --once --auto --json
            """)

    @OptionGroup var options: DemoOptions

    func run() async throws {
        let stage = try await DemoStage.raise(options)
        let outcome: Result<DemoReport, any Error>
        do {
            outcome = .success(try await DemoSignals.untilInterrupted { try await stage.play() })
        } catch {
            outcome = .failure(error)
        }
        stage.strike()
        let report = try stage.told ?? outcome.get()
        if options.once { print(options.json ? try JSONOutput.text(report) : report.text) }
        if !report.relieved {
            throw CommandFailure(.no, report.problem ?? "host \(stage.plan.troubled.name) was not relieved")
        }
    }
}
