import ArgumentParser

/// `evenkeel pack`: the rules by which tips are raised.
struct PackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack", abstract: "Checks, tests, backtests and sets rule packs.",
        discussion: """
            A pack is a folder: Prometheus rules and unit tests as promtool takes them, and pack.yaml, which says what \
            tip each alert leads to. check, test and new need no server.
            """,
        subcommands: [
            PackListCommand.self, PackShowCommand.self, PackNewCommand.self, PackCheckCommand.self,
            PackTestCommand.self, PackBacktestCommand.self, PackEnableCommand.self, PackDisableCommand.self,
            PackSetCommand.self,
            PackSchemaCommand.self,
        ])
}
