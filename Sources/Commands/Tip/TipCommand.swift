import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel tip`: PRO tips.
struct TipCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tip", abstract: "PRO tips: findings, evidence, remediations.",
        subcommands: [
            TipListCommand.self, TipShowCommand.self, TipApproveCommand.self, TipDismissCommand.self,
            TipWatchCommand.self, TipHistoryCommand.self,
        ])
}

/// `evenkeel tip history`: what became of tips.
struct TipHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Lists tips that have ended, newest first, and how.",
        discussion: "Example: evenkeel tip history --json | jq '.[] | select(.state == \"ineffective\")'")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let tips: [TipView] = try await server.client().get("/fleet/v1/tips?all=true")
        try output.show(tips.filter(\.state.isFinal)) { tips in
            if tips.isEmpty { return "No tip has ended." }
            var table = TextTable(">N", "LEVEL", "END", "OBJECT", "RAISED", "ENDED", "BY", "WHY")
            for tip in tips {
                table.add(
                    "\(tip.number)", tip.level.rawValue, tip.state.rawValue, "\(tip.subjectKind) \(tip.subject)",
                    Phrases.moment(tip.raised), Phrases.moment(tip.updated),
                    tip.history.last?.actor ?? "-", tip.history.last?.note ?? tip.title)
            }
            return table.text
        }
    }
}
