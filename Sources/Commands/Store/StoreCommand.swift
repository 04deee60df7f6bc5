import ArgumentParser

/// `evenkeel store`: the time series and the fleet's state as a whole.
struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Backs up, restores, checks and deletes what the server keeps.",
        subcommands: [
            StoreBackupCommand.self, StoreRestoreCommand.self, StoreCheckCommand.self, StoreDeleteCommand.self,
        ])
}
