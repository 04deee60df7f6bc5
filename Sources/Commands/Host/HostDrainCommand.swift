import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel host drain`: empties a host for maintenance.
struct HostDrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Takes a host into maintenance: its VMs go elsewhere, and none comes.",
        discussion: """
            A tip carries it out: planned and checked like any other, made anew when something fails, and watched with a bar \
            until the host is empty, over a restart of the server too. What cannot move is named; the host stays in \
            maintenance and its tip open, and the same command tries again. With --no-wait it goes on by itself.
            Exit code 1 when the host could not be emptied.
            Example: evenkeel host drain kvm3 --reason 'new memory'
            """)

    @Argument(help: "The host.")
    var host: String

    @Option(help: "Why; it is kept, and goes into the audit log.")
    var reason = "maintenance"

    @Flag(help: "Do not wait for the end.")
    var noWait = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let name = HostName(host) else { throw CommandFailure(.wrongUse, "'\(host)' is not a host's name") }
        let client = try server.client()
        let answer = try await PolicyClient(client: client).hold(.host(name), reason: reason)
        guard let number = answer.tip else {
            try output.show(answer) { _ in "\(name) is in maintenance; there was nothing to move." }
            return
        }
        if noWait {
            try output.show(answer) { _ in "\(name) is being emptied: evenkeel tip watch \(number)" }
            return
        }
        let tip = try await TipFollower(client: client, isLive: TerminalSize.isErrorTerminal && !output.json)
            .end(of: number, untilStuck: true)
        try output.show(tip) { tip in
            switch tip.state {
            case .resolved, .cleared: "\(name) is empty and in maintenance."
            case .planned:
                "\(name) is in maintenance, and cannot be emptied yet: \(tip.planProblem ?? "there is no plan")"
            case .awaitingApproval:
                "\(name) is in maintenance, and is not empty: \(tip.history.last?.note ?? "its moves failed")"
            default: "\(name) is in maintenance; the tip that empties it is \(tip.state.rawValue)."
            }
        }
        if ![.resolved, .cleared].contains(tip.state) { throw ExitCode(1) }
    }
}

/// `evenkeel host resume`: ends a host's maintenance.
struct HostResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Ends a host's maintenance: VMs may come again, as balance asks for.",
        discussion: "Example: evenkeel host resume kvm3")

    @Argument(help: "The host.")
    var host: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let name = HostName(host) else { throw CommandFailure(.wrongUse, "'\(host)' is not a host's name") }
        let answer = try await PolicyClient(client: try server.client()).release(.host(name))
        try output.show(answer) { _ in "\(name) takes VMs again." }
    }
}
