import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel vm show`: everything that is known of a VM.
struct VirtualMachineShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows everything that is known of a VM.",
        discussion: "Example: evenkeel vm show web-1 --json | jq .definition")

    @Argument(help: "The VM's name or UUID.")
    var machine: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let path = "/fleet/v1/vms/\(ServerClient.escaped(machine))"
        let details: VirtualMachineDetails = try await server.client().get(path)
        try output.show(details, table: VirtualMachineText.details)
    }
}
