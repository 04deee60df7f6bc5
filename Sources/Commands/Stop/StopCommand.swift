import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel stop`: nothing new starts from this second on.
struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stops everything: no move and no tip's action begins until --resume.",
        discussion: """
            What is under way comes to its end, or is called off with --cancel. It holds over restarts of the server. \
            Single steps that an operator names (start a VM, stop a VM) go on.
            Example: evenkeel stop --reason 'storage is being replaced'
                     evenkeel stop --resume
            """)

    @Flag(help: "Also call off what is under way; each VM stays, or ends up, in one place.")
    var cancel = false

    @Flag(help: "Let things go on.")
    var resume = false

    @Option(help: "Why; it is kept, and goes into the audit log.")
    var reason = "stopped by hand"

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if cancel && resume { throw ValidationError("--cancel and --resume exclude each other") }
    }

    func run() async throws {
        let client = PolicyClient(client: try server.client())
        if resume {
            try output.show(try await client.release(.fleet)) { _ in "Things go on." }
            return
        }
        let answer = try await client.hold(.fleet, reason: reason, cancel: cancel)
        let operations: [OperationView] = try await client.client.get("/fleet/v1/operations")
        let open = operations.filter { !$0.state.isFinal }
        try output.show(answer) { _ in
            let rest =
                open.isEmpty
                ? "Nothing is under way." : "Under way: " + open.map(OperationText.line).joined(separator: "; ")
            return "Stopped: nothing new begins until 'evenkeel stop --resume'. \(rest)"
        }
    }
}
