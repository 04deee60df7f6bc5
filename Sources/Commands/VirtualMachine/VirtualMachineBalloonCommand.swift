import ArgumentParser
import FleetServer

/// `evenkeel vm balloon`: how much memory a guest keeps.
struct VirtualMachineBalloonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "balloon", abstract: "Asks a guest to leave it at so much memory.",
        discussion: """
            Example: evenkeel vm balloon web-1 1GiB
            """)

    @OptionGroup var target: MachineOptions
    @Argument(help: "How much memory the guest is to keep, such as 1GiB.")
    var memory: SizeArgument

    @OptionGroup var options: StepOptions

    func run() async throws {
        try await target.order("balloon", BalloonOrder(memory: memory.bytes), following: options)
    }
}
