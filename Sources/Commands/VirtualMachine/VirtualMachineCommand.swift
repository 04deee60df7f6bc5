import ArgumentParser

/// `evenkeel vm`: the virtual machines.
struct VirtualMachineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vm", abstract: "The virtual machines.",
        subcommands: [VirtualMachineListCommand.self, VirtualMachineMigrateCommand.self])
}
