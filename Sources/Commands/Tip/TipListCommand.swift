import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel tip ls`: open tips, and on request those at their end.
struct TipListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists open tips.",
        discussion: "Example: evenkeel tip ls --all")

    @Flag(help: "Also tips that are at their end, newest first.")
    var all = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let tips: [TipView] = try await server.client().get("/fleet/v1/tips" + (all ? "?all=true" : ""))
        try output.show(tips) { Self.table($0, now: WallClock().now) }
    }

    static func table(_ tips: [TipView], now: Timestamp) -> String {
        if tips.isEmpty { return "No tips." }
        var table = TextTable(">N", "LEVEL", "STATE", "OBJECT", "AGE", "TITLE", "PROPOSES")
        for tip in tips {
            table.add(
                "\(tip.number)", tip.level.rawValue, tip.state.rawValue, "\(tip.subjectKind) \(tip.subject)",
                Phrases.age(tip.raised, now: now), tip.title, TipText.proposal(tip))
        }
        return table.text
    }
}
