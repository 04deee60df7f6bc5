import ArgumentParser
import FleetServer

/// `evenkeel vm resize`: other sizes.
struct VirtualMachineResizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize", abstract: "Gives a VM more or fewer virtual processors or more memory.",
        discussion: """
            At once where it runs, up to its max_vcpus and max_memory, and for its next start.
            Example: evenkeel vm resize web-1 --vcpus 4 --memory 4GiB
            """)

    @OptionGroup var target: MachineOptions
    @Option(help: "How many virtual processors.")
    var vcpus: Int?

    @Option(help: "How much memory, such as 4GiB.")
    var memory: SizeArgument?

    @OptionGroup var options: StepOptions

    func run() async throws {
        guard vcpus != nil || memory != nil else { throw CommandFailure(.wrongUse, "say --vcpus or --memory, or both") }
        try await target.order(
            "resize", ResizeOrder(virtualProcessors: vcpus, memory: memory?.bytes), following: options)
    }
}
