import ArgumentParser

/// `evenkeel vm rm`: forgets a VM.
struct VirtualMachineRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Forgets a VM that is stopped; its disks stay.",
        discussion: """
            Example: evenkeel vm rm web-1
            """)

    @OptionGroup var target: MachineOptions
    @OptionGroup var options: StepOptions

    func run() async throws {
        let client = try options.server.client()
        try await options.follow(try await client.delete(target.path()), client)
    }
}
