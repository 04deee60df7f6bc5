import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel tip ls`: open tips, and on request those at their end.
struct TipListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "Lists open tips, those of one story as one.",
        discussion: """
            Tips that have one cause as far as can be seen (many hosts silent at once, a host and its VMs) stand as one line, \
            that of the first; one that waits for approval or is being carried out has its own. --flat shows each.
            Example: evenkeel tip ls --all
            """)

    @Flag(help: "Also tips that are at their end, newest first.")
    var all = false

    @Flag(help: "A line for each tip, also where many are one story.")
    var flat = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let client = try server.client()
        if output.json {
            let tips: [TipView] = try await client.get("/fleet/v1/tips" + (all ? "?all=true" : ""))
            return try output.show(tips) { _ in "" }
        }
        let rows: [TipRow] = try await client.get("/fleet/v1/tips?brief=true" + (all ? "&all=true" : ""))
        try output.show(rows) { Self.table($0, now: WallClock().now, isFlat: flat || all) }
    }

    static func table(_ tips: [TipRow], now: Timestamp, isFlat: Bool = true) -> String {
        if tips.isEmpty { return "No tips." }
        let numbers = Set(tips.map(\.number))
        // Whatever somebody can decide or follow is never hidden behind another tip.
        let parts = tips.filter { $0.story.map(numbers.contains) == true && [.raised, .planned].contains($0.state) }
        let folded = isFlat ? [] : Set(parts.map(\.number))
        let related = Dictionary(grouping: parts) { $0.story ?? 0 }
        let shown = tips.filter { !folded.contains($0.number) }
        let waits = shown.contains { wait($0) != nil }
        var table = TextTable(
            [">N", "LEVEL", "STATE", "OBJECT", "AGE", "TITLE", "PROPOSES"] + (waits ? ["WAITS FOR"] : []))
        for tip in shown {
            let more = related[tip.number].map { " (+ \($0.count) related)" } ?? ""
            let cells = [
                "\(tip.number)", tip.level.rawValue, tip.state.rawValue, "\(tip.subjectKind) \(tip.subject)",
                Phrases.age(tip.raised, now: now), tip.title + (isFlat ? "" : more), tip.proposal,
            ]
            table.add(cells + (waits ? [wait(tip) ?? ""] : []))
        }
        return table.text
    }

    private static func wait(_ tip: TipRow) -> String? {
        let blind = tip.state.isFinal ? nil : tip.unmeasuredSince
        let parts = [blind.map { "not measured since \(Phrases.moment($0))" }, tip.waitsFor].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }
}
