import ArgumentParser
import FleetModel
import FleetServer

/// `evenkeel tip watch`: prints what happens to tips as it happens.
struct TipWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Follows one tip to its end, or all tips until interrupted.",
        discussion: """
            On a terminal the moves of one tip are drawn with bars. A server that is started again meanwhile is waited for.
            Example: evenkeel tip watch 3
            """)

    @Argument(help: "The tip's number; all tips without it.")
    var number: Int64?

    @OptionGroup var server: ServerOptions

    @Flag(help: "Print one JSON object a line.")
    var json = false

    func run() async throws {
        let client = try server.client()
        let clock = WallClock()
        var shown: [Int64: Int] = [:]
        var drawn = 0
        var silence = ServerSilence()
        while true {
            let tips: [TipView]
            let bars: [String]
            do {
                tips = try await fetch(client)
                bars = try await self.bars(tips, client)
                silence.end()
            } catch {
                if try silence.begins(with: error, at: clock.now) { StandardError.write(ServerSilence.notice + "\n") }
                try await clock.sleep(for: .milliseconds(500))
                continue
            }
            if drawn > 0 { StandardError.write(TipFollower.erasing(drawn)) }
            for tip in tips.sorted(by: { $0.number < $1.number }) {
                let known = min(shown[tip.number] ?? 0, tip.history.count)
                for event in tip.history[known...] { try show(event, of: tip) }
                shown[tip.number] = tip.history.count
            }
            if let number, let tip = tips.first(where: { $0.number == number }), tip.state.isFinal { return }
            StandardError.write(bars.map { $0 + "\n" }.joined())
            drawn = bars.count
            try await clock.sleep(for: .milliseconds(500))
        }
    }

    /// How far the moves of the one tip are, where somebody can see it.
    private func bars(_ tips: [TipView], _ client: ServerClient) async throws -> [String] {
        guard number != nil, !json, TerminalSize.isErrorTerminal, TerminalSize.isTerminal, let tip = tips.first,
            tip.state == .running
        else { return [] }
        let all: [OperationView] = try await client.get("/fleet/v1/operations")
        let open = all.filter { tip.operations.contains($0.number) && !$0.state.isFinal }
        return TipProgress.lines(of: tip, open, width: min(TerminalSize.columns, 100))
    }

    private func fetch(_ client: ServerClient) async throws -> [TipView] {
        guard let number else { return try await client.get("/fleet/v1/tips?all=true") }
        return [try await client.get("/fleet/v1/tips/\(number)")]
    }

    private func show(_ event: TipEvent, of tip: TipView) throws {
        if json {
            StandardOutput.write(
                try JSONOutput.text(Line(tip: tip.number, title: tip.title, event: event), pretty: false))
        } else {
            let by = "by \(event.actor): \(event.note)"
            let line = "tip \(tip.number) (\(tip.title))  \(event.state.rawValue) \(by)"
            StandardOutput.write("\(Phrases.timeOfDay(event.time))  \(PlainText.oneLine(line))")
        }
    }

    private struct Line: Encodable {
        let tip: Int64
        let title: String
        let event: TipEvent
    }
}
