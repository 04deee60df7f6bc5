import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel vm migrate`: moves a VM because an operator says so.
struct VirtualMachineMigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Live-migrates a VM to another host and waits for the end.",
        discussion: """
            Checked like every other move: refused, with the reason, where the destination would be over its limits.
            Example: evenkeel vm migrate web-1 --to kvm3
            """)

    @Argument(help: "The VM's name or UUID.")
    var machine: String

    @Option(name: .customLong("to"), help: "The host it is to run on.")
    var destination: String

    @Flag(help: "Return as soon as the operation is recorded; follow it with 'evenkeel operation show'.")
    var noWait = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try server.client()
        let started: OperationView = try await client.post(
            "/fleet/v1/vms/\(ServerClient.escaped(machine))/migrate", MigrationOrder(to: destination))
        let operation = noWait ? started : try await OperationWatch(client: client).end(of: started.number)
        try output.show(operation, table: OperationText.details)
        if !noWait && operation.state != .succeeded {
            throw CommandFailure(.no, "operation \(operation.number) ended as \(operation.state.rawValue)")
        }
    }
}
