import ArgumentParser

/// `evenkeel vm start`: starts a VM that is defined.
struct VirtualMachineStartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Starts a VM where it is defined.",
        discussion: """
            Example: evenkeel vm start web-1
            """)

    @OptionGroup var target: MachineOptions
    @OptionGroup var options: StepOptions

    func run() async throws {
        try await target.order("start", following: options)
    }
}
