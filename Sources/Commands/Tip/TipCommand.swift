import ArgumentParser

/// `evenkeel tip`: PRO tips.
struct TipCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tip", abstract: "PRO tips: findings, evidence, remediations.",
        subcommands: [
            TipListCommand.self, TipShowCommand.self, TipApproveCommand.self, TipDismissCommand.self,
            TipWatchCommand.self,
        ])
}
