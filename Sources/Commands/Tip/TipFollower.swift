import FleetModel
import FleetServer
import Foundation

/// Follows a tip to its end: with a bar for each of its moves where somebody watches, with a line for each step elsewhere.
/// A server that is started again meanwhile is waited for.
struct TipFollower {
    let client: ServerClient
    /// Whether lines may be drawn over.
    let isLive: Bool
    var clock: any Clock = WallClock()

    /// Returns the tip once nothing more happens to it; with `untilStuck` also once it has no plan, or waits for a person,
    /// and nothing runs.
    func end(of number: Int64, untilStuck: Bool = false) async throws -> TipView {
        var drawn = 0
        var said: String?
        var silence = ServerSilence()
        defer { if isLive, drawn > 0 { StandardError.write(Self.erasing(drawn)) } }
        while true {
            let lines: [String]
            do {
                let tip: TipView = try await client.get("/fleet/v1/tips/\(number)")
                let operations = try await running(of: tip)
                silence.end()
                let isStuck = tip.state == .planned || tip.state == .awaitingApproval
                if tip.state.isFinal || untilStuck && isStuck && operations.isEmpty { return tip }
                lines = TipProgress.lines(of: tip, operations, width: min(TerminalSize.columns, 100))
            } catch {
                _ = try silence.begins(with: error, at: clock.now)
                lines = [ServerSilence.notice]
            }
            if isLive {
                StandardError.write(Self.erasing(drawn) + lines.map { $0 + "\n" }.joined())
                drawn = lines.count
            } else if let head = lines.first, head != said {
                StandardError.write(head + "\n")
            }
            said = lines.first
            try await clock.sleep(for: .milliseconds(300))
        }
    }

    private func running(of tip: TipView) async throws -> [OperationView] {
        guard tip.state == .running || tip.state == .planned || tip.state == .awaitingApproval else { return [] }
        let all: [OperationView] = try await client.get("/fleet/v1/operations")
        return all.filter { tip.operations.contains($0.number) && !$0.state.isFinal }.sorted { $0.number < $1.number }
    }

    /// Up over `lines` lines, and nothing below (ECMA-48 CUU, ED).
    static func erasing(_ lines: Int) -> String { lines > 0 ? "\u{1b}[\(lines)A\u{1b}[J" : "" }
}

/// How far a tip's plan has come, drawn with characters: a pure function of what is known.
enum TipProgress {
    static func lines(of tip: TipView, _ operations: [OperationView], width: Int) -> [String] {
        let all = tip.plan?.actions.count ?? 0
        let done = tip.done ?? 0
        var lines = ["tip \(tip.number) is \(tip.state.rawValue): \(done) of \(all) steps done"]
        if all > 1 {
            lines.append(bar(Double(done) / Double(all), width: max(10, width - 8)) + " \(percent(done, all))")
        }
        for operation in operations {
            let head = PlainText.oneLine("  \(operation.number) \(OperationText.what(operation.action))")
            guard let progress = operation.progress else {
                lines.append("\(head): \(operation.state.rawValue)")
                continue
            }
            let sent = Double(progress.transferred.count)
            let share = sent / max(1, sent + Double(progress.remaining.count))
            lines.append(head)
            lines.append(
                "  " + bar(share, width: max(10, width - 34))
                    + " \(Phrases.percent(share))  \(progress.remaining) remain")
        }
        return lines.map { String($0.prefix(width)) }
    }

    private static func percent(_ done: Int, _ all: Int) -> String {
        Phrases.percent(Double(done) / Double(max(1, all)))
    }

    /// `[####....]`.
    static func bar(_ share: Double, width: Int) -> String {
        let room = max(1, width - 2)
        let filled = Int((Double(room) * max(0, min(1, share.isFinite ? share : 0))).rounded())
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: room - filled) + "]"
    }
}
