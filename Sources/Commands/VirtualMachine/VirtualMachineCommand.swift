import ArgumentParser

/// `evenkeel vm`: the virtual machines.
struct VirtualMachineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vm", abstract: "The virtual machines.",
        subcommands: [
            VirtualMachineListCommand.self, VirtualMachineShowCommand.self, VirtualMachineCreateCommand.self,
            VirtualMachineStartCommand.self, VirtualMachineStopCommand.self, VirtualMachinePauseCommand.self,
            VirtualMachineResumeCommand.self, VirtualMachineSaveCommand.self, VirtualMachineRestoreCommand.self,
            VirtualMachineResizeCommand.self, VirtualMachineBalloonCommand.self, VirtualMachineSnapshotCommand.self,
            VirtualMachineConsoleCommand.self, VirtualMachineMigrateCommand.self, VirtualMachineRemoveCommand.self,
        ])
}
