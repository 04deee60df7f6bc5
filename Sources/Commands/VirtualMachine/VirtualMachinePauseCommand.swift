import ArgumentParser

/// `evenkeel vm pause`: halts a guest.
struct VirtualMachinePauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Halts a VM's guest, which keeps its memory.",
        discussion: """
            Example: evenkeel vm pause web-1
            """)

    @OptionGroup var target: MachineOptions
    @OptionGroup var options: StepOptions

    func run() async throws {
        try await target.order("pause", following: options)
    }
}
