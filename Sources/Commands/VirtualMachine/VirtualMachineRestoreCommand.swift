import ArgumentParser

/// `evenkeel vm restore`: lets a saved guest go on.
struct VirtualMachineRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Lets a VM go on from what was saved.",
        discussion: """
            Example: evenkeel vm restore web-1
            """)

    @OptionGroup var target: MachineOptions
    @OptionGroup var options: StepOptions

    func run() async throws {
        try await target.order("restore", following: options)
    }
}
