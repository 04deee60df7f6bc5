import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel stop`: nothing new starts from this second on.
struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stops everything: no move and no tip's action begins until --resume.",
        discussion: """
            What is under way comes to its end, or is called off with --cancel, which says what was. It holds over restarts \
            of the server, and for what operators name as well (vm start, vm migrate, host drain, tip approve); VMs may \
            still be stopped.
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
        try output.show(answer) { answer in
            var lines = ["Stopped: nothing new begins until 'evenkeel stop --resume'."]
            if let reason = answer.unstored { lines += Self.warning(reason, cancelling: cancel) }
            if let cancelled = answer.cancelled {
                lines.append(cancelled.isEmpty ? "There was nothing to call off." : "Called off:")
                lines += operations.filter { cancelled.contains($0.number) }.map { "  " + OperationText.line($0) }
            }
            let others = open.filter { answer.cancelled?.contains($0.number) != true }
            if others.isEmpty, answer.cancelled == nil { lines.append("Nothing is under way.") }
            if !others.isEmpty { lines.append("Comes to its end:") }
            return (lines + others.map { "  " + OperationText.line($0) }).joined(separator: "\n")
        }
        if answer.unstored != nil, cancel {
            throw CommandFailure(.environment, "nothing is called off yet, since the server cannot write it down")
        }
    }

    /// What a person must know of a stop that is in the server's memory alone.
    static func warning(_ reason: String, cancelling isCancelling: Bool) -> [String] {
        let more = isCancelling ? ", and what is under way is called off then" : ""
        return [
            "It is not on disk yet (\(reason)):",
            "  it holds while this server runs, and is written as soon as the disk takes it\(more).",
        ]
    }
}
