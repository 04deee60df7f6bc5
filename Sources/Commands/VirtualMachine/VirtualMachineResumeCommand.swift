import ArgumentParser

/// `evenkeel vm resume`: lets a halted guest go on.
struct VirtualMachineResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Lets a guest that was halted go on.",
        discussion: """
            Example: evenkeel vm resume web-1
            """)

    @OptionGroup var target: MachineOptions
    @OptionGroup var options: StepOptions

    func run() async throws {
        try await target.order("resume", following: options)
    }
}
