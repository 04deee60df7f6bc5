import ArgumentParser
import FleetServer

/// `evenkeel vm stop`: shuts a VM down.
struct VirtualMachineStopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Shuts a VM down: the guest is asked, and stopped after a while if it does not.",
        discussion: """
            Its definition stays: 'evenkeel vm start' starts it again.
            Examples:
              evenkeel vm stop web-1
              evenkeel vm stop web-1 --force
            """)

    @OptionGroup var target: MachineOptions
    @Flag(help: "At once, as if its power were cut.")
    var force = false

    @OptionGroup var options: StepOptions

    func run() async throws {
        try await target.order("stop", StopOrder(force: force), following: options)
    }
}
