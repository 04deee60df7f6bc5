import ArgumentParser

/// `evenkeel vm save`: writes a guest to disk.
struct VirtualMachineSaveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save", abstract: "Writes a VM's memory to its host's disk and ends its process.",
        discussion: """
            'evenkeel vm restore' lets it go on from there.
            Example: evenkeel vm save web-1
            """)

    @OptionGroup var target: MachineOptions
    @OptionGroup var options: StepOptions

    func run() async throws {
        try await target.order("save", following: options)
    }
}
